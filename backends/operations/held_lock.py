"""Our lock on a stamp while we hold it: renewed on every API that keeps it, and told when it is no longer proved."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.lock import LockState
from backends.operations.deadline import within
from backends.operations.lock_lease import Claim, HeldByAnother, Lease, LockLease
from backends.streams import Cell

_RENEWED, _ANSWERED, _RETRIED, _PROVED = 1 / 3, 1 / 6, 1 / 15, 4 / 5
"""Parts of a lease's duration: it is renewed after this, the API has so long to answer, a failure is followed by
another try after so long, and without any success for so long the lock counts as lost."""


class TeamHeldLock:
    """The lock of one stamp, held by one claim; `state` says where it is proved and whether it is lost.

    It is lost when an API says that another holds it, or when no API confirmed it for four fifths of its duration:
    others see it as lost only after the whole of it.
    """

    def __init__(
        self,
        stamp: str,
        claim: Claim,
        leases: Sequence[LockLease],
        taken: Mapping[str, tuple[Lease, float]],
        not_asked: Mapping[str, str],
        is_free: Callable[[Lease], bool],
        duration_s: float,
        clock: Clock,
    ) -> None:
        """Take over what was `taken`: the Lease by API, and the monotonic time at which it was asked for."""
        self._claim = claim
        self._leases = leases
        self._held = {api: lease for api, (lease, _) in taken.items()}
        self._proved = {api: at for api, (_, at) in taken.items()}
        self._troubles = dict(not_asked)
        self._is_free = is_free
        self._duration_s = duration_s
        self._clock = clock
        self._stamp = stamp
        self._lost = ""
        self.state = Cell(self._state())

    @property
    def held_on(self) -> Sequence[str]:
        """The stamps whose APIs keep it."""
        return self.state.value.held_on

    @property
    def not_asked(self) -> Mapping[str, str]:
        """The stamps whose APIs could not be asked the last time, and why."""
        return self.state.value.not_asked

    @property
    def lost(self) -> str:
        """Why we can no longer be sure to hold it; empty while we can."""
        self._judge()
        return self._lost

    def works(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what has to run while the lock is held: one renewal for each API, and the watch over them."""
        return (*(self._keep(lease) for lease in self._leases), self._watch())

    async def _keep(self, lease: LockLease) -> None:
        pause = _RENEWED
        while not self._lost:
            await self._clock.sleep(self._duration_s * pause)
            asked_at = self._clock.monotonic()
            pause = _RETRIED if lease.api in self._held else _RENEWED
            try:
                found = await within(self._clock, self._renew(lease), self._duration_s * _ANSWERED)
            except HeldByAnother as other:
                holder = other.lease.name or "nobody: it was taken from us"
                self._lose(f"the team lock of {self._stamp} is no longer ours: {lease.api} says {holder} holds it")
            except SourceError as error:
                self._troubles[lease.api] = error.why or error.what
            except TimeoutError:
                self._troubles[lease.api] = "its API does not answer"
            else:
                self._held[lease.api], self._proved[lease.api] = found, asked_at
                self._troubles.pop(lease.api, None)
                pause = _RENEWED
            self._judge()

    async def _renew(self, lease: LockLease) -> Lease:
        held = self._held.get(lease.api)
        if held is None:
            return await lease.take(self._claim, self._is_free)
        return await lease.renew(held, self._claim)

    async def _watch(self) -> None:
        while not self._lost:
            await self._clock.sleep(max(0.0, self._fresh_until() - self._clock.monotonic()))
            self._judge()

    def _fresh_until(self) -> float:
        return max(self._proved.values()) + self._duration_s * _PROVED

    def _judge(self) -> None:
        if not self._lost and self._clock.monotonic() >= self._fresh_until():
            reasons = "; ".join(f"{api}: {why}" for api, why in self._troubles.items()) or "no answer yet"
            self._lose(f"the team lock of {self._stamp} could not be renewed on any stamp in time ({reasons})")
        self.state.set(self._state())

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why

    def _state(self) -> LockState:
        oldest = self._clock.monotonic() - self._duration_s
        held_on = tuple(each.api for each in self._leases if self._proved.get(each.api, float("-inf")) > oldest)
        return LockState(self._stamp, () if self._lost else held_on, dict(self._troubles), self._lost)
