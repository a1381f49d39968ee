"""What the two halves of an upgrade share."""

from __future__ import annotations

from dataclasses import dataclass

from backends.lab.engine.arm import Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.deployments import deploy
from backends.lab.engine.kube import Kube
from backends.lab.engine.model import ApiModel
from backends.lab.engine.session import Session
from backends.lab.engine.template import machine

HEARTBEAT_S = 5.0


@dataclass(frozen=True, slots=True)
class Work:
    """An upgrade under way; `model` has the target version already. Timeouts are simulated seconds."""

    session: Session
    arm: Arm
    kube: Kube
    model: ApiModel
    group: str
    suffix: str
    ready_timeout_s: float
    drain_timeout_s: float

    def create_machine(self, pool: str, index: int, *, deadline: float | None = None) -> str:
        """Deploy one machine of a pool; return the deployment's name, or raise `Undeployed`."""
        when = self.session.clock.date().strftime("%y-%m-%dT%H.%M.%S")
        name = f"k8s-upgrade-{pool}-{index}-{when}-{self.session.deployment_suffix()}"
        resource = machine(self.model.content, pool, self.suffix, index, self.session.release)
        try:
            deploy(self.session, self.arm, self.group, name, [resource], self.suffix, deadline=deadline)
        except ArmFailure as error:
            raise Undeployed(name, error.text) from error
        return name


class Undeployed(Exception):
    """A deployment failed: its name and what ARM said."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text
