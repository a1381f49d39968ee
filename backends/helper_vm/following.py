"""A job's log brought here as it is written, through every loss of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing

from backends.clock import Clock
from backends.errors import Malformed, ServerFailed, Throttled, Unreachable
from backends.helper_vm.mirror import Mirror
from backends.helper_vm.runner import Runner, Stream
from backends.model.job import JobState, JobStatus
from backends.retry import Backoff

_ZEROS = b"\0" * 4096
"""What a reader finds where the log is no longer kept: whole blocks of it."""
_FAILURES = 6
"""In a row and with nothing read in between: after so many the VM itself has to be looked at."""


class Following:
    """One reader of one job's log. What it is told of the job comes from the VM's files, never from the log."""

    def __init__(
        self,
        runner: Runner,
        number: str,
        mirror: Mirror,
        ask: Callable[[], Coroutine[None, None, JobStatus]],
        clock: Clock,
        ask_s: float,
    ) -> None:
        """After `ask_s` of silence the VM is asked whether the job is over: an hour of it is no news."""
        self._runner = runner
        self._number = number
        self._mirror = mirror
        self._ask = ask
        self._clock = clock
        self._lost = Backoff(0.1, 5.0)
        self._idle = Backoff(0.05, 2.0)
        self._ask_s = ask_s

    async def pieces(self, since: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the log from byte `since` on, from the mirror what is there; None: only what the mirror lacks."""
        for piece in self._mirror.pieces(self._mirror.size if since is None else since):
            yield _no_longer_kept(piece) if isinstance(piece, int) else piece
            await asyncio.sleep(0)
        while True:
            try:
                status = await self._ask()
                self._check(status)
                if status.dropped > self._mirror.size:
                    yield self._skip(status.dropped)
                if status.state.is_over and status.size <= self._mirror.size:
                    return
                before = self._mirror.size
                async with aclosing(self._read()) as read:
                    async for data in read:
                        self._mirror.append(data)
                        self._lost.reset()
                        yield data
                if self._mirror.size > before:
                    self._idle.reset()
                else:
                    await self._clock.sleep(self._idle.next_delay())
            except (Unreachable, Throttled):
                await self._clock.sleep(self._lost.next_delay())
            except ServerFailed:
                # A machine short of memory or processes for a moment; the job's own end would not be told like this.
                if self._lost.failures >= _FAILURES:
                    raise
                await self._clock.sleep(self._lost.next_delay())

    async def _read(self) -> AsyncGenerator[bytes, None]:
        """Read until the log ends, or has to be read from somewhere else, or nothing of the job is left."""
        async with self._runner.reading("follow", self._number, str(self._mirror.size)) as stream:
            while True:
                data = await self._next(stream)
                if not data or (_ZEROS in data and (await self._ask()).dropped > self._mirror.size):
                    return
                yield data

    async def _next(self, stream: Stream) -> bytes:
        """Wait for what comes next; b"" at the end, also when only the VM's files tell that it is the end."""
        reading = asyncio.ensure_future(stream.read())
        asking: asyncio.Future[JobStatus] | None = None
        try:
            while True:
                # All channels may be taken by readers, so what comes meanwhile must not wait for an answer.
                waited = (reading,) if asking is None else (reading, asking)
                timeout_s = self._ask_s if asking is None else None
                await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    return reading.result()
                if asking is None:
                    asking = asyncio.ensure_future(self._ask())
                elif asking.result().state.is_over:
                    return b""
                else:
                    asking = None
        finally:
            await _end(reading, asking)

    def _check(self, status: JobStatus) -> None:
        # What a VM had not yet brought to its disk when it went down may be here and no longer there.
        if self._mirror.size > status.size and status.state is not JobState.REBOOTED:
            why = f"{self._mirror.path} has {self._mirror.size:,} bytes, the log {status.size:,}"
            todo = f"remove {self._mirror.path} and watch again"
            raise Malformed("the log kept here is not this job's", why=why, todo=todo, stamp=self._runner.stamp)

    def _skip(self, to: int) -> bytes:
        lost = to - self._mirror.size
        self._mirror.skip(to)
        return _no_longer_kept(lost)


def _no_longer_kept(count: int) -> bytes:
    return f"\n[stampdeck: {count:,} bytes of this log are no longer kept on the helper VM]\n".encode()


async def _end(*futures: asyncio.Future[bytes] | asyncio.Future[JobStatus] | None) -> None:
    left = [each for each in futures if each is not None]
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)
