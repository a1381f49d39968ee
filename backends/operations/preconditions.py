"""The preconditions of every change, answered from the live view of all stamps, the team's locks, and requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from backends.clock import Clock
from backends.errors import JournalFailed, SourceError
from backends.model.change import Change, Impact
from backends.model.fleet import FleetSnapshot, StampSnapshot
from backends.model.lock import LockHolder, LockSurvey
from backends.model.preconditions.headroom import headroom
from backends.model.preconditions.locks import one_stamp_at_a_time, stamp_free
from backends.model.preconditions.others import only_stamp, others_healthy, others_serve
from backends.model.proposal import Finding, Level
from backends.model.room import Room
from backends.operations.deadline import within
from backends.operations.fleet import is_definite
from backends.streams import Cell

SETTLE_S = 10.0
"""For sources that are being tried to say something definite; what has not by then is not health."""
_ROOM_S = 15.0


class FleetView(Protocol):
    """The live view of all stamps."""

    @property
    def state(self) -> Cell[FleetSnapshot]: ...


class LockView(Protocol):
    """Who holds which stamp's lock; asking never raises."""

    async def survey(self) -> LockSurvey: ...


class RoomReader(Protocol):
    """Reading what pods request and nodes offer; raises only SourceError."""

    async def room(self) -> Room: ...


class FleetPreconditions:
    """Implements the gate's Preconditions. The change's impact decides what a rule that is not kept means.

    A disruption is refused. A careful change is only warned, except that a stamp somebody else holds stays
    refused to what takes its lock; headroom is not asked, since nothing stops. What has no impact is asked only
    whose the stamp is.
    """

    def __init__(
        self,
        fleet: FleetView,
        locks: LockView,
        rooms: Mapping[str, RoomReader],
        configured: Collection[str],
        clock: Clock,
        working: Callable[[], Iterable[Change]] = tuple,
        is_remains: Callable[[LockHolder], Awaitable[bool]] | None = None,
    ) -> None:
        """`configured` are all stamps there are, watched or not; `working` tells the changes of this console.

        `is_remains` tells of a lost holder whether it is a console of ours whose operation is over.
        """
        self._fleet = fleet
        self._locks = locks
        self._rooms = rooms
        self._configured = configured
        self._clock = clock
        self._working = working
        self._is_remains = is_remains

    async def examine(self, change: Change) -> Sequence[Finding]:
        """Answer every rule that applies to this change, on fresh answers where they can be had."""
        stamp = change.stamp
        if change.impact is Impact.NONE:
            free = await self._free(await self._locks.survey(), stamp)
            return [free] if free.level is not Level.PASS else []
        alone = only_stamp(stamp, self._configured)
        survey, fleet, room = await asyncio.gather(
            self._locks.survey(),
            self._settled(stamp),
            self._headroom(stamp) if change.impact is Impact.DISRUPTIVE and alone is None else _nothing(),
        )
        found = [
            *others_serve(fleet, stamp, self._configured),
            *others_healthy(fleet, stamp, self._configured),
            *one_stamp_at_a_time(await self._elsewhere(survey), stamp, self._working()),
            *room,
        ]
        if change.impact is Impact.CAREFUL:
            found = [_softened(each) for each in found]
        free = await self._free(survey, stamp)
        return [free if change.takes_lock else _softened(free), *([alone] if alone else []), *found]

    async def examine_locked(self, change: Change) -> Sequence[Finding]:
        """Answer once more who works elsewhere: by locks alone, which all who work hold by now."""
        return one_stamp_at_a_time(await self._elsewhere(await self._locks.survey()), change.stamp)

    async def _free(self, survey: LockSurvey, stamp: str) -> Finding:
        return stamp_free(survey, stamp, is_remains=stamp in await self._remains(survey))

    async def _elsewhere(self, survey: LockSurvey) -> LockSurvey:
        """Return the locks without those that our own ended operations left: nobody works under them."""
        remains = await self._remains(survey)
        return replace(
            survey, holders={name: None if name in remains else each for name, each in survey.holders.items()}
        )

    async def _remains(self, survey: LockSurvey) -> set[str]:
        lost = [each for each in survey.holders.values() if each is not None and each.is_lost]
        if not lost or self._is_remains is None:
            return set()
        try:
            return {each.stamp for each in lost if await self._is_remains(each)}
        except JournalFailed:
            return set()

    async def _settled(self, stamp: str) -> FleetSnapshot:
        """Return the fleet once every other stamp's sources say something definite, or when time is up."""

        async def wait() -> None:
            async for fleet in self._fleet.state.follow():
                if all(_is_told(each) for each in fleet.stamps if each.name != stamp):
                    return

        with suppress(TimeoutError):
            await within(self._clock, wait(), SETTLE_S)
        return self._fleet.state.value

    async def _headroom(self, stamp: str) -> list[Finding]:
        names = list(self._rooms)
        rooms = await asyncio.gather(*(self._room(name) for name in names))
        return [headroom(dict(zip(names, rooms, strict=True)), stamp)]

    async def _room(self, name: str) -> Room | str:
        try:
            return await within(self._clock, self._rooms[name].room(), _ROOM_S)
        except SourceError as error:
            return error.why or error.what
        except TimeoutError:
            return f"no answer within {_ROOM_S:g} s"


async def _nothing() -> list[Finding]:
    return []


def _softened(finding: Finding) -> Finding:
    return replace(finding, level=Level.WARN) if finding.level is Level.REFUSE else finding


def _is_told(stamp: StampSnapshot) -> bool:
    """Whether a stamp's sources came to an answer, and what they answered is counted."""
    if not is_definite(stamp):
        return False
    nodes, workloads = stamp.sources.get("nodes"), stamp.sources.get("deployments.apps")
    counted = nodes is None or not nodes.is_live or stamp.nodes_total is not None
    summed = workloads is None or not workloads.is_live or stamp.workloads_total is not None
    asked = not stamp.application.is_live or bool(stamp.probes)
    return counted and summed and asked
