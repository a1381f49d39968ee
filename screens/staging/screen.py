"""A change staged over stamps: where each stamp stands, and the question whether the next one is begun."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from backends.model.age import format_duration
from backends.operations.staging import Stage, Staged, StageState
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, line, spread, wrap
from screens.text_view import TextView
from screens.widgets.heading import Heading

if TYPE_CHECKING:
    from backends.operations.staging import Question, Staging
    from backends.operations.work import Work
    from screens.places import StagingPlace

ACTIONS = (
    Action("staging.answer", "enter", "Decide", "look at the plan of the next stamp again", "Staging", footer="decide"),
    Action("staging.stop", "x", "Stop", "begin no other stamp", "Staging", footer="stop"),
)
_TONES = {
    StageState.WAITING: "dim",
    StageState.ACTING: "accent",
    StageState.SOAKING: "accent",
    StageState.DONE: "good",
    StageState.HALTED: "bad",
    StageState.NOT_BEGUN: "warn",
}


class StagingScreen(FramedScreen):
    """The stamps in their order; leaving it leaves the change going on."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "staging.tcss"

    def __init__(self, deck: Deck, place: StagingPlace, staging: Staging, title: str) -> None:
        super().__init__(deck, place)
        self._staging = staging
        self._title = title
        self._shown: Question | None = None
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield TextView()

    @property
    def main(self) -> Widget:
        return self.query_one(TextView)

    def draw(self) -> None:
        state, question = self._staging.state.value, self._staging.question.value
        now, glyphs = self.deck.clock.now(), self.deck.glyphs
        drawn = (state, question is None, int(now), self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self.query_one(TextView).show(lambda width: staged_lines(state, now, width, glyphs))
            title = spread(line((self._title, "title")), verdict_line(state), max(20, self.size.width - 2))
            self.query_one(Heading).show(title)
            self.refresh_bindings()
        if question is not None and question is not self._shown and self.is_current:
            self._shown = question
            self.action_answer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what is over."""
        if action == "answer":
            return self._staging.question.value is not None
        if action == "stop":
            return not self._staging.state.value.over
        return True

    def action_answer(self) -> None:
        if (question := self._staging.question.value) is not None:
            self.work(partial(self._ask, question), group="gate", exclusive=True)

    async def _ask(self, question: Question) -> None:
        """Show the plan of one stamp; a No stops the whole of it there."""
        agreement = await self.agree(self._title, lambda: _ready(question))
        question.answer(agreement.consent if agreement is not None else None)

    def action_stop(self) -> None:
        self._staging.cancel()


async def _ready(question: Question) -> Work:
    return question.work


def verdict_line(state: Staged) -> Line:
    """Return how the whole of it is."""
    if not state.over:
        done = sum(each.state is StageState.DONE for each in state.stages)
        return line((f"{done} of {len(state.stages)} done", "accent"))
    return line(("done", "good-strong") if state.is_well else ("halted", "bad-strong"))


def staged_lines(state: Staged, now: float, width: int, glyphs: Glyphs) -> list[Line]:
    """Return each stamp with where it stands, and the verdict when it is over."""
    lines: list[Line] = []
    for stage in state.stages:
        lines += _stage_lines(stage, now, width, glyphs)
    if state.over:
        tone = "good" if state.is_well else "bad"
        lines += [EMPTY, *(line((part, tone)) for part in wrap(state.verdict, width, 6))]
    return lines


def _stage_lines(stage: Stage, now: float, width: int, glyphs: Glyphs) -> list[Line]:
    tone = _TONES[stage.state]
    glyph = {StageState.DONE: glyphs.good, StageState.HALTED: glyphs.down}.get(stage.state, glyphs.dot)
    left = f" {format_duration(max(0.0, stage.until - now))} left" if stage.until is not None else ""
    head = line((f"{glyph} ", tone), (f"{stage.stamp:<14}", "strong"), (f"{stage.state}{left}", f"{tone}-strong"))
    recorded = line((f"audit {stage.operation}", "dim")) if stage.operation else ()
    return [spread(head, recorded, width), *(line("    ", part) for part in wrap(stage.text, width - 4, 6))]
