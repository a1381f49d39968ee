"""One container's log, read to its end or followed through broken links and restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backends.clock import Clock
from backends.errors import Invalid, NotFound, Throttled
from backends.model.health import OFF, Health, SourceState
from backends.model.logs import LogLine, LogRequest
from backends.model.merge import ResumePoint
from backends.operations.deadline import Wakeup
from backends.operations.ports import ClusterReader
from backends.operations.sources import NOT_YET, live, state_of
from backends.retry import Backoff

_AGAIN_S = 1.0
"""The pause before a log that ended is asked again: its container may have been restarted."""


class LogFollower:
    """Reads one container. `exists` says whether its pod is still there, `alive` whether it may write more."""

    def __init__(
        self,
        cluster: ClusterReader,
        clock: Clock,
        request: LogRequest,
        take: Callable[[object, Sequence[LogLine]], None],
        alive: Callable[[], bool],
        exists: Callable[[], bool],
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._request = request
        self._take = take
        self._alive = alive
        self._exists = exists
        self._resume = ResumePoint()
        self._wakeup = Wakeup(clock)
        self._backoff = Backoff(_AGAIN_S, 10.0)
        self.state: SourceState = NOT_YET
        self.ended = False

    @property
    def name(self) -> str:
        """`POD/CONTAINER`, for words about it."""
        return f"{self._request.pod}/{self._request.container}"

    def refresh(self) -> None:
        """Ask again now."""
        self._wakeup.wake()

    async def run(self) -> None:
        """Read until there is nothing more to come."""
        while not self.ended:
            try:
                await self._read()
            except Exception as error:
                delay_s = self._failed(error)
            else:
                delay_s = self._finished()
            if not self.ended:
                await self._wakeup.pause(delay_s)
                if not self._exists():  # asked by name, the API would give us the log of the pod's successor
                    self._end("the pod is gone")

    async def _read(self) -> None:
        self._resume.resume()
        async for lines in self._cluster.logs(self._next_request()):
            self._backoff.reset()
            self.state = live(self.state, self._clock.now())
            fresh = self._resume.fresh(lines)
            if fresh:
                self._take(self, fresh)

    def _next_request(self) -> LogRequest:
        """The first time as asked; later from the newest line on, whatever its age or number."""
        first = self._request
        if not self._resume.timestamp:
            return first
        return LogRequest(
            first.namespace, first.pod, first.container, first.follow, since_time=self._resume.timestamp
        )  # fmt: skip

    def _finished(self) -> float:
        if not self._request.follow or not self._alive():
            self._end("the log has ended")
            return 0.0
        self.state = live(self.state, self._clock.now())
        return self._backoff.next_delay()

    def _failed(self, error: Exception) -> float:
        gone = isinstance(error, NotFound) and not self._alive()
        if gone or (isinstance(error, Invalid | NotFound) and not self._request.follow):
            self._end(error.why or error.what if isinstance(error, Invalid | NotFound) else "")
            return 0.0
        at_least_s = (error.retry_after_s or 0.0) if isinstance(error, Throttled) else 0.0
        delay_s, now = self._backoff.next_delay(at_least_s), self._clock.now()
        if isinstance(error, Invalid | NotFound):
            # a container that is still being created: the API refuses its log with 400 or 404 until it runs
            self.state = SourceState(Health.LIVE, f"{self.name}: {error.why or error.what}", as_of=now)
            return min(delay_s, 2.0)
        failures = self._backoff.failures
        self.state = state_of(error, before=self.state, now=now, retry_at=now + delay_s, failures=failures)
        if not self._request.follow and self.state.health is not Health.RETRYING:
            self.ended = True
        return delay_s

    def _end(self, reason: str) -> None:
        self.ended = True
        self.state = SourceState(OFF.health, reason, as_of=self.state.as_of)
