"""The machines of a run by name, each with the step it is at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from backends.model.engine.progress import NodeProgress, NodeStep

MOST_MACHINES = 500
"""More are not kept: a subscription of Azure Stack Hub holds 50."""
MASTER_POOL = "master"
_NAME = re.compile(r"k8s-([a-z0-9]+)-(\d{8})-(\d+)")
_OVER = (NodeStep.READY, NodeStep.GONE, NodeStep.FAILED)
_IDLE = (*_OVER, NodeStep.WAITING)


class Kind(Enum):
    """What is to be done to a machine, which decides how much work it is."""

    KEPT = auto()
    """Nothing: it has the version already."""
    MASTER = auto()
    OLD = auto()
    """An agent that is made anew under its name."""
    LAST = auto()
    """The last old agent of a pool: it goes and is not made again."""
    SURGE = auto()
    """One made so that others can go."""
    LEAVING = auto()
    """One that scaling down takes away."""
    NEW = auto()
    """One that scaling up made."""
    ASKED = auto()
    """One whose logs are collected."""


@dataclass(slots=True)
class Machine:
    """A machine as far as the log told of it; times in seconds of the Unix epoch.

    `note` stays, `passing` is a note that goes with the step.
    """

    name: str
    pool: str
    kind: Kind
    step: NodeStep = NodeStep.WAITING
    since: float | None = None
    began_at: float | None = None
    ended_at: float | None = None
    note: str = ""
    passing: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether something is being done to it."""
        return self.step not in _IDLE

    def enter(self, step: NodeStep, at: float | None) -> None:
        """Note that a step begins; the same step again changes nothing."""
        if step is self.step:
            return
        self.step, self.since, self.passing = step, at, ""
        if self.began_at is None:
            self.began_at = at
        self.ended_at = at if step in _OVER else None

    def seen(self) -> NodeProgress:
        """Return it as it is shown."""
        is_surge, note = self.kind is Kind.SURGE, self.note or self.passing
        return NodeProgress(self.name, self.pool, self.step, is_surge, self.since, self.began_at, self.ended_at, note)


class Machines:
    """All machines of a run."""

    def __init__(self) -> None:
        self._by_name: dict[str, Machine] = {}

    def __iter__(self) -> Iterator[Machine]:
        return iter(self._by_name.values())

    def find(self, name: str) -> Machine | None:
        """Return the machine, None when the log has not told of it."""
        return self._by_name.get(name)

    def get(self, name: str, kind: Kind, pool: str = "") -> Machine:
        """Return the machine, noted with this kind and pool when it is new."""
        found = self._by_name.get(name)
        if found is None:
            found = Machine(name, pool or pool_of(name), kind)
            if len(self._by_name) < MOST_MACHINES:
                self._by_name[name] = found
        return found

    def forget_agents(self) -> None:
        """Drop all but the control plane: nothing will be done to them."""
        self._by_name = {name: each for name, each in self._by_name.items() if each.pool == MASTER_POOL}

    def busy(self) -> list[Machine]:
        """Return those that something is being done to."""
        return [each for each in self if each.is_busy]

    def seen(self) -> tuple[NodeProgress, ...]:
        """Return all as they are shown: the control plane first, each pool by index."""
        return tuple(each.seen() for each in sorted(self, key=_order))


def pool_of(name: str) -> str:
    """Return the pool that a machine's name tells, "" for one of Windows, whose name tells none."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def cluster_of(name: str) -> str:
    """Return the cluster's eight digits in a machine's name, "" when it has none."""
    found = _NAME.fullmatch(name)
    return found[2] if found else ""


def named(machines: Iterable[Machine]) -> str:
    """Return the names of some machines in one text; the fourth and further ones are counted."""
    names = [each.name for each in machines]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _order(machine: Machine) -> tuple[bool, str, str, int, str]:
    stem, _, index = machine.name.rpartition("-")
    is_numbered = index.isascii() and index.isdecimal() and len(index) < 10
    return machine.pool != MASTER_POOL, machine.pool, stem, int(index) if is_numbered else 0, machine.name
