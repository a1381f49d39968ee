"""The services that changes pass through: made when the first change is looked at, not at the start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.clock import Clock
    from backends.journal import SqliteJournal
    from backends.kubernetes import Cluster
    from backends.model.change import Change
    from backends.operations.fleet import Fleet
    from backends.operations.forwarding import Forwarding
    from backends.operations.gate import Gate
    from backends.operations.planner import Planner
    from backends.operations.runs import Runs
    from backends.operations.shell import Shells
    from backends.operations.stager import Stager
    from backends.operations.team_lock import TeamLock
    from backends.operations.work import Work
    from console.settings import Settings

NEEDED = (
    "backends.journal",
    "backends.operations.gate",
    "backends.operations.planner",
    "backends.operations.preconditions",
    "backends.operations.runs",
    "backends.operations.stager",
    "backends.operations.team_lock",
    "backends.operations.works",
)
"""The modules that are imported with them: 30 ms, better spent in a thread beforehand."""


class WritingServices:
    """The part of the services that changes the world."""

    settings: Settings
    fleet: Fleet
    everywhere: Mapping[str, Cluster]
    """The clusters of all stamps there are, whichever are watched: locks and preconditions are over all of them."""
    _clock: Clock

    @cached_property
    def journal(self) -> SqliteJournal:
        """What was done; its file is opened when it is first read or written."""
        from backends.journal import SqliteJournal
        from console.configuration.folders import journal_file

        return SqliteJournal(journal_file(), self._clock)

    @cached_property
    def lock(self) -> TeamLock:
        """Who of the team works on which stamp."""
        from backends.journal import works_still
        from backends.operations.team_lock import TeamLock

        journal = self.journal
        return TeamLock(
            self.everywhere, journal.author, self._clock, is_gone=lambda author: works_still(author) is False
        )

    @cached_property
    def gate(self) -> Gate:
        """What every change passes; its `arming` says whether writing is armed."""
        from backends.operations.arming import Arming
        from backends.operations.gate import Gate
        from backends.operations.preconditions import FleetPreconditions
        from backends.operations.takeover import Takeovers

        clusters, clock = self.everywhere, self._clock
        takeovers = Takeovers(self.lock, self.journal)
        rules = FleetPreconditions(
            self.fleet, self.lock, clusters, tuple(clusters), clock, self._going_on, takeovers.is_remains
        )
        arming = Arming(clock, self.settings.armed_for_s)
        return Gate(clusters, rules, self.lock, self.journal, arming, clock, takeovers)

    @cached_property
    def runs(self) -> Runs:
        """The changes that are being carried out."""
        from backends.operations.runs import Runs

        return Runs(self.gate, self.journal, self._clock)

    @cached_property
    def planner(self) -> Planner:
        """What can be done, on any stamp."""
        from backends.operations.planner import Planner

        return Planner(self.everywhere, self._clock)

    @cached_property
    def stager(self) -> Stager:
        """The changes of several stamps in turn."""
        from backends.operations.stager import Stager

        return Stager(self.gate, self.runs, self.fleet.state, self._clock)

    def rebuilt(self, change: Change) -> Work | None:
        """Return the work of a change read from the journal, None when it cannot be made here."""
        from backends.operations.works import rebuild

        return rebuild(change, self.everywhere, self._clock)

    @cached_property
    def shells(self) -> Shells:
        """Commands in containers."""
        from backends.operations.shell import Shells
        from console.configuration.folders import recordings_folder

        records_all = self.settings.record_shells
        return Shells(self.everywhere, self.journal, self._clock, recordings_folder(), records_all=records_all)

    @cached_property
    def forwards(self) -> Forwarding:
        """The ports that lead into clusters."""
        from backends.operations.forwarding import Forwarding

        return Forwarding(self.everywhere, self.journal, self._clock)

    async def close_forwards(self) -> None:
        """Stop every forwarded port; before the journal is closed."""
        if "forwards" in vars(self):
            await self.forwards.close()

    async def close_runs(self) -> None:
        """Leave what is going on open in the journal, and nothing armed; before the journal is closed."""
        if "stager" in vars(self):
            await self.stager.close()
        if "runs" in vars(self):
            await self.runs.close()
        if "gate" in vars(self):
            await self.gate.armed_periods.close()

    def _going_on(self) -> tuple[Change, ...]:
        return tuple(run.change for run in self.runs.active if run.change.takes_lock)
