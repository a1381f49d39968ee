"""What the rules before an aks-engine run are answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backends.model.azure_stack import Usage, VirtualMachine
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import EngineCommand, Upgrade
from backends.model.engine.vm_facts import VmFacts
from backends.model.job import JobStatus
from backends.model.room import Room

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class PreflightFacts:
    """One look at everything a run depends on; what could not be read says so, None is not configured or not asked.

    `resource_group` and `location` are the configuration's; `images` tells of each base image the run needs whether
    the stamp's marketplace has it; `elsewhere` are the running jobs on the other stamps' helper VMs.
    """

    stamp: str
    command: EngineCommand
    now: float
    resource_group: str
    location: str
    engine: str | Unread
    offered: tuple[str, ...] | Unread
    model: ApiModel | Unread
    vm: VmFacts | Unread
    nodes: Sequence[Object] | Unread
    pods: Sequence[Object] | Unread
    budgets: Sequence[Object] | Unread
    workloads: Sequence[Object] | Unread
    room: Room | Unread
    jobs: Sequence[JobStatus] | Unread
    elsewhere: Mapping[str, Sequence[JobStatus] | Unread] = field(default_factory=dict)
    machines: Sequence[VirtualMachine] | Unread | None = None
    images: Mapping[str, bool] | Unread | None = None
    usages: Sequence[Usage] | Unread | None = None

    @property
    def target_version(self) -> str:
        """The version the run leads to; that of the cluster when it changes none."""
        if isinstance(self.command, Upgrade):
            return self.command.version
        return "" if isinstance(self.model, Unread) else self.model.version

    @property
    def own_machines(self) -> Sequence[VirtualMachine] | None:
        """The cluster's own machines, None when they are not known."""
        if self.machines is None or isinstance(self.machines, Unread) or isinstance(self.model, Unread):
            return None
        suffix = self.model.suffix
        return [each for each in self.machines if suffix and (each.suffix == suffix or suffix in each.name)]
