"""What one stamp's runs need, in one hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backends.model.room import Room
from backends.model.stamp import Stamp
from backends.operations.vm_ports import Engine, HelperVm, Jobs, StampArm


class SiteCluster(Protocol):
    """The stamp's cluster as runs look at it. Calls raise only SourceError."""

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[dict[str, Any]]: ...

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
