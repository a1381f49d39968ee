"""Locks that nobody renews any more: taken over where the holder's name was typed, or where they are our remains."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from backends.model.journal import EventKind
from backends.model.lock import LockHolder, LockSurvey, Takeover
from backends.operations.ports import Journal


class TakeableLocks(Protocol):
    """The team's locks, as far as they are taken over."""

    async def survey(self) -> LockSurvey: ...

    async def take_over(self, stamp: str, typed_holder: str) -> Takeover: ...


class Takeovers:
    """Clears lost locks out of the way of a change, and writes down whose."""

    def __init__(self, locks: TakeableLocks, journal: Journal) -> None:
        self._locks = locks
        self._journal = journal

    async def is_remains(self, holder: LockHolder) -> bool:
        """Whether a lock was left by a console of ours that died, and whose operation is over or never began.

        The journal on this machine knows of every operation of its account: one that is still open may be half
        done, and its lock keeps others away until somebody decides. Raises JournalFailed.
        """
        if not holder.is_lost or holder.is_ours or holder.author != str(self._journal.author):
            return False
        return not any(each.operation.startswith(holder.operation) for each in await self._journal.open_operations())

    async def clear(self, stamp: str, typed_names: Collection[str], operation: str) -> None:
        """Take the stamp's lock from a lost holder whose name was typed, or from our own remains; recorded.

        Raises Refused when the holder proves to be alive, JournalFailed.
        """
        holder = (await self._locks.survey()).holders.get(stamp)
        if holder is None or not holder.is_lost or holder.is_ours or operation.startswith(holder.operation):
            return
        if holder.name not in typed_names and not await self.is_remains(holder):
            return
        taken = await self._locks.take_over(stamp, holder.name)
        data = {
            "holder": holder.name,
            "what": holder.what,
            "since": holder.since,
            "cleared_on": list(taken.cleared_on),
            "lock_not_asked": dict(taken.not_asked),
            "typed": holder.name in typed_names,
        }
        await self._journal.record(operation, EventKind.TAKEN_OVER, stamp, data)
