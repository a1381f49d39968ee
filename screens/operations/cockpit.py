"""The cockpit of one run: the engine's progress joined with the cluster's nodes, its log, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from backends.errors import StampdeckError
from backends.model.engine.progress import EngineProgress
from backends.model.job import Signal
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.lines import Line, as_content, line, spread
from screens.operations.cockpit_rows import (
    bar_line,
    focus_of,
    node_columns,
    node_rows,
    step_line,
    title_line,
    told_lines,
)
from screens.operations.log_feed import Fold, counts, log_lines, prefix
from screens.operations.rows import told
from screens.places import JobPlace
from screens.simple_table import changes
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.log_view import LogView

if TYPE_CHECKING:
    from backends.model.fleet import StampSnapshot
    from backends.model.proposal import Outcome
    from backends.operations.engine.operations import EngineOperations

ACTIONS = (
    Action("job.turn", "tab", "Other part", "go between the nodes and the log", "Run"),
    Action("job.fold", "f", "Fold", "every line, without noise, or only warnings and errors", "Log", footer="fold"),
    Action("job.search", "slash", "Search", "light what matches; n and N go through it", "Log", footer="search"),
    Action("job.wrap", "w", "Wrap", "wrap long lines", "Log"),
    Action("job.timestamps", "t", "Timestamps", "show when each line was written, by the engine's clock", "Log"),
    Action("job.copy", "c", "Copy", "copy the lines on the screen, redacted", "Log"),
    Action("job.save", "ctrl+s", "Save", "save the log as shown, redacted", "Log"),
    Action("job.cancel", "ctrl+x", "End", "ask the engine to end; the harder signals are asked one by one", "Run",
           footer="end", writes=True),
)  # fmt: skip
_NEXT = {None: Signal.INT, Signal.INT: Signal.TERM, Signal.TERM: Signal.KILL, Signal.KILL: Signal.KILL}


class JobScreen(FramedScreen):
    """One job, whoever started it; leaving leaves it running."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "operations.tcss"
    place: JobPlace

    def __init__(self, deck: Deck, place: JobPlace, engine: EngineOperations) -> None:
        super().__init__(deck, place)
        self._site = engine.site(place.stamp)
        self._engine = engine
        self._watch = engine.watch(self._site, place.number, place.word)
        self._live = engine.live_nodes(place.stamp)
        self._rows: dict[str, Row] = {}
        self._read = 0
        self._trouble = self._folded = 0
        self._fold = Fold.FOLDED
        self._told: list[Line] | None = None
        self._drawn: object = None
        self._search = ""
        self._signal: Signal | None = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Heading(id="bar")
        yield Heading(id="step")
        yield Static("", id="told", markup=False)
        yield LiveTable(node_columns(), frame_rate=self.deck.frame_rate)
        yield Heading(id="log-title")
        yield LogView(frame_rate=self.deck.frame_rate, prefix=prefix)

    @property
    def table(self) -> LiveTable:
        """The nodes."""
        return self.query_one(LiveTable)

    @property
    def log_view(self) -> LogView:
        """The log."""
        return self.query_one(LogView)

    @property
    def main(self) -> Widget:
        return self.log_view

    def on_mount(self) -> None:
        self.table.set_empty_texts(not_loaded="reading the nodes", empty="no node is known", no_match="")
        self.work(self._live.run)
        self.work(self._follow_log, group="log")
        super().on_mount()

    def draw(self) -> None:
        progress, job = self._watch.progress.value, self._watch.job.value
        self._live.focus = "" if job.state.is_over else focus_of(progress.nodes)
        self._draw_log_title()
        state = (
            self._outcome,
            progress,
            job,
            self._live.state.value,
            self._site.vm.state.value,
            int(self.deck.clock.now()),
            self.size,
        )
        if state == self._drawn:
            return
        self._drawn = state
        self._draw_heading(progress)
        is_over = job.state.is_over
        now = job.now if is_over and job.ended_at is None else self._watch.log_now
        rows = node_rows(progress, self._live.state.value, now, is_over=is_over)
        self.table.apply(changes(self._rows, rows))
        self._rows = rows

    def _draw_heading(self, progress: EngineProgress) -> None:
        job, glyphs, width = self._watch.job.value, self.deck.glyphs, max(20, self.size.width - 2)
        now = self._watch.log_now
        summary = told(job, self.place.stamp) if job.meta else self.place.crumb
        self.query_one("#title", Heading).show(title_line(summary, job, width, glyphs))
        self.query_one("#bar", Heading).show(bar_line(progress, self._stamp, width, glyphs, is_over=job.state.is_over))
        self.query_one("#step", Heading).show(
            step_line(progress, now, self._site.vm.state.value, width, is_over=job.state.is_over)
        )
        trouble, outcome = self._watch.trouble.value, self._outcome
        lines = told_lines(job, progress, self._live.state.value, trouble, outcome, width, glyphs)
        if lines != self._told:
            self._told = lines
            widget = self.query_one("#told", Static)
            widget.update(as_content(lines))
            widget.display = bool(lines)
        self.refresh_bindings()

    @property
    def _stamp(self) -> StampSnapshot | None:
        """The stamp as the fleet has it: whether its application still answers."""
        return next((each for each in self.deck.overview.snapshot.stamps if each.name == self.place.stamp), None)

    @property
    def _outcome(self) -> Outcome | None:
        """How the run ended that this job belongs to, when it is one of this console."""
        runs = self.deck.writing.runs
        for run in reversed(runs.all.value if runs is not None else ()):
            if run.change.stamp == self.place.stamp and run.change.parameters.get("job") == self.place.number:
                return run.status.value.outcome
        return None

    async def _follow_log(self) -> None:
        """Hand lines to the view when they come, not at the next frame: it draws no more often than it should."""
        async for _ in self._watch.lines.follow(self._read):
            self._take_lines()

    def _take_lines(self) -> None:
        batch = self._watch.lines.read(self._read)
        self._read = batch.next
        self.log_view.append(log_lines(self.place.stamp, batch.items, self._fold))
        trouble, folded = counts(batch.items)
        self._trouble, self._folded = self._trouble + trouble, self._folded + folded

    def _draw_log_title(self) -> None:
        right = line(
            (f"warnings and errors: {self._trouble}", "warn") if self._trouble else ("no warning", "dim"),
            (f"  lines of noise: {self._folded}" if self._folded else "", "dim"),
            (f"  \\{self._search}" if self._search else "", "accent"),
        )
        width = max(20, self.size.width - 2)
        left = line(("log", "title"), (f"  {self._fold}", "dim"))
        self.query_one("#log-title", Heading).show(spread(left, right, width))

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no end to what has ended."""
        return action != "cancel" or not self._watch.job.value.state.is_over

    def action_turn(self) -> None:
        self.set_focus(self.table if self.log_view.has_focus else self.log_view)

    def action_fold(self) -> None:
        self._fold = self._fold.following
        self.log_view.clear()
        self.log_view.append(log_lines(self.place.stamp, self._watch.lines.read().items, self._fold))
        self._draw_log_title()

    def action_search(self) -> None:
        self.prompt.open("search", "/", self._search, hint="light what matches; n and N go through it")

    def edited(self, mode: str, text: str) -> str:
        if mode != "search":
            return ""
        try:
            found = self.log_view.set_search(text)
        except ValueError as error:
            return str(error)
        self._search = text
        self._draw_log_title()
        return "" if found or not text else "no line matches"

    def entered(self, mode: str, text: str) -> str:
        if mode == "cancel":
            return self._cancel(text)
        problem = self.edited(mode, text)
        return "" if problem == "no line matches" else problem

    def step_back(self) -> bool:
        if self._search:
            self.edited("search", "")
            return True
        return False

    def action_wrap(self) -> None:
        self.log_view.wrap = not self.log_view.wrap

    def action_timestamps(self) -> None:
        self.log_view.timestamps = not self.log_view.timestamps

    def action_copy(self) -> None:
        self.copy(self.log_view.visible_text(), "copied the lines on the screen")

    def action_save(self) -> None:
        self.save_text(f"{self.place.stamp}-{self.place.number}", self.log_view.shown_text())

    def action_cancel(self) -> None:
        arming = self.deck.writing.arming
        if arming is None or not arming.is_armed:
            self.say("read-only: W arms", "warning")
            return
        signal = _NEXT[self._signal]
        hint = f"type {self.place.stamp} to send {signal}: what is half done stays half done"
        self.prompt.open("cancel", f"end it ({signal})?", hint=hint)

    def _cancel(self, text: str) -> str:
        if text.strip() != self.place.stamp:
            return f"type {self.place.stamp}, or esc"
        self.work(partial(self._send, _NEXT[self._signal]), group="cancel", exclusive=True)
        return ""

    async def _send(self, signal: Signal) -> None:
        try:
            await self._engine.cancel(self.place.stamp, self.place.number, signal)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        self._signal = signal
        self.say(f"{signal} was sent; it ends when it ends", "warning")
