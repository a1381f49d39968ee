"""Examining a work on every step of the gate that needs no consent: rights, rules over all stamps, dry run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.change import Change
from backends.model.proposal import AccessAnswer, Ask, Finding, Preview, Proposal, Step
from backends.model.stamp import Protection
from backends.operations.ports import ClusterReader
from backends.operations.work import Work

T = TypeVar("T")

_ASKS = {Protection.OPEN: Ask.ONCE, Protection.CONFIRM: Ask.EACH, Protection.TYPED: Ask.NAME}


class Preconditions(Protocol):
    """The rules over all stamps. Calls raise only SourceError."""

    async def examine(self, change: Change) -> Sequence[Finding]:
        """Answer every rule that applies to this change."""
        ...

    async def examine_locked(self, change: Change) -> Sequence[Finding]:
        """Answer once more, while our lock is held, the rules about who else works: two may have looked at once."""
        ...


class Proposer:
    """Makes proposals of works."""

    def __init__(self, clusters: Mapping[str, ClusterReader], preconditions: Preconditions, clock: Clock) -> None:
        self._clusters = clusters
        self._preconditions = preconditions
        self._clock = clock

    async def propose(self, work: Work, *, dry_run: bool = True) -> Proposal:
        """Ask for everything beside each other; what a system refuses is the proposal's problem, not raised."""
        change = work.change
        made_at = self._clock.now()
        access, fleet, own, preview = await asyncio.gather(
            _or_problem(self._access(change), ()),
            _or_problem(self._preconditions.examine(change), ()),
            _or_problem(work.findings(), ()),
            _or_problem(work.preview() if dry_run else _no_preview(), Preview()),
        )
        problems = (
            (Step.ALLOWED, access[1]),
            (Step.PRECONDITIONS, fleet[1] or own[1]),
            (Step.DRY_RUN, preview[1]),
        )
        step, problem = next(((step, each) for step, each in problems if each), (Step.DRY_RUN, ""))
        return Proposal(
            change=change,
            access=access[0],
            findings=(*fleet[0], *own[0]),
            preview=preview[0],
            ask=_ASKS[self._clusters[change.stamp].stamp.protection],
            made_at=made_at,
            problem=problem,
            problem_at=step,
        )

    async def _access(self, change: Change) -> tuple[AccessAnswer, ...]:
        cluster = self._clusters[change.stamp]
        answers = await asyncio.gather(
            *(
                cluster.may(each.verb, each.kind, namespace=each.namespace, subresource=each.subresource)
                for each in change.needs
            )
        )
        pairs = zip(change.needs, answers, strict=True)
        return tuple(AccessAnswer(need, allowed, reason) for need, (allowed, reason) in pairs)


async def _or_problem(asking: Coroutine[Any, Any, T], nothing: T) -> tuple[T, str]:
    try:
        return await asking, ""
    except SourceError as error:
        return nothing, str(error)


async def _no_preview() -> Preview:
    return Preview()
