"""The few numbers of a stamp that tell whether a change made it worse."""

from __future__ import annotations

from dataclasses import dataclass

from backends.model.fleet import StampSnapshot
from backends.model.health import Health


@dataclass(frozen=True, slots=True)
class Vitals:
    """What must not become worse on a stamp while it soaks."""

    api: Health
    serves: bool | None
    ready: int | None
    failing: int
    nodes_ready: int | None

    @classmethod
    def of(cls, stamp: StampSnapshot) -> Vitals:
        """Read them from a snapshot."""
        failing = stamp.pods.failing if stamp.pods else 0
        return cls(stamp.api.health, stamp.serves, stamp.workloads_ready, failing, stamp.nodes_ready)

    def regression(self, before: Vitals) -> str:
        """Return what became worse, or nothing; an API that is merely late is not worse."""
        if self.api in (Health.DOWN, Health.UNAUTHORIZED, Health.FORBIDDEN):
            return f"its API is {self.api}"
        if before.serves is not False and self.serves is False:
            return "the application no longer answers"
        if before.ready is not None and self.ready is not None and self.ready < before.ready:
            return f"{self.ready} workloads are ready, {before.ready} were"
        if self.failing > before.failing:
            return f"{self.failing} pods are failing, {before.failing} were"
        if before.nodes_ready is not None and self.nodes_ready is not None and self.nodes_ready < before.nodes_ready:
            return f"{self.nodes_ready} nodes are ready, {before.nodes_ready} were"
        return ""
