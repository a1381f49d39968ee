"""Every source of every stamp, asked once: what works, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from backends.operations.doctor import Outcome
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.lines import Line, as_content, line, spread, wrap
from screens.places import DoctorPlace
from screens.text_view import TextView

if TYPE_CHECKING:
    from backends.operations.doctor import Check, Doctor
    from screens.glyphs import Glyphs

ACTIONS = (
    Action("doctor.again", "r,ctrl+r", "Examine again", "ask every source again", "Doctor", footer="again"),
    Action("doctor.copy", "c", "Copy", "copy the findings", "Doctor", footer="copy"),
)
_TONES = {Outcome.OK: "good", Outcome.WARN: "warn", Outcome.FAIL: "bad", Outcome.OFF: "dim"}


class DoctorScreen(FramedScreen):
    """Checks as they end, by stamp in configured order."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "doctor.tcss"

    def __init__(self, deck: Deck, place: DoctorPlace, doctor: Doctor) -> None:
        super().__init__(deck, place)
        self._doctor = doctor
        self._checks: list[Check] = []
        self._examining = False

    def body(self) -> Iterator[Widget]:
        yield Static("", id="title", markup=False)
        yield TextView()

    @property
    def main(self) -> Widget:
        return self.query_one(TextView)

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
        self.query_one(TextView).show(lambda width: check_lines(checks, names, width, glyphs))
        title = spread(
            line(("doctor", "title"), ("  every source of every stamp", "dim")),
            summary_line(checks, self._examining),
            max(20, self.size.width - 2),
        )
        self.query_one("#title", Static).update(as_content([title]))

    def action_copy(self) -> None:
        self.copy(self.query_one(TextView).text, "copied the findings")


def summary_line(checks: list[Check], running: bool) -> Line:
    """Return how many checks ended how."""
    counts = [(sum(check.outcome is outcome for check in checks), outcome) for outcome in Outcome]
    pieces = [(f"{count} {outcome}  ", _TONES[outcome]) for count, outcome in counts if count]
    return line(*pieces, ("examining" if running else "done", "dim"))


def _name(source: str) -> str:
    """A kind without its group: `horizontalpodautoscalers`."""
    return source.partition(".")[0]


def check_lines(checks: list[Check], stamps: tuple[str, ...], width: int, glyphs: Glyphs) -> list[Line]:
    """Return the checks grouped by stamp, each failure with why and what to do."""
    marks = {Outcome.OK: glyphs.good, Outcome.WARN: glyphs.warn, Outcome.FAIL: glyphs.down, Outcome.OFF: glyphs.off}
    sources = max([12, *(min(26, len(_name(check.source))) for check in checks)]) + 2
    indent = sources + 9
    lines: list[Line] = []
    for stamp in stamps:
        lines.append(line((stamp, "title")))
        for check in (each for each in checks if each.stamp == stamp):
            tone = _TONES[check.outcome]
            took = f"  {check.elapsed_s * 1000:.0f} ms" if check.elapsed_s else ""
            first, *rest = wrap(check.what, width - indent - len(took), 4) or [""]
            lines.append(
                line(
                    (f"  {marks[check.outcome]} {check.outcome:<5}", f"{tone}-strong"),
                    (f"{_name(check.source):<{sources}}", "strong"),
                    first,
                    (took, "dim"),
                )
            )
            lines += [line(" " * indent, text) for text in rest]
            lines += [line(" " * indent, (text, tone)) for text in wrap(check.why, width - indent, 4)]
            lines += [
                line((("do" if number == 0 else "").rjust(indent - 2) + "  ", "accent"), text)
                for number, text in enumerate(wrap(check.todo, width - indent, 4))
            ]
        lines.append(())
    return lines
