"""Commands in containers, as changes that pass the gate: what is done in a shell nobody can foresee.

No team lock is taken and none is waited for: looking into a container must be possible while a colleague works.
Both ends of a shell go to the journal, what happens in it does not, unless it is recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from backends.clock import Clock
from backends.errors import Invalid, JournalFailed, NotFound, SourceError, StampdeckError, UsageError
from backends.model.age import format_duration
from backends.model.change import Change, Impact, Permission, Target
from backends.model.journal import EventKind
from backends.model.kubectl_line import kubectl_line
from backends.model.proposal import Finding, Preview
from backends.model.shell import ShellRequest, container_names, default_container, why_not_running
from backends.operations.ports import ClusterReader, Journal
from backends.operations.shell_tape import Tape
from backends.operations.work import PartlyDone, Progress, Stopped, Verified

_log = logging.getLogger(__name__)
_STILL = "open it again and look: what ran there may still run"


class ShellStream(Protocol):
    """A command that runs in a container; calls raise only SourceError."""

    exit_code: int | None

    @property
    def can_end_input(self) -> bool:
        """Whether the command can be told that its input ended."""
        ...

    async def read(self) -> tuple[int, bytes] | None:
        """Return the next piece of output (1) or errors (2); None when it ended, with `exit_code` known then."""
        ...

    async def write(self, data: bytes) -> None: ...
    async def resize(self, columns: int, rows: int) -> None: ...
    async def close_stdin(self) -> None: ...


class ShellCluster(ClusterReader, Protocol):
    """A cluster in whose containers commands can be run."""

    def open_exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        tty: bool = False,
        stdin: bool = False,
    ) -> AbstractAsyncContextManager[ShellStream]: ...


class Left(Exception):
    """Raised by a seat when the operator left before the command ended; its text says how."""


class Seat(Protocol):
    """Where the operator sits: a terminal, or the input and output of a command line."""

    async def converse(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        """Carry input and output until the command ended; raises SourceError when the link is cut, and Left."""
        ...


class ShellWork:
    """Runs one command in a container, with the operator at it; `exit_code` is known when it ended."""

    ACTION = "exec"

    def __init__(
        self,
        change: Change,
        request: ShellRequest,
        cluster: ShellCluster | None = None,
        clock: Clock | None = None,
        journal: Journal | None = None,
        seat: Seat | None = None,
        tapes: Path | None = None,
    ) -> None:
        self._change = change
        self._request = request
        self._cluster = cluster
        self._clock = clock
        self._journal = journal
        self._seat = seat
        self._tapes = tapes
        self._evidence = "a shell ends with its console; what was done in it is not known"
        self.exit_code: int | None = None

    @classmethod
    def from_change(cls, change: Change, cluster: object, clock: Clock) -> Self:
        """Return the work of a change from the journal, to say what became of it: it cannot be gone on with."""
        return cls(change, ShellRequest(container=str(change.parameters.get("container") or "")))

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Say what the API cannot: there is no dry run of a command."""
        notes = [f"what is done in {self._room} is not checked by anything, and not written down"]
        if self._tapes is not None and self._request.record:
            notes.append(f"what it writes is recorded in {self._tapes}; what is typed is not")
        return Preview("", tuple(notes))

    async def findings(self) -> Sequence[Finding]:
        """Nothing of its own."""
        return ()

    async def act(self, progress: Progress) -> str:
        """Run it to its end; PartlyDone when it could not be begun or was cut, Stopped when the operator left."""
        assert self._clock is not None
        tape = await self._begin(progress)
        began, how = self._clock.monotonic(), "the console ended"
        title = f"{self._request.shown} {self._place}"
        try:
            await self._run(tape)
            how = f"exit code {self.exit_code}"
        except Left as left:
            how = str(left)
            raise Stopped(f"left {title}", why=how, todo=_STILL, stamp=self._change.stamp) from None
        except SourceError as error:
            how = f"{error.what}: {error.why}"
            raise PartlyDone(error.what, why=error.why, todo=self._advice(error), stamp=self._change.stamp) from None
        finally:
            lasted_s = self._clock.monotonic() - began
            if tape is not None:
                tape.close()
            said = f"closed after {format_duration(lasted_s)}: {how}"
            ended = {"text": said, "exit_code": self.exit_code, "lasted_s": round(lasted_s, 1)}
            await asyncio.shield(self._close(progress, {**ended, **_recording(tape)}))
        self._evidence = _told(tape)
        return f"{title} ended with {how} after {format_duration(lasted_s)}"

    async def verify(self) -> Verified:
        """Say what is left of it: a recording, if any."""
        return Verified(True, self._evidence)

    @property
    def _room(self) -> str:
        """What nobody watches while it runs."""
        return f"the container {self._request.container}"

    @property
    def _place(self) -> str:
        """Where it runs, told in a sentence."""
        return f"in {self._change.target.name} ({self._request.container})"

    @property
    def _short_place(self) -> str:
        """Where it runs, beside what the journal knows of the change."""
        return f"in {self._request.container}"

    @property
    def _recorded_place(self) -> Mapping[str, str]:
        return {"container": self._request.container}

    async def _begin(self, progress: Progress) -> Tape | None:
        """Make the recording that was asked for and write the beginning down; PartlyDone when either fails."""
        request = self._request
        opened = {
            "text": f"opened: {request.shown} {self._short_place}",
            **self._recorded_place,
            "command": request.shown,
            "tty": request.tty,
        }
        try:
            tape = self._tape(progress.operation)
            await self._record(progress, {**opened, **_recording(tape)})
        except StampdeckError as error:
            what = f"nothing was run {self._place}: {error.what}"
            raise PartlyDone(what, why=error.why, todo=error.todo, stamp=self._change.stamp) from None
        return tape

    async def _run(self, tape: Tape | None) -> None:
        request, target = self._request, self._change.target
        assert self._cluster is not None
        assert self._seat is not None
        opening = self._cluster.open_exec(
            target.namespace or "default",
            target.name,
            request.container,
            request.argv,
            tty=request.tty,
            stdin=request.stdin,
        )
        async with opening as stream:
            where = f"{target.namespace}/{target.name} ({request.container}) on {self._change.stamp}"
            await self._seat.converse(stream, f"{request.shown} in {where}", tape)
            self.exit_code = stream.exit_code

    def _advice(self, error: SourceError) -> str:
        """Say what to do about a command that could not be begun, or was cut."""
        if not isinstance(error, NotFound) or self._cluster is None or "executable file not found" not in error.why:
            return error.todo or _STILL
        target, words = self._change.target, ("--image=busybox", f"--target={self._request.container}")
        line = kubectl_line(
            self._cluster.stamp, "debug", "-it", f"pod/{target.name}", *words, namespace=target.namespace
        )
        return f"the image has no such program: name another one, or add a container that has it: {line}"

    def _tape(self, operation: str) -> Tape | None:
        if not self._request.record or self._tapes is None or self._clock is None:
            return None
        name = f"{self._change.stamp}-{self._change.target.name}-{operation}"
        return Tape.create(self._tapes, name, self._change.summary, self._clock)

    async def _record(self, progress: Progress, data: Mapping[str, Any]) -> None:
        if self._journal is not None:
            await self._journal.record(progress.operation, EventKind.SHELL, self._change.stamp, data)

    async def _close(self, progress: Progress, data: Mapping[str, Any]) -> None:
        """Write its end down; a journal that fails then must not hide how it ended."""
        try:
            await self._record(progress, data)
        except JournalFailed as error:
            _log.warning("the end of a shell could not be written down: %s", error)
            progress.say(f"its end could not be written down: {error}")


class Shells:
    """Plans commands in containers of any stamp."""

    def __init__(
        self,
        clusters: Mapping[str, ShellCluster],
        journal: Journal,
        clock: Clock,
        tapes: Path,
        *,
        records_all: bool = False,
    ) -> None:
        """`tapes` is the folder of recordings; with `records_all` every command at a terminal is recorded."""
        self._clusters = clusters
        self._journal = journal
        self._clock = clock
        self._tapes = tapes
        self.records_all = records_all

    async def plan(self, stamp: str, pod: str, namespace: str, request: ShellRequest, seat: Seat) -> ShellWork:
        """Read the pod and return the work; raises StampdeckError, Invalid when nothing can be run there now."""
        try:
            cluster = self._clusters[stamp]
        except KeyError:
            why = f"there are {', '.join(self._clusters)}"
            raise UsageError(f"no stamp named {stamp}", why=why, todo="name one of them") from None
        obj = await cluster.get("pods", pod, namespace)
        container = request.container or default_container(obj)
        what = f"cannot run {request.shown} in {pod}"
        if container not in (names := container_names(obj)):
            why = f"it has no container {container}, but {', '.join(names)}"
            raise NotFound(what, why=why, todo="name one of them", stamp=stamp)
        if why := why_not_running(obj, container):
            raise Invalid(what, why=why, todo="look at its events and its previous logs", stamp=stamp)
        asked = replace(request, container=container, record=request.tty and (request.record or self.records_all))
        return ShellWork(
            _change(cluster, pod, namespace, asked), asked, cluster, self._clock, self._journal, seat, self._tapes
        )


def _change(cluster: ClusterReader, pod: str, namespace: str, asked: ShellRequest) -> Change:
    stamp = cluster.stamp
    flags = f"-{'i' if asked.stdin else ''}{'t' if asked.tty else ''}"
    words = ["exec", *([flags] if len(flags) > 1 else []), f"pod/{pod}", "-c", asked.container, "--", *asked.argv]
    doing = f"run {asked.shown} in" if asked.command else "open a shell in"
    return Change(
        action=ShellWork.ACTION,
        stamp=stamp.name,
        target=Target("pod", pod, namespace),
        summary=f"{doing} pod/{pod} ({asked.container}) on {stamp.name}",
        command=kubectl_line(stamp, *words, namespace=namespace),
        impact=Impact.CAREFUL,
        # To open one over a WebSocket is a GET, which some servers ask the right to `get` for, some to `create`.
        needs=(Permission("create", "pods", namespace, "exec"), Permission("get", "pods", namespace, "exec")),
        parameters={"container": asked.container, "command": asked.shown, "tty": asked.tty, "record": asked.record},
        takes_lock=False,
    )


def _recording(tape: Tape | None) -> dict[str, str]:
    if tape is None:
        return {}
    return {"recording": str(tape.path), **({"recording_ended": tape.problem} if tape.problem else {})}


def _told(tape: Tape | None) -> str:
    if tape is None:
        return "not recorded"
    return f"recorded in {tape.path}" + (f", but not to its end: {tape.problem}" if tape.problem else "")
