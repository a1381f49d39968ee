"""What one stamp's runs need, in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from backends.model.room import Room
from backends.model.stamp import Stamp
from backends.operations.ports import ClusterReader
from backends.operations.vm_ports import Engine, HelperVm, Jobs, StampArm


class SiteCluster(ClusterReader, Protocol):
    """The stamp's cluster as runs look at it. Calls raise only SourceError."""

    async def room(self) -> Room: ...


@dataclass(frozen=True, slots=True)
class EngineSite:
    """One stamp with a helper VM; `arm` is None where the console may not read the stamp's Resource Manager."""

    stamp: Stamp
    vm: HelperVm
    jobs: Jobs
    engine: Engine
    cluster: SiteCluster
    arm: StampArm | None = None

    @property
    def name(self) -> str:
        """The stamp's name."""
        return self.stamp.name
