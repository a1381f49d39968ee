"""Watching a job: its log read into lines and progress, however often the connection is lost; any number may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from backends.clock import Clock
from backends.errors import NotFound, SourceError, StampdeckError, Unreachable
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import EngineProgress, Failure
from backends.model.job import JobState, JobStatus
from backends.operations.deadline import end
from backends.operations.vm_ports import Jobs
from backends.streams import Cell, Feed

_log = logging.getLogger(__name__)

KEPT_LINES = 20_000
"""Lines kept for screens; the mirror file keeps all."""
APPEARS_S = 120.0
"""A run that was agreed to but has not become a job by then never will: a step of the gate refused it."""
_BEGINS_S = 0.25
_ASK_S = 5.0


class LogReader(Protocol):
    """What makes lines and progress of the bytes of a log, cut anywhere."""

    @property
    def progress(self) -> EngineProgress: ...

    def feed(self, data: bytes, at: float) -> Sequence[EngineLine]: ...

    def close(self) -> Sequence[EngineLine]: ...


Explain = Callable[[int], Failure | None]


class EngineWatch:
    """One job as it goes on: `job` is what the VM says of it, `progress` and `lines` what its log tells.

    `trouble` says why nothing new comes, empty while something may: a lost connection that is being made again is
    told by the helper VM's own state.
    """

    def __init__(
        self, stamp: str, number: str, jobs: Jobs, reader: LogReader, mirror: Path, clock: Clock, explain: Explain
    ) -> None:
        self.stamp = stamp
        self.number = number
        self.mirror = mirror
        self._jobs = jobs
        self._reader = reader
        self._clock = clock
        self._explain = explain
        self.job: Cell[JobStatus] = Cell(JobStatus(number, JobState.NEW))
        self.progress: Cell[EngineProgress] = Cell(reader.progress)
        self.lines: Feed[EngineLine] = Feed(KEPT_LINES)
        self.trouble: Cell[str] = Cell("")
        self._heard_at = clock.now()
        self._asked_at = clock.now()
        self.task: asyncio.Task[None] | None = None

    async def finished(self) -> JobStatus:
        """Wait until the job is over and all of its log is here; raises what ended the watching before that."""
        assert self.task is not None
        await asyncio.shield(self.task)
        return self.job.value

    @property
    def log_now(self) -> float:
        """The moment by the log's own clock: the VM's may be wrong, and what was written long ago is read at once."""
        now, last = self._clock.now(), self.progress.value.last_line_at
        by_vm = self.job.value.now + now - self._asked_at if self.job.value.now else 0.0
        return max(by_vm, last + now - self._heard_at) if last is not None else by_vm or now

    async def run(self) -> None:
        """Watch until the job is over; raises StampdeckError when it cannot be watched."""
        asking = asyncio.create_task(self._ask())
        try:
            await self._begun()
            # From its beginning: what is told of a run is made of its whole log, whoever brought a part of it here.
            async with aclosing(self._jobs.follow(self.number, self.mirror, 0)) as pieces:
                async for data in pieces:
                    self._take(data)
            await self._close()
        except StampdeckError as error:
            self.trouble.set(str(error))
            raise
        finally:
            await end(asking)

    async def _begun(self) -> None:
        """Wait until there is a job to follow: a run is watched from its agreement on, before it is submitted."""
        until = self._clock.monotonic() + APPEARS_S
        while True:
            try:
                status = await self._jobs.status(self.number)
            except (NotFound, Unreachable) as error:
                if isinstance(error, NotFound) and self._clock.monotonic() >= until:
                    raise
            else:
                self._note(status)
                if status.state is not JobState.NEW:
                    return
            await self._clock.sleep(_BEGINS_S)

    def _take(self, data: bytes) -> None:
        self._heard_at = self._clock.now()
        self._show(self._reader.feed(data, self._heard_at))

    def _show(self, lines: Sequence[EngineLine]) -> None:
        self.lines.extend(lines)
        self.progress.set(self._reader.progress)

    def _note(self, status: JobStatus) -> None:
        self._asked_at = self._clock.now()
        self.job.set(status)

    async def _close(self) -> None:
        self._show(self._reader.close())
        status = await self._jobs.status(self.number)
        progress = self.progress.value
        if status.status and not progress.failures and (failure := self._explain(status.status)) is not None:
            self.progress.set(replace(progress, failures=(failure,)))
        self._note(status)
        if not await self._jobs.is_whole(self.number, self.mirror):
            self.trouble.set(f"{self.mirror} is not the log on the VM: remove it and watch again")

    async def _ask(self) -> None:
        """Ask now and then where the job stands: its log may be silent for an hour."""
        while True:
            try:
                self._note(await self._jobs.status(self.number))
            except SourceError as error:
                _log.debug("status of %s on %s: %s", self.number, self.stamp, error)
            await self._clock.sleep(_ASK_S)


class EngineWatches:
    """The jobs being watched by this console, each once, however many look."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        reader: Callable[[str], LogReader],
        explain: Explain = lambda status: None,
    ) -> None:
        """`folder` keeps the mirrors; `reader` makes the reader of a command's log by the command's word.

        `explain` says what an exit status means when the log gave no reason.
        """
        self._folder = folder
        self._clock = clock
        self.reader = reader
        self._explain = explain
        self._watches: dict[tuple[str, str], EngineWatch] = {}

    def watch(self, stamp: str, number: str, jobs: Jobs, word: str) -> EngineWatch:
        """Return the watch of a job; it begins when it is first asked for, and anew when it ended in trouble."""
        found = self._watches.get((stamp, number))
        if found is not None and not (found.task and found.task.done() and found.trouble.value):
            return found
        watch = EngineWatch(
            stamp, number, jobs, self.reader(word), self.mirror(stamp, number), self._clock, self._explain
        )
        watch.task = asyncio.create_task(watch.run(), name=f"watch {number} on {stamp}")
        watch.task.add_done_callback(_note_failure)
        self._watches[stamp, number] = watch
        return watch

    def mirror(self, stamp: str, number: str) -> Path:
        """Return the file that keeps a job's log here; it holds whatever the job wrote, secrets too."""
        return self._folder / stamp / f"{number}.log"

    def find(self, stamp: str, number: str) -> EngineWatch | None:
        """Return the watch of a job that is being watched, or was."""
        return self._watches.get((stamp, number))

    async def close(self) -> None:
        """Stop watching; the jobs go on."""
        await end(*(each.task for each in self._watches.values() if each.task is not None))


def _note_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        level = logging.INFO if isinstance(error, StampdeckError) else logging.ERROR
        _log.log(level, "%s ended: %s", task.get_name(), error, exc_info=not isinstance(error, StampdeckError))
