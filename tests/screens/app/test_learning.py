"""Learning words for commands never ends what runs beside it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from backends.model.kinds import ResourceKind
from backends.operations.resources import Resources
from screens.learning import learn_words
from screens.vocabulary import Vocabulary
from tests.support.clock import ManualClock
from tests.support.fakes import FakeCluster

PODS = ResourceKind("", "v1", "pods", "Pod", namespaced=True)


class Faltering:
    """Resources that fail once as nobody expected."""

    def __init__(self) -> None:
        self.asked = 0

    async def kinds(self) -> tuple[Any, ...]:
        self.asked += 1
        if self.asked == 1:
            raise AttributeError("an answer nobody expected")
        return (PODS,)

    async def namespaces(self) -> tuple[str, ...]:
        return ("default",)


async def test_a_defect_is_no_end() -> None:
    clock, words = ManualClock(), Vocabulary(stamps=("orlando",))
    learning = asyncio.create_task(learn_words(words, cast("Resources", Faltering()), clock))
    await clock.until(lambda: words.namespaces == ("default",))
    assert words.kinds == (PODS,)
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)


async def test_namespaces_without_a_name_are_left_out() -> None:
    cluster = FakeCluster("orlando")
    answered: list[dict[str, Any]] = [{"metadata": None}, {}, {"metadata": {"name": "default"}}]
    for number, odd in enumerate(answered):
        cluster.objects["namespaces", "", str(number)] = odd
    assert await Resources({"orlando": cluster}, ManualClock()).namespaces() == ("default",)
