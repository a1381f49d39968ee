"""Every source of every stamp, asked once: what works, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from backends.model.checks import Check
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.doctor.check_sheet import CheckSheet
from screens.doctor.check_view import CheckView
from screens.doctor.leads import by_hand, table_of
from screens.doctor.lines import check_blocks, summary_line
from screens.frame import FramedScreen
from screens.lines import line, spread
from screens.places import DoctorPlace
from screens.widgets.heading import Heading

if TYPE_CHECKING:
    from backends.operations.doctor import Doctor

ACTIONS = (
    Action("doctor.describe", "d", "Whole check", "all of this check, and how to ask by hand", "Doctor", "whole check"),
    Action("doctor.again", "r,ctrl+r", "Examine again", "ask every source again", "Doctor", footer="again"),
    Action("doctor.copy", "c", "Copy", "copy the findings", "Doctor", footer="copy"),
)


class DoctorScreen(FramedScreen):
    """Checks as they end, by stamp in configured order; enter opens what one is about."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "doctor.tcss"

    def __init__(self, deck: Deck, place: DoctorPlace, doctor: Doctor) -> None:
        super().__init__(deck, place)
        self._doctor = doctor
        self._checks: list[Check] = []
        self._examining = False

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield CheckView()

    @property
    def view(self) -> CheckView:
        """The checks."""
        return self.query_one(CheckView)

    @property
    def main(self) -> Widget:
        return self.view

    def on_mount(self) -> None:
        super().on_mount()
        self.action_again()

    def action_again(self) -> None:
        self.work(self._examine, exclusive=True)

    async def _examine(self) -> None:
        self._checks, self._examining = [], True
        try:
            self._show()
            async for check in self._doctor.examine(self.deck.overview.names):
                self._checks.append(check)
                self._show()
        finally:
            self._examining = False
        self._show()

    def _show(self) -> None:
        checks, names, glyphs = list(self._checks), self.deck.overview.names, self.deck.glyphs
        self.view.show_checks(lambda width: check_blocks(checks, names, width, glyphs))
        title = spread(
            line(("doctor", "title"), ("  every source of every stamp", "dim")),
            summary_line(checks, self._examining),
            max(20, self.size.width - 2),
        )
        self.query_one("#title", Heading).show(title)

    @on(CheckView.Opened)
    def _opened(self, event: CheckView.Opened) -> None:
        table = table_of(event.check)
        if table is not None:
            self.visit(table)
        else:
            self._show_whole(event.check)

    def action_describe(self) -> None:
        if self.view.chosen is not None:
            self._show_whole(self.view.chosen)

    def _show_whole(self, check: Check) -> None:
        stamp = next((each for each in self.deck.overview.stamps if each.name == check.stamp), None)
        self.app.push_screen(CheckSheet(check, by_hand(check, stamp), self.deck.glyphs), self._copy_found)

    def _copy_found(self, text: str | None) -> None:
        if text:
            self.copy(text, "copied the check")

    def action_copy(self) -> None:
        self.copy(self.view.text, "copied the findings")
