"""Jobs on a helper VM that outlive every connection: submitted once, followed by anyone, told from files and locks."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

from backends.clock import Clock, SystemClock
from backends.errors import Conflict, Invalid, Throttled, Unreachable
from backends.helper_vm.following import Following
from backends.helper_vm.job_answers import read_foreign, read_list, read_status
from backends.helper_vm.mirror import Mirror, digest_of
from backends.helper_vm.runner import Runner, Vm
from backends.model import inert
from backends.model.job import ForeignProcess, JobRequest, JobStatus, Signal
from backends.retry import Backoff

_NUMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
PATIENCE_S = 20.0
"""For how long a lost connection is made again until a job is known to have been started; then its caller is told."""
_DIGEST_S = 600.0


class VmJobs:
    """Jobs on one helper VM; calls raise only SourceError, `follow` and `is_whole` LocalDiskFailed too.

    `log_bound_bytes` is how much of a job's log is kept at least on the VM; 0: all of it. After `ask_s` seconds of
    silence a reader asks whether the job is over.
    """

    def __init__(self, vm: Vm, clock: Clock | None = None, *, log_bound_bytes: int = 0, ask_s: float = 15.0) -> None:
        self._runner = Runner(vm)
        self._stamp = vm.stamp
        self._clock = clock or SystemClock()
        self._bound = log_bound_bytes
        self._ask_s = ask_s

    async def submit(self, request: JobRequest) -> JobStatus:
        """Start it, once however often this is called; returns when it is known to have started or not.

        Lost connections are made again for PATIENCE_S; after that Unreachable, and the same call tells later.
        """
        self._check(request.number)
        data = self._upload(request)
        digest = hashlib.sha256(data).hexdigest()
        backoff, until = Backoff(0.1, 5.0), self._clock.monotonic() + PATIENCE_S
        while True:
            try:
                answer = await self._runner.call("submit", request.number, digest, data=data)
                return read_status(answer.output, self._stamp)
            except (Unreachable, Throttled) as error:
                if self._clock.monotonic() >= until:
                    what = f"it is not known whether job {request.number} started"
                    todo = "look at the list of jobs when the helper VM answers again; submitting it again is safe"
                    raise Unreachable(what, why=error.why or error.what, todo=todo, stamp=self._stamp) from error
            await self._clock.sleep(backoff.next_delay())

    async def status(self, number: str) -> JobStatus:
        """Where a job stands; NotFound when the VM has none of this number."""
        self._check(number)
        return read_status((await self._runner.call("status", number)).output, self._stamp)

    async def list(self, last: int = 50) -> Sequence[JobStatus]:
        """The newest jobs, newest first, whoever started them."""
        return read_list((await self._runner.call("list", str(max(0, last)))).output, self._stamp)

    async def follow(self, number: str, mirror: Path, since: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the log as it is kept in `mirror`, from the mirror's end on, until the job is over.

        From byte `since` on when it is given: what an earlier or another console put into the mirror comes too.
        Losses of the connection are waited out. What the VM no longer keeps is told in a line `[stampdeck: ...]`, and
        is a hole in the mirror. Raises what waiting does not mend; LocalDiskFailed ends only the reading.
        """
        self._check(number)
        with Mirror(mirror) as kept:
            ask = partial(self.status, number)
            following = Following(self._runner, number, kept, ask, self._clock, self._ask_s)
            async with aclosing(following.pieces(since)) as pieces:
                async for data in pieces:
                    yield data

    async def is_whole(self, number: str, mirror: Path) -> bool:
        """Compare the mirror with all of the log the VM keeps (SHA-256)."""
        dropped = (await self.status(number)).dropped
        answer = await self._runner.call("digest", number, str(dropped), timeout_s=_DIGEST_S)
        ours = await asyncio.to_thread(digest_of, mirror, dropped)
        return bool(ours) and answer.output.split()[:1] == [ours.encode()]

    async def cancel(self, number: str, signal: Signal, who: str) -> JobStatus:
        """Send a signal to all of a job but what notes its end; who asked is kept beside it. Conflict when over."""
        self._check(number)
        answer = await self._runner.call("cancel", number, signal.value, data=who.encode())
        status = read_status(answer.output, self._stamp)
        if answer.is_over:
            ended = status.state.value if status.status is None else f"{status.state.value}, status {status.status}"
            raise Conflict(f"job {number} cannot be cancelled", why=f"it is over: {ended}", stamp=self._stamp)
        return status

    async def foreign(self, folder: str) -> Sequence[ForeignProcess]:
        """Engines at work on an api model in this folder that no runner started; "" for any folder."""
        answer = await self._runner.call("foreign", data=self._line("the folder", folder))
        return read_foreign(answer.output, self._stamp)

    def _check(self, number: str) -> None:
        if not _NUMBER.fullmatch(number):
            why = f"{inert.name(number[:80])!r} has other characters than letters, digits, - and _, or is too long"
            raise Invalid("this is no number of a job", why=why, stamp=self._stamp)

    def _line(self, what: str, text: str) -> bytes:
        if not {"\0", "\n"}.isdisjoint(text):
            raise Invalid(f"{what} cannot be sent to the helper VM", why="a line end or NUL in it", stamp=self._stamp)
        return f"{text}\n".encode()

    def _upload(self, request: JobRequest) -> bytes:
        """Return what the runner's `lay_out` takes apart."""
        if "\0" in request.script:
            raise Invalid("the script cannot be sent to the helper VM", why="a NUL in it", stamp=self._stamp)
        meta = json.dumps(dict(request.meta), separators=(",", ":"), default=str)
        lock = self._line("the folder to be locked", request.lock)
        return b"%s\n%s%d\n%s" % (meta.encode(), lock, self._bound, request.script.encode())
