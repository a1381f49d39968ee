"""One change while it is carried out: where it stands, its parts, what it said; and what can be told to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from backends.model.run import RunState, RunStatus
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.glyphs import Glyphs
from screens.lines import Line, as_content, line, spread
from screens.places import RunPlace
from screens.runs.rows import (
    STATE_TONES,
    counts_text,
    elapsed,
    item_columns,
    item_rows,
    log_lines,
    part_lines,
    state_glyph,
)
from screens.simple_table import changes
from screens.text_view import TextView
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from backends.operations.runs import Run
    from backends.operations.work import Work

ACTIONS = (
    Action(
        "run.hold",
        "p",
        "Pause, resume",
        "hold it at its next safe point, or let it go on",
        "Run",
        footer="pause/resume",
    ),
    Action("run.cancel", "ctrl+x", "Stop", "end it at its next safe point: what is done stays", "Run", footer="stop"),
    Action(
        "run.uncordon", "u", "Uncordon", "let new pods come to the drained node again", "Run", "uncordon", writes=True
    ),
    Action("run.copy", "c", "Copy", "copy the command that does the same by hand", "Run", footer="copy command"),
    Action("run.turn", "tab", "Other part", "go between the parts and what was said", "Run"),
)
_CORDONING = ("drain", "cordon")


class RunScreen(FramedScreen):
    """A cockpit of one run; leaving it leaves the run going."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "runs.tcss"

    def __init__(self, deck: Deck, place: RunPlace) -> None:
        super().__init__(deck, place)
        self._rows: dict[str, Row] = {}
        self._number = place.number
        self._drawn: object = None
        self._said: object = None
        self._part: list[Line] | None = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Heading(id="step")
        yield LiveTable(item_columns(), frame_rate=self.deck.frame_rate)
        yield Static("", id="part", markup=False)
        yield TextView()

    @property
    def table(self) -> LiveTable:
        """The parts."""
        return self.query_one(LiveTable)

    @property
    def lines(self) -> TextView:
        """What was said."""
        return self.query_one(TextView)

    @property
    def main(self) -> Widget:
        return self.table if self.table.display else self.lines

    @property
    def run_shown(self) -> Run | None:
        """The run, None while the services start or when it is forgotten."""
        runs = self.deck.writing.runs
        return None if runs is None else runs.find(self._number)

    def on_mount(self) -> None:
        self.table.set_empty_texts(not_loaded="", empty="", no_match="")
        self.table.display = False
        super().on_mount()

    def draw(self) -> None:
        run = self.run_shown
        if run is None:
            if self.deck.writing.runs is not None:
                self.query_one("#title", Heading).show(line(("this run is forgotten; :history has it", "warn")))
            return
        self._draw_state(run.status.value)
        self._draw_part()
        self._draw_lines(run)

    def _draw_state(self, status: RunStatus) -> None:
        now, glyphs, width = self.deck.clock.now(), self.deck.glyphs, max(20, self.size.width - 2)
        drawn = (status, int(now), width)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.query_one("#title", Heading).show(title_line(status, now, width, glyphs))
        self.query_one("#step", Heading).show(step_line(status, width))
        rows = item_rows(status.items, status.ended_at or now, glyphs)
        self.table.apply(changes(self._rows, rows))
        self._rows = rows
        if self.table.display is not bool(rows):
            self.table.display = bool(rows)
            self._focus_main()
        self.refresh_bindings()

    def _draw_part(self) -> None:
        """Say in full what the table may have cut of the part under the cursor."""
        row, width = self.table.cursor_row, max(20, self.size.width - 2)
        shown = part_lines(row, width) if row is not None and self.table.display else []
        if shown != self._part:
            self._part = shown
            part = self.query_one("#part", Static)
            part.update(as_content(shown))
            part.display = bool(shown)

    def _draw_lines(self, run: Run) -> None:
        """Show what was said; the end is followed while it is in view."""
        batch = run.lines.read()
        if (batch.next, self.size) == self._said:
            return
        view, self._said = self.lines, (batch.next, self.size)
        follows = view.scroll_y >= view.max_scroll_y - 1
        view.show(lambda width: log_lines(batch.items, batch.lost, width))
        if follows:
            self.call_after_refresh(view.action_edge, True)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be told to the run as it is."""
        if action not in ("hold", "cancel", "uncordon", "turn"):
            return True
        run = self.run_shown
        if run is None:
            return False
        status = run.status.value
        if action == "uncordon":
            return status.state.is_over and status.change.action in _CORDONING
        if action == "turn":
            return self.table.display
        return not status.state.is_over and (action == "hold" or status.state is not RunState.STOPPING)

    def action_hold(self) -> None:
        if (run := self.run_shown) is not None:
            if run.is_held:
                run.resume()
            else:
                run.pause()

    def action_cancel(self) -> None:
        if (run := self.run_shown) is not None:
            run.cancel()

    def action_uncordon(self) -> None:
        run, planner = self.run_shown, self.deck.writing.planner
        if run is None or planner is None:
            return
        stamp, node = run.change.stamp, run.change.target.name

        async def make() -> Work:
            return await planner.uncordon(stamp, node)

        self.propose(f"uncordon {node}", make)

    def action_copy(self) -> None:
        if (run := self.run_shown) is not None:
            self.copy(run.change.command, "copied the command")

    def action_turn(self) -> None:
        self.set_focus(self.lines if self.table.has_focus else self.table)


def title_line(status: RunStatus, now: float, width: int, glyphs: Glyphs) -> Line:
    """Return what is done and how it is, with the time it takes."""
    tone = STATE_TONES[status.state]
    state = line(
        (f"{state_glyph(status.state, glyphs)} {status.state}", f"{tone}-strong" if tone != "accent" else tone)
    )
    return spread(line((status.change.summary, "title")), (*state, *line(f"  {elapsed(status, now)}")), width)


def step_line(status: RunStatus, width: int) -> Line:
    """Return the step of the gate, how many parts are where, and the number in the journal."""
    counts = counts_text(status.items)
    left = line(("step ", "dim"), str(status.step), (f"  {counts}" if counts else "", "strong"))
    return spread(left, line((f"operation {status.operation}" if status.operation else "", "dim")), width)
