"""Each source of each stamp, asked once: reachable, trusted, allowed — and if not, why and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backends.clock import Clock
from backends.operations.ports import ApplicationProbe, ClusterReader


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing asked of one source of one stamp."""

    stamp: str
    source: str
    """`api`, `certificate`, `credentials`, `pods`, `tables`, `metrics`, `clock`, `application`, …"""
    outcome: Outcome
    what: str
    why: str = ""
    todo: str = ""
    elapsed_s: float = 0.0


class Doctor:
    """Examines stamps side by side; a dead one never delays another."""

    def __init__(
        self, clusters: Mapping[str, ClusterReader], probes: Mapping[str, ApplicationProbe], clock: Clock
    ) -> None:
        self._clusters = clusters
        self._probes = probes
        self._clock = clock

    async def examine(self, stamps: Sequence[str] = ()) -> AsyncIterator[Check]:
        """Yield checks as they end, stamps side by side (all when none is named); nothing is raised."""
        raise NotImplementedError
        yield Check("", "", Outcome.OFF, "")
