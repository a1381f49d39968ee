"""Several changes on one stamp as one: planned together, confirmed once, done in turn, each with its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Self

from backends.clock import Clock
from backends.errors import Invalid, StampdeckError
from backends.model.change import Change, Impact, Target
from backends.model.fleet import Severity
from backends.model.proposal import Finding, Preview
from backends.model.run import ItemState
from backends.operations.gate_records import change_data, change_of
from backends.operations.ports import ClusterWriter
from backends.operations.work import PartlyDone, Progress, Stopped, Verified, Work

MOST = 200
"""More at once is not a plan anyone reads."""
_EACH_EXAMINED = frozenset({"drain"})
"""What one of them does decides whether the next may be begun: these go in turn, each with its own plan."""
_AT_ONCE = 4
"""Questions to the API at one time."""
_IMPACTS = (Impact.NONE, Impact.CAREFUL, Impact.DISRUPTIVE)


class BatchWork:
    """Does works of one stamp in turn and stops at the first that fails; parameters: `changes`, as recorded."""

    ACTION = "batch"

    def __init__(self, change: Change, works: Sequence[Work]) -> None:
        self._change = change
        self._works = works

    @classmethod
    def of(cls, works: Sequence[Work]) -> Self:
        """Return the works as one; Invalid for none, for too many, for several stamps, and for drains."""
        stamps = {work.change.stamp for work in works}
        if not 1 <= len(works) <= MOST or len(stamps) != 1:
            why = f"{len(works)} changes on {len(stamps)} stamps"
            raise Invalid("cannot do this at once", why=why, todo=f"choose 1 to {MOST} objects of one stamp")
        changes = [work.change for work in works]
        if len(works) > 1 and (found := next((each for each in changes if each.action in _EACH_EXAMINED), None)):
            why = f"after one {found.action} the plan of the next is another"
            raise Invalid(
                f"cannot {found.action} several at once", why=why, todo="have them done in turn", stamp=found.stamp
            )
        actions, kinds = {each.action for each in changes}, {each.target.kind for each in changes}
        what = f"{len(works)} {next(iter(kinds))}s" if len(kinds) == 1 else f"{len(works)} objects"
        verb = next(iter(actions)) if len(actions) == 1 else "change"
        stamp = next(iter(stamps))
        change = Change(
            action=cls.ACTION,
            stamp=stamp,
            target=Target(next(iter(kinds)) if len(kinds) == 1 else "objects", f"{len(works)} of them"),
            summary=f"{verb} {what} on {stamp}: {_named([each.target.name for each in changes])}",
            command="\n".join(each.command for each in changes),
            impact=max((each.impact for each in changes), key=_IMPACTS.index),
            needs=tuple(dict.fromkeys(need for each in changes for need in each.needs)),
            parameters={"changes": [change_data(each) for each in changes]},
        )
        return cls(change, works)

    @classmethod
    def rebuilt(cls, change: Change, cluster: ClusterWriter, clock: Clock, make: Mapping[str, Any]) -> Self:
        """Return the work of a recorded change; `make` gives the works of single changes by their action."""
        changes = [change_of(change.stamp, each) for each in change.parameters["changes"]]
        return cls(change, [make[each.action](each, cluster, clock) for each in changes])

    @property
    def change(self) -> Change:
        """All of it."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try every one; the first it refuses is raised."""
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(work: Work) -> Preview:
            async with turn:
                return await work.preview()

        previews = await asyncio.gather(*(one(work) for work in self._works))
        notes = [work.change.summary for work in self._works]
        notes += dict.fromkeys(note for each in previews for note in each.notes)
        return Preview("\n".join(each.diff for each in previews if each.diff), tuple(notes))

    async def findings(self) -> Sequence[Finding]:
        """What speaks against any of them, each said once."""
        found: dict[Finding, None] = {}
        for work in self._works:
            found |= dict.fromkeys(await work.findings())
        return tuple(found)

    async def act(self, progress: Progress) -> str:
        """Do them in turn; the first that fails ends it, and what is left is named."""
        for work in self._works:
            progress.item(str(work.change.target), ItemState.WAITING)
        for at, work in enumerate(self._works):
            await self._checkpoint(at, progress)
            key = str(work.change.target)
            progress.item(key, ItemState.WORKING)
            try:
                said = await work.act(_OneOf(progress, key))
            except Stopped as stopped:
                progress.item(key, ItemState.FAILED, stopped.why)
                raise self._stopped(at, stopped, ItemState.SKIPPED, progress) from None
            except StampdeckError as error:
                progress.item(key, ItemState.FAILED, str(error))
                raise self._failed(at, error, progress) from None
            progress.item(key, ItemState.DONE, said)
            await progress.note({"done": at + 1, "target": key})
        return f"{self._change.action} of {len(self._works)} done: {_named(self._names(0))}"

    async def verify(self) -> Verified:
        """Read every one back; the first that is not as intended is told."""
        wrong = []
        for work in self._works:
            found = await work.verify()
            if not found.ok:
                wrong.append(f"{work.change.target}: {found.evidence}")
        if wrong:
            return Verified(False, f"{len(wrong)} of {len(self._works)} are not as intended; {wrong[0]}")
        return Verified(True, f"all {len(self._works)} read back as intended")

    async def _checkpoint(self, at: int, progress: Progress) -> None:
        try:
            await progress.checkpoint()
        except Stopped as stopped:
            raise self._stopped(at, stopped, ItemState.SKIPPED, progress) from None

    def _names(self, since: int) -> list[str]:
        return [work.change.target.name for work in self._works[since:]]

    def _skip(self, since: int, state: ItemState, progress: Progress) -> str:
        for work in self._works[since:]:
            progress.item(str(work.change.target), state, "not begun")
        left = self._names(since)
        return f"; not begun: {_named(left)}" if left else ""

    def _stopped(self, at: int, stopped: Stopped, state: ItemState, progress: Progress) -> Stopped:
        left = self._skip(at, state, progress)
        return Stopped(f"stopped after {at} of {len(self._works)}", why=f"{stopped.why}{left}", stamp=stopped.stamp)

    def _failed(self, at: int, error: StampdeckError, progress: Progress) -> PartlyDone:
        left = self._skip(at + 1, ItemState.SKIPPED, progress)
        what = f"{at} of {len(self._works)} done, then {self._works[at].change.target} failed"
        why = f"{error.what}: {error.why}" if error.why else error.what
        return PartlyDone(what, why=f"{why}{left}", todo=error.todo, stamp=error.stamp)


class _OneOf:
    """The progress of one work of many: its lines say which, its parts become lines."""

    def __init__(self, progress: Progress, key: str) -> None:
        self._progress = progress
        self._key = key

    @property
    def operation(self) -> str:
        return self._progress.operation

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        self._progress.say(f"{self._key}: {text}", severity)

    def item(self, key: str, state: ItemState, text: str = "") -> None:
        if state is ItemState.BLOCKED or state is ItemState.FAILED:
            self._progress.item(self._key, ItemState.WORKING, f"{key} {text}")

    async def note(self, data: Mapping[str, Any]) -> None:
        await self._progress.note({"of": self._key, **data})

    async def checkpoint(self) -> None:
        await self._progress.checkpoint()


def _named(names: Sequence[str]) -> str:
    shown = list(names[:4])
    if len(names) > 4:
        shown.append(f"{len(names) - 4} more")
    return ", ".join(shown)
