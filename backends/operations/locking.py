"""The team's lock on a stamp as the gate needs it, shared by the changes this console makes on it at one time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from backends.errors import Refused
from backends.model.change import Change, Impact
from backends.model.proposal import Step


class HeldLock(Protocol):
    """A stamp's lock while we hold it."""

    @property
    def held_on(self) -> Sequence[str]:
        """The stamps whose APIs keep it."""
        ...

    @property
    def not_asked(self) -> Mapping[str, str]:
        """The stamps whose APIs could not be asked, and why."""
        ...

    @property
    def lost(self) -> str:
        """Why we can no longer be sure to hold it; empty while we can."""
        ...


@dataclass(frozen=True, slots=True)
class NoLock:
    """What a change holds that takes no lock."""

    held_on: Sequence[str] = ()
    not_asked: Mapping[str, str] = field(default_factory=dict)
    lost: str = ""


class StampLock(Protocol):
    """The team's lock on a stamp."""

    def hold(self, stamp: str, what: str, operation: str) -> AbstractAsyncContextManager[HeldLock]:
        """Take it or raise Refused, naming who holds it; released on leaving, which raises nothing."""
        ...


class _Holding:
    """One stamp's lock and the changes under it."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.context: AbstractAsyncContextManager[HeldLock] | None = None
        self.lock: HeldLock | None = None
        self.changes: dict[str, Change] = {}


class SharedLock:
    """Takes a stamp's lock once for all that this console does there at one time; one disruption at a time."""

    def __init__(self, lock: StampLock) -> None:
        self._lock = lock
        self._holdings: dict[str, _Holding] = {}

    @asynccontextmanager
    async def hold(self, change: Change, operation: str) -> AsyncIterator[HeldLock]:
        """Take the lock, or share it; Refused when another holds it or another disruption of ours goes on there."""
        holding = self._holdings.setdefault(change.stamp, _Holding())
        async with holding.turn:
            _demand_alone(change, holding.changes)
            if holding.lock is not None and holding.lock.lost:
                # It is let go when the changes under it end, and taken anew then.
                why = f"the team lock there was lost: {holding.lock.lost}"
                todo = "wait until what goes on there ended, then look who holds it"
                raise _refused(change, why, todo)
            if holding.lock is None:
                context = self._lock.hold(change.stamp, change.summary, operation)
                holding.lock = await context.__aenter__()
                holding.context = context
            lock = holding.lock
            holding.changes[operation] = change
        try:
            yield lock
        finally:
            await asyncio.shield(self._leave(holding, operation))

    async def _leave(self, holding: _Holding, operation: str) -> None:
        async with holding.turn:
            holding.changes.pop(operation, None)
            if not holding.changes and holding.context is not None:
                context, holding.context, holding.lock = holding.context, None, None
                await context.__aexit__(None, None, None)


def _demand_alone(change: Change, others: Mapping[str, Change]) -> None:
    if change.impact is not Impact.DISRUPTIVE:
        return
    for other in others.values():
        if other.impact is Impact.DISRUPTIVE:
            why = f"this console is still at work there: {other.summary}"
            raise _refused(change, why, "wait for its end, or cancel it")


def _refused(change: Change, why: str, todo: str) -> Refused:
    return Refused(f"refused to {change.summary}", step=Step.LOCK, why=why, todo=todo, stamp=change.stamp)
