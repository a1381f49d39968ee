"""The pool to be scaled and the machines it has."""

from __future__ import annotations

from dataclasses import dataclass

from backends.lab.engine.arm import Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.kube import Kube
from backends.lab.engine.machines import Machine, list_machines
from backends.lab.engine.model import ApiModel, Properties
from backends.lab.engine.session import Session

_ATTEMPTS = 10
_AGAIN_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class PoolWork:
    """A pool under work: `pool` is its profile in the model, `count` the number of nodes wanted."""

    session: Session
    arm: Arm
    kube: Kube
    model: ApiModel
    group: str
    pool: Properties
    count: int

    @property
    def name(self) -> str:
        """The pool's name."""
        return str(self.pool.get("name"))


def find_pool_machines(work: PoolWork) -> list[Machine]:
    """Return the pool's machines by index; raises `EngineFailure` when ARM fails or there are none.

    A group without any machine is refused at once; one without machines of this pool is looked at again for 5 minutes.
    """
    for _ in range(_ATTEMPTS):
        try:
            found = list_machines(work.arm, work.group)
        except ArmFailure as error:
            raise EngineFailure(f"failed to get VMs in the resource group: {error.text}") from error
        if not found:
            raise EngineFailure("The provided resource group does not contain any VMs")
        own = [each for each in found if _belongs(work, each)]
        if own:
            return sorted(own, key=lambda each: each.index)
        work.session.streams.warn(f"Found no VMs in resource group {work.group} that match pool name {work.name}\n")
        work.session.clock.sleep(_AGAIN_AFTER_S)
    raise EngineFailure("None of the VMs in the provided resource group contain any nodes")


def _belongs(work: PoolWork, machine: Machine) -> bool:
    """Tell whether a machine is the pool's, by its tags, else by its name."""
    suffix = work.model.cluster_id
    tagged_pool, tagged_suffix = machine.tags.get("poolName"), machine.tags.get("resourceNameSuffix")
    if tagged_pool and tagged_suffix and tagged_pool.lower() == work.name.lower() and tagged_suffix in suffix:
        return True
    return suffix[:5] in machine.name and machine.pool.lower() == work.name.lower()
