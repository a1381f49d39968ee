"""What a run is known to have come to while its log is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from backends.aks_engine.log.nodes import MASTER_POOL, Kind, Machine, Machines, cluster_of
from backends.model.engine.progress import NodeStep, Phase

_MOST_ALARMS = 50
_MOST_POOLS = 100
_ORDER = {phase: rank for rank, phase in enumerate(Phase)}
_OF_MACHINE = re.compile(r"k8s-upgrade-([a-z0-9]+)-(\d{1,4})-\d\d-\d\d-\d\dT")


@dataclass(slots=True)
class Pool:
    """What an upgrade has to do in a pool: `todo` old machines, `upgraded` that have the version already.

    `total` is the count that the api model wants, None before the engine says it; `begun` how many were begun.
    """

    todo: int = 0
    upgraded: int = 0
    total: int | None = None
    begun: int = 0

    @property
    def created(self) -> int:
        """How many machines are made before the first old one goes: one to make room, and those that are missing."""
        there = self.todo + self.upgraded
        wanted = there if self.total is None else self.total
        return max(0, wanted + (self.todo > 0) - there)


@dataclass(slots=True)
class Drain:
    """The drain under way: of which machine, how many pods it shall lose, and how many went."""

    node: str = ""
    pods: int = 0
    gone: int = 0
    left: list[str] = field(default_factory=list)
    """Names of pods that were still there when it was given up."""


@dataclass(slots=True)
class RunState:
    """A run so far; the steps in `steps/` change it, line by line."""

    command: str
    phase: Phase = Phase.START
    pool: str = ""
    target_version: str = ""
    cluster: str = ""
    """The eight digits in the names of the cluster's machines."""
    machines: Machines = field(default_factory=Machines)
    pools: dict[str, Pool] = field(default_factory=dict)
    masters_todo: int | None = None
    masters_found: int | None = None
    takes_agents: bool = True
    """Whether an upgrade goes on to the agents after the control plane."""
    made_masters: list[str] = field(default_factory=list)
    """Masters made because they were missing, in the order of their making, whose end was not told yet."""
    replacing: str = ""
    """The old agent whose turn it is."""
    copying_to: str = ""
    """The fresh agent that gets an old one's labels; it is cordoned and drained for that."""
    drain: Drain = field(default_factory=Drain)
    checking_since: float | None = None
    """When it began to look whether masters of an earlier try are ready."""
    table: str = ""
    """Which table of nodes comes: `before` or `after` the scaling."""
    nodes_before: set[str] = field(default_factory=set)
    work_step: int = 0
    """Which of the listed steps of a rotation or a single deployment it is at."""
    is_over: bool = False
    is_succeeded: bool = False
    alarms: dict[str, None] = field(default_factory=dict)

    def advance(self, phase: Phase) -> None:
        """Enter a phase unless a later one has begun: the two streams may be a little out of step."""
        if _ORDER[phase] > _ORDER[self.phase]:
            self.phase = phase

    def alarm(self, text: str) -> None:
        """Note what should be looked at although the run goes on."""
        if len(self.alarms) < _MOST_ALARMS:
            self.alarms[text] = None

    def plan_of(self, pool: str) -> Pool:
        """Return what is to do in a pool."""
        found = self.pools.get(pool)
        if found is None:
            found = Pool()
            if len(self.pools) < _MOST_POOLS:
                self.pools[pool] = found
        return found

    def machine_of_deployment(self, deployment: str) -> Machine | None:
        """Return the machine that a deployment of an upgrade makes, None for one of another command.

        The deployment names pool and index. A machine of Windows has another name: then it is the one whose turn it is.
        """
        found = _OF_MACHINE.match(deployment)
        if found is None:
            return None
        pool, index = found[1], found[2]
        name = self.machine_name(pool, index)
        known = None if name is None else self.machines.find(name)
        if known is None:
            awaited = (each for each in self.machines if each.pool == pool and each.step in _BEFORE_DEPLOYMENT)
            known = next((each for each in awaited if each.is_busy), None)
        kind = Kind.MASTER if pool == MASTER_POOL else Kind.SURGE
        if known is None and name is None:
            return Machine("", pool, kind)
        return known or self.machines.get(name or "", kind, pool)

    def machine_name(self, pool: str, index: str) -> str | None:
        """Return the name of a Linux machine of this cluster, None when the log has lost the cluster's digits."""
        cluster = self.cluster or next(filter(None, (cluster_of(each.name) for each in self.machines)), "")
        return f"k8s-{pool}-{cluster}-{index}" if cluster else None


_BEFORE_DEPLOYMENT = (NodeStep.COPYING, NodeStep.DRAINING, NodeStep.DELETING, NodeStep.DEPLOYING)
