"""An aks-engine run as the write gate carries it out: a job on the helper VM, followed to its end.

Nothing here ends the job but an operator's word: a lost connection, a lost lock or the end of this console do not.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from typing import Protocol, Self

from backends.clock import Clock
from backends.errors import Conflict, NotFound, SourceError, Throttled, Unreachable
from backends.model.change import Change, Impact, Permission, Target
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import (
    AddPool,
    Deploy,
    EngineCommand,
    GetLogs,
    RotateCerts,
    Scale,
    Upgrade,
    command_of,
    parameters_of,
)
from backends.model.engine.plan_words import plan_lines, summary_of
from backends.model.fleet import Severity
from backends.model.job import JobState, JobStatus, Signal
from backends.model.preflight.examine import preflight
from backends.model.preflight.facts import PreflightFacts
from backends.model.proposal import Finding, Level, Preview
from backends.operations.deadline import end
from backends.operations.engine.ending import ended, verify_run
from backends.operations.engine.settling import settle
from backends.operations.engine.site import EngineSite
from backends.operations.engine.telling import Telling
from backends.operations.engine.watch import EngineWatch
from backends.operations.work import Cancelled, Progress, Stopped, Verified
from backends.retry import Backoff

_ASK_S = 0.5


class Runner(Protocol):
    """What a run needs of the console besides its own stamp."""

    @property
    def clock(self) -> Clock: ...

    @property
    def who(self) -> str:
        """The operator, as jobs and journal name them."""
        ...

    def watch(self, site: EngineSite, number: str, word: str) -> EngineWatch: ...

    async def examine(self, site: EngineSite, command: EngineCommand) -> PreflightFacts:
        """Look at everything the run depends on."""
        ...


class EngineWork:
    """One run; parameters: the command, the job's number, and the api model's version and hash when it was planned."""

    def __init__(self, change: Change, site: EngineSite, runner: Runner) -> None:
        self._change = change
        self._site = site
        self._runner = runner
        self._command = command_of(change.parameters["command"])
        self._number = str(change.parameters["job"])
        self._model: ApiModel | None = None

    @classmethod
    def plan(
        cls, site: EngineSite, runner: Runner, command: EngineCommand, model: ApiModel | None, number: str
    ) -> Self:
        """Return the work of a command; UsageError when the engine would refuse it or do something else."""
        shown = site.engine.shown(command, model)
        change = Change(
            action=f"aks-engine {command.WORD}",
            stamp=site.name,
            target=Target("cluster", model.dns_prefix if model else site.name),
            summary=summary_of(command, site.name, model),
            command=shown,
            impact=impact_of(command, model),
            needs=() if isinstance(command, Deploy) else (Permission("list", "nodes"), Permission("list", "pods")),
            parameters={
                "command": parameters_of(command),
                "job": number,
                "version": model.version if model else "",
                "sha256": model.sha256 if model else "",
            },
        )
        work = cls(change, site, runner)
        work._model = model
        return work

    @classmethod
    def from_change(cls, change: Change, site: EngineSite, runner: Runner) -> Self:
        """Return the work of a recorded change; KeyError, TypeError or ValueError when it is none."""
        return cls(change, site, runner)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    @property
    def number(self) -> str:
        """The number of its job on the VM."""
        return self._number

    async def preview(self) -> Preview:
        """Say what will happen, machine by machine as far as that is known: the engine has no dry run."""
        if self._model is None and not isinstance(self._command, Deploy):
            self._model = await self._site.engine.api_model()
        if self._model is not None and self._model.sha256 != self._change.parameters["sha256"]:
            todo = "plan it again: what it would do may be something else now"
            raise Conflict("the api model changed since this was planned", todo=todo, stamp=self._site.name)
        return Preview("", tuple(plan_lines(self._command, self._model)))

    async def findings(self) -> Sequence[Finding]:
        """Answer the rules before a run from one fresh look at everything; one that was begun is only watched."""
        if (known := await self._known()) is not None:
            evidence = f"job {self._number} is {known.state}: nothing is started, it is watched to its end"
            return (Finding("run-begun", Level.PASS, evidence, self._site.name),)
        return preflight(await self._runner.examine(self._site, self._command))

    async def act(self, progress: Progress) -> str:
        """Start the job, or find it started, and follow it to its end; raises PartlyDone when it did not do well."""
        await progress.note({"job": self._number})
        status = await self._start(progress)
        if status.state is JobState.REFUSED:
            held = f"{status.holder} works on this cluster" if status.holder else status.why
            raise Conflict("the run was not started", why=held, todo="wait for its end", stamp=self._site.name)
        progress.say(f"job {self._number} runs on {self._site.vm.access.hop.host}: no disconnect ends it")
        watch = self._runner.watch(self._site, self._number, self._command.WORD)
        cancelling = asyncio.create_task(self._hear_cancel(progress))
        try:
            await Telling(watch, self._site.vm, progress, self._runner.clock).until_over()
        finally:
            await end(cancelling)
        await self._tell_changes(progress)
        said = ended(watch.job.value, watch.progress.value, self._change)
        return await settle(said, self._command, self._site, progress, self._runner.clock)

    async def verify(self) -> Verified:
        """Read back the job's end, the api model, and the nodes."""
        return await verify_run(self._site, self._command, self._number)

    async def _start(self, progress: Progress) -> JobStatus:
        """Submit until it is known whether the job runs: the same number is the same job, however often it is asked."""
        backoff = Backoff(base_s=0.2, cap_s=10.0)
        request = None
        while True:
            try:
                if request is None:
                    if (known := await self._known()) is not None:
                        return known
                    request = self._site.engine.job(
                        self._command, await self._fresh_model(), self._number, self._runner.who
                    )
                return await self._site.jobs.submit(request)
            except SourceError as error:
                if not isinstance(error, Unreachable | Throttled):
                    raise
                if not backoff.failures:
                    progress.say(f"not known yet whether it started; trying again: {error}", Severity.WARNING)
                await progress.checkpoint()
                await self._runner.clock.sleep(backoff.next_delay())

    async def _known(self) -> JobStatus | None:
        """Return the job when it was started already: by us before a restart."""
        try:
            status = await self._site.jobs.status(self._number)
        except NotFound:
            return None
        return None if status.state is JobState.NEW else status

    async def _fresh_model(self) -> ApiModel | None:
        if self._model is None and not isinstance(self._command, Deploy):
            self._model = await self._site.engine.api_model()
        return self._model

    async def _tell_changes(self, progress: Progress) -> None:
        """Say what the run changed in the api model: it was copied aside before."""
        before = self._model
        if before is None or isinstance(self._command, Deploy | GetLogs):
            return
        try:
            after = await self._site.engine.api_model()
        except SourceError as error:
            progress.say(f"the api model could not be read after the run: {error}", Severity.BAD)
            return
        lines = changed_lines(before.text, after.text)
        if after.sha256 == before.sha256:
            progress.say("the api model is as it was before the run")
        for each in lines:
            progress.say(f"api model {each}")

    async def _hear_cancel(self, progress: Progress) -> None:
        """Ask the job to end when the operator cancels the run; what else would stop a work does not stop a job."""
        while True:
            try:
                await progress.checkpoint()
            except Stopped as stopped:
                if not isinstance(stopped, Cancelled):
                    progress.say(f"{stopped.why}: the job goes on, this console only watches it", Severity.WARNING)
                    return
                await self._cancel(progress)
                return
            await self._runner.clock.sleep(_ASK_S)

    async def _cancel(self, progress: Progress) -> None:
        try:
            await self._site.jobs.cancel(self._number, Signal.INT, self._runner.who)
            progress.say("asked the engine to end (INT): what is half done stays half done", Severity.WARNING)
        except SourceError as error:
            progress.say(f"it could not be asked to end: {error}", Severity.BAD)


def changed_lines(before: str, after: str, most: int = 20) -> list[str]:
    """Return what was taken out of a text (-) and put into it (+), at most so many lines."""
    found = [
        each
        for each in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if each[:1] in "+-" and each[:3] not in ("+++", "---")
    ]
    return [*found[:most], f"and {len(found) - most} lines more"] if len(found) > most else found


def impact_of(command: EngineCommand, model: ApiModel | None) -> Impact:
    """Return how much a run can hurt what the stamp serves."""
    if isinstance(command, Upgrade | RotateCerts):
        return Impact.DISRUPTIVE
    if isinstance(command, Scale):
        pool = model.pool(command.pool) if model else None
        return Impact.NONE if pool is not None and command.count > pool.count else Impact.DISRUPTIVE
    if isinstance(command, AddPool):
        return Impact.CAREFUL
    assert isinstance(command, Deploy | GetLogs)
    return Impact.NONE
