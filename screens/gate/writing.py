"""What screens need to change something: the gate and what belongs to it, once the services are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backends.model.change import Change
    from backends.model.proposal import Outcome
    from backends.operations.arming import Arming
    from backends.operations.engine.fleet_jobs import FleetJobs, GoingRun
    from backends.operations.engine.operations import EngineOperations
    from backends.operations.forwarding import Forwarding
    from backends.operations.gate import Gate
    from backends.operations.planner import Planner
    from backends.operations.runs import Run, Runs
    from backends.operations.shell import Shells
    from backends.operations.stager import Stager
    from backends.operations.vm_shell import VmShells
    from backends.operations.work import Work


IDLE_TOLD_S = 60.0
"""So long before it is disarmed for want of a key, that is counted down instead of the period."""


class WritingSource(Protocol):
    """The services that changes pass through; each may be made when it is first asked for."""

    @property
    def gate(self) -> Gate: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def planner(self) -> Planner: ...
    @property
    def stager(self) -> Stager: ...
    @property
    def shells(self) -> Shells: ...
    @property
    def vm_shells(self) -> VmShells: ...
    @property
    def forwards(self) -> Forwarding: ...
    @property
    def engine(self) -> EngineOperations: ...
    async def prepare_engine(self) -> None: ...
    def rebuilt(self, change: Change) -> Work | None: ...


class Writing:
    """Read-only until it is connected; then what is armed, what runs, and what has ended since one last looked.

    Nothing is made for a look: a console that only watches never makes what writing needs.
    """

    def __init__(self) -> None:
        self._source: WritingSource | None = None
        self._used = False
        self._forwards: Forwarding | None = None
        self._told: set[int] = set()
        self._fleet_jobs: FleetJobs | None = None

    def connect(self, source: WritingSource) -> None:
        """Write through these from now on."""
        self._source = source

    def disconnect(self) -> None:
        """Write no more: the services ended."""
        self._source, self._used, self._forwards, self._fleet_jobs = None, False, None, None

    @property
    def is_connected(self) -> bool:
        """Whether something could be changed, were it armed."""
        return self._source is not None

    @property
    def gate(self) -> Gate | None:
        """The gate, None while the services are not there."""
        source = self._use()
        return None if source is None else source.gate

    @property
    def runs(self) -> Runs | None:
        """The runs, None while the services are not there."""
        source = self._use()
        return None if source is None else source.runs

    @property
    def planner(self) -> Planner | None:
        """What can be planned, None while the services are not there."""
        source = self._use()
        return None if source is None else source.planner

    @property
    def stager(self) -> Stager | None:
        """Who changes several stamps in turn, None while the services are not there."""
        source = self._use()
        return None if source is None else source.stager

    @property
    def shells(self) -> Shells | None:
        """Commands in containers, None while the services are not there."""
        source = self._use()
        return None if source is None else source.shells

    @property
    def vm_shells(self) -> VmShells | None:
        """Shells on helper VMs, None while the services are not there."""
        source = self._use()
        return None if source is None else source.vm_shells

    @property
    def forwards(self) -> Forwarding | None:
        """The ports that lead into clusters, None while the services are not there."""
        if self._source is None:
            return None
        self._forwards = self._source.forwards
        return self._forwards

    def rebuilt(self, change: Change) -> Work | None:
        """Return the work of a change that the journal has, None when this console cannot go on with it."""
        return None if self._source is None else self._source.rebuilt(change)

    async def watch_runs(self) -> None:
        """Ask the helper VMs what runs there, until cancelled; what that needs is imported in a thread first."""
        if self._source is None:
            return
        await self._source.prepare_engine()
        self._fleet_jobs = self._source.engine.fleet_jobs()
        await self._fleet_jobs.run()

    @property
    def going(self) -> Mapping[str, GoingRun]:
        """The engine's runs that go on, by stamp, whoever started them."""
        return {} if self._fleet_jobs is None else self._fleet_jobs.going.value

    @property
    def forward_count(self) -> int:
        """How many ports of this machine lead into clusters now."""
        return 0 if self._forwards is None else len(self._forwards.forwards.value)

    @property
    def arming(self) -> Arming | None:
        """Whether writing is armed, None while the services are not there."""
        gate = self.gate
        return None if gate is None else gate.arming

    def show_armed(self) -> None:
        """Show from now on whether writing is armed: something else than a key armed it."""
        self._use()

    def touch(self) -> None:
        """Note that someone is at the keys."""
        if self._used and self._source is not None:
            self._source.gate.arming.touch()

    @property
    def armed(self) -> tuple[float, bool] | None:
        """Seconds for which writing stays armed, and whether that is because nobody is at the keys; None: it is not."""
        if not self._used or self._source is None or not self._source.gate.arming.is_armed:
            return None
        arming = self._source.gate.arming
        soon = arming.left_s < IDLE_TOLD_S and arming.left_s < arming.period_left_s
        return (arming.left_s, True) if soon else (arming.period_left_s, False)

    @property
    def active_count(self) -> int:
        """How many changes are being carried out, or wait for an answer between two stamps."""
        if not self._used or self._source is None:
            return 0
        return max(len(self._source.runs.active), len(self._source.stager.active))

    def ended(self) -> Iterator[tuple[Run, Outcome]]:
        """Yield the runs that ended since this was last asked, each once."""
        if not self._used or self._source is None:
            return
        for run in self._source.runs.all.value:
            outcome = run.status.value.outcome
            if outcome is not None and run.number not in self._told:
                self._told.add(run.number)
                yield run, outcome

    def _use(self) -> WritingSource | None:
        self._used = self._source is not None
        return self._source
