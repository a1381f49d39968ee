"""The team's lock on a stamp: a Lease on every stamp's API that answers, so that it works when one of them is dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from backends.clock import Clock
from backends.errors import Refused, SourceError, Unreachable
from backends.model.age import format_duration
from backends.model.journal import Author
from backends.model.lock import LockHolder, LockSurvey, Takeover
from backends.model.proposal import Step
from backends.operations.deadline import beside, within
from backends.operations.held_lock import TeamHeldLock
from backends.operations.lock_lease import (
    PREFIX,
    SELECTOR,
    Claim,
    HeldByAnother,
    Lease,
    LockLease,
    parse_lease,
    write_time,
)
from backends.operations.lock_sightings import LockSightings
from backends.operations.ports import ClusterWriter

T = TypeVar("T")

DURATION_S = 30.0
_ANSWER_S = 8.0
"""For one API to answer what the lock asks of it."""
_OPERATION = 8

_log = logging.getLogger(__name__)


class TeamLock:
    """Takes, shows and takes over the locks of the stamps.

    A lock is taken on the APIs in their configured order, so that of all who want it at once exactly one gets it;
    whoever finds it taken gives back what it had. `clusters` should be all stamps of the fleet, in that order.
    Nobody's clock is trusted: a holder is lost when this console saw its Lease unrenewed for the Lease's duration,
    or when `is_gone` knows that its process ended.
    """

    def __init__(
        self,
        clusters: Mapping[str, ClusterWriter],
        author: Author,
        clock: Clock,
        *,
        namespace: str = "default",
        duration_s: float = DURATION_S,
        is_gone: Callable[[Author], bool] = lambda author: False,
    ) -> None:
        self._clusters = clusters
        self._author = author
        self._clock = clock
        self._namespace = namespace
        self._duration_s = duration_s
        self._sightings = LockSightings(author, clock, is_gone)

    @asynccontextmanager
    async def hold(self, stamp: str, what: str, operation: str) -> AsyncIterator[TeamHeldLock]:
        """Take a stamp's lock, or raise Refused naming who holds it; renewed until it is given back on leaving.

        An operation that goes on after its process ended gets its own lock again.
        """
        name = f"{self._author}/{operation[:_OPERATION]}"
        claim = Claim(name, self._author.process, what, write_time(self._clock.now()))
        leases = self._leases(stamp)
        with self._sightings.at_work(claim):
            try:
                held = await self._take(stamp, claim, leases)
                async with beside(*held.works()):
                    yield held
            finally:
                await self._give_back(stamp, claim, leases)

    async def _give_back(self, stamp: str, claim: Claim, leases: tuple[LockLease, ...]) -> None:
        """Take our claim out of every Lease it was written into; what cannot be reached is found void later."""
        written = {each.api: each.give_back(claim) for each in leases if each.is_written}
        _, failed = await self._ask_all(written)
        for api, why in failed.items():
            _log.warning("the lock of %s could not be given back on %s: %s", stamp, api, why)

    async def holders(self) -> Mapping[str, LockHolder | None]:
        """Return who holds which stamp's lock; Unreachable when no API at all could be asked."""
        survey = await self.survey()
        if survey.not_asked.keys() >= self._clusters.keys():
            why = _reasons(survey.not_asked)
            raise Unreachable("cannot see who works on the stamps", why=why, todo="check the network to the stamps")
        return survey.holders

    async def survey(self) -> LockSurvey:
        """Ask every API for all locks at once; never raises for what they say."""

        async def listed(cluster: ClusterWriter) -> tuple[Lease, ...]:
            found = await cluster.list_objects("leases", namespace=self._namespace, selector=SELECTOR)
            api = cluster.stamp.name
            named = (each for each in found if str(each["metadata"]["name"]).startswith(PREFIX))
            return tuple(parse_lease(api, each) for each in named)

        answers, not_asked = await self._ask_all({api: listed(each) for api, each in self._clusters.items()})
        leases = [lease for found in answers.values() for lease in found]
        holders = {
            stamp: self._sightings.holder_of(stamp, [each for each in leases if each.stamp == stamp])
            for stamp in self._clusters
        }
        return LockSurvey(holders, not_asked)

    async def take_over(self, stamp: str, typed_holder: str) -> Takeover:
        """Take a stamp's lock from a holder who is lost, whose name was typed; nobody holds it afterwards.

        Watches a holder that was not yet seen unrenewed for long enough until it was. Refused when the name is
        another, or when the holder is alive.
        """
        left_s = float("inf")
        while True:
            found, not_asked = await self._look(stamp)
            holder = self._sightings.holder_of(stamp, list(found.values()))
            if holder is None:
                raise _refused(stamp, "nobody holds its lock any more", "go on without a takeover")
            if typed_holder.strip() != holder.name:
                why = f"{typed_holder.strip()!r} was typed, and {holder.name} holds it"
                raise _refused(stamp, why, f"type {holder.name}")
            if holder.is_ours:
                raise _refused(stamp, "this console holds it itself", "wait for its end, or cancel it")
            if holder.is_lost:
                return await self._clear(stamp, holder, found, not_asked)
            if holder.lost_in_s >= left_s:
                raise _refused(stamp, f"{holder.name} is alive: it just renewed its lock", f"ask {holder.author}")
            left_s = holder.lost_in_s
            await self._clock.sleep(min(left_s, self._duration_s / 6))

    async def _clear(
        self, stamp: str, holder: LockHolder, found: Mapping[str, Lease], not_asked: Mapping[str, str]
    ) -> Takeover:
        of_holder = {api: lease for api, lease in found.items() if lease.name == holder.name}
        by = str(self._author)
        cleared, failed = await self._ask_all(
            {
                each.api: each.clear(of_holder[each.api].claim_id, by)
                for each in self._leases(stamp)
                if each.api in of_holder
            }
        )
        cleared_on = tuple(api for api, is_cleared in cleared.items() if is_cleared)
        if not cleared_on:
            why = _reasons(failed) or f"{holder.name} gave it back, or was taken over by another"
            raise _refused(stamp, why, "look again who holds it")
        return Takeover(holder, cleared_on, {**not_asked, **failed})

    async def _take(self, stamp: str, claim: Claim, leases: tuple[LockLease, ...]) -> TeamHeldLock:
        found, not_asked = await self._look(stamp)
        holder = self._sightings.holder_of(stamp, list(found.values()))
        is_free = self._sightings.freedom(claim, list(found.values()))
        if holder is not None and not all(is_free(each) for each in found.values()):
            raise self._held(holder)
        taken: dict[str, tuple[Lease, float]] = {}
        for lease in leases:
            if lease.api in not_asked:
                continue
            asked_at = self._clock.monotonic()
            try:
                taken[lease.api] = await within(self._clock, lease.take(claim, is_free), _ANSWER_S), asked_at
            except HeldByAnother as other:
                quicker = self._sightings.holder_of(stamp, [other.lease])
                raise self._held(quicker or LockHolder(stamp, other.lease.name)) from None
            except SourceError as error:
                not_asked[lease.api] = error.why or error.what
            except TimeoutError:
                not_asked[lease.api] = "its API does not answer"
        if not taken:
            why = f"no stamp's API could keep it: {_reasons(not_asked)}"
            raise _refused(stamp, why, "check the network, and the right to get, create and update leases")
        return TeamHeldLock(stamp, claim, leases, taken, not_asked, is_free, self._duration_s, self._clock)

    async def _look(self, stamp: str) -> tuple[dict[str, Lease], dict[str, str]]:
        """Read one stamp's Lease on all APIs at once: those found, and the APIs that did not answer."""
        answers, not_asked = await self._ask_all({each.api: each.read() for each in self._leases(stamp)})
        return {api: lease for api, lease in answers.items() if lease is not None}, not_asked

    async def _ask_all(self, questions: Mapping[str, Coroutine[Any, Any, T]]) -> tuple[dict[str, T], dict[str, str]]:
        answers: dict[str, T] = {}
        failed: dict[str, str] = {}

        async def ask(api: str, question: Coroutine[Any, Any, T]) -> None:
            try:
                answers[api] = await within(self._clock, question, _ANSWER_S)
            except SourceError as error:
                failed[api] = error.why or error.what
            except TimeoutError:
                failed[api] = "its API does not answer"

        await asyncio.gather(*(ask(api, question) for api, question in questions.items()))
        in_order = {api: answers[api] for api in questions if api in answers}
        return in_order, {api: failed[api] for api in questions if api in failed}

    def _leases(self, stamp: str) -> tuple[LockLease, ...]:
        each_of = self._clusters.values()
        return tuple(LockLease(each, stamp, self._namespace, self._duration_s, self._clock) for each in each_of)

    def _held(self, holder: LockHolder) -> Refused:
        age = format_duration(max(0.0, self._clock.now() - holder.since))
        why = f"{holder.name} holds it for {age}: {holder.what or 'it does not say for what'}"
        if holder.is_ours:
            todo = "this console is at work there: wait for its end, or cancel it"
        elif holder.is_lost:
            todo = f"nobody renews it any more: take it over by typing {holder.name}"
        else:
            todo = f"ask {holder.author}; if nobody renews it for {holder.lost_in_s:.0f} s it can be taken over"
        return _refused(holder.stamp, why, todo)


def _refused(stamp: str, why: str, todo: str) -> Refused:
    return Refused("the team lock", step=Step.LOCK, why=why, todo=todo, stamp=stamp)


def _reasons(failed: Mapping[str, str]) -> str:
    return "; ".join(f"{api}: {why}" for api, why in failed.items())
