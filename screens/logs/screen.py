"""Logs of a container, a pod or a workload, of one stamp or merged over all, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual import on
from textual.widget import Widget
from textual.worker import Worker

from backends.errors import StampdeckError
from backends.operations.logs import LogQuery
from screens.actions import bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.logs.keys import ACTIONS
from screens.logs.rows import SINCE, Showing, modes_line, prefix_of, title_line
from screens.logs.sources import RecentSources
from screens.places import LogsPlace
from screens.resources.rows import states_line
from screens.widgets.heading import Heading
from screens.widgets.log_view import LogView

if TYPE_CHECKING:
    from backends.operations.logs import Logs, LogStream

_SEARCHED = {"filter": "/", "search": "\\"}


class LogsScreen(FramedScreen):
    """Lines of one query, pulled from its feed ten times a second at most."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "logs.tcss"
    place: LogsPlace

    def __init__(self, deck: Deck, place: LogsPlace, logs: Logs) -> None:
        super().__init__(deck, place)
        self._logs = logs
        self._stream: LogStream | None = None
        self._following: Worker[None] | None = None
        self._one = place.stamps if len(place.stamps) == 1 else deck.overview.names[:1]
        self._read = 0
        self._since = 0
        self._new_lines = 0
        self._texts = {"filter": "", "search": ""}
        self._before = ""
        self._sources = RecentSources()
        self._problem = ""
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Heading(id="states")
        yield LogView(frame_rate=self.deck.frame_rate)

    @property
    def view(self) -> LogView:
        """The lines."""
        return self.query_one(LogView)

    @property
    def main(self) -> Widget:
        return self.view

    def on_mount(self) -> None:
        super().on_mount()
        self._open(self.place)

    def _open(self, place: LogsPlace) -> None:
        """Read what the place names, in place of what was read."""
        if self._following is not None:
            self._following.cancel()
        self.place = place
        self._stream, self._read, self._problem = None, 0, ""
        self._sources.clear()
        self.view.clear()
        self.view.set_prefix(prefix_of(place.stamps, ()))
        self._following = self.work(partial(self._follow, place))

    async def _follow(self, place: LogsPlace) -> None:
        _, tail, seconds = SINCE[self._since]
        query = LogQuery(
            stamps=place.stamps,
            namespace=place.namespace,
            target=place.target,
            container=place.container,
            follow=not place.previous,
            previous=place.previous,
            tail_lines=tail,
            since_s=seconds,
        )
        try:
            async with self._logs.open(query) as stream:
                self._stream = stream
                await asyncio.Event().wait()
        except StampdeckError as error:
            self._problem = str(error)

    def draw(self) -> None:
        stream = self._stream
        if stream is not None and stream.lines.end != self._read:
            batch = stream.lines.read(self._read)
            self._read = batch.next
            if self._sources.note(batch.items):
                self.view.set_prefix(prefix_of(self.place.stamps, self._sources.all()))
            self.view.append(batch.items)
        version = stream.version.value if stream is not None else -1
        drawn = (self._showing(), version, self._problem, self.place, int(self.deck.clock.now()), self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_heading()

    def _showing(self) -> Showing:
        view = self.view
        return Showing(
            self._since,
            view.following,
            0 if view.following else self._new_lines,
            view.wrap,
            view.timestamps,
            self._texts["filter"],
            self._texts["search"],
            view.shown_count,
            view.total_count,
            view.lost_count,
        )

    def _draw_heading(self) -> None:
        width, glyphs, now = max(20, self.size.width - 2), self.deck.glyphs, self.deck.clock.now()
        showing = self._showing()
        states = self._stream.states if self._stream is not None else {}
        title = title_line(self.place, showing, width, glyphs)
        below = states_line(self.place.stamps, states, now, width, glyphs, modes_line(showing))
        self.query_one("#title", Heading).show(title)
        self.query_one("#states", Heading).show(below)
        if self._problem:
            self.say(self._problem, "error")
            self._problem = ""

    @on(LogView.FollowChanged)
    def _follow_changed(self, event: LogView.FollowChanged) -> None:
        self._new_lines = event.new_lines

    def edited(self, mode: str, text: str) -> str:
        try:
            if mode == "filter":
                self.view.set_filter(text)
            elif not self.view.set_search(text) and text:
                self._texts[mode] = text
                return "no line matches"
        except ValueError as error:
            return str(error)
        self._texts[mode] = text
        return ""

    def entered(self, mode: str, text: str) -> str:
        problem = self.edited(mode, text)
        return "" if mode == "search" and problem == "no line matches" else problem

    def abandoned(self, mode: str) -> None:
        self.edited(mode, self._before)

    def step_back(self) -> bool:
        for mode, text in self._texts.items():
            if text:
                self.edited(mode, "")
                return True
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the merging of stamps where there is one."""
        return len(self.deck.overview.names) > 1 if action == "all_stamps" else True

    def _ask(self, mode: str, hint: str) -> None:
        self._before = self._texts[mode]
        self.prompt.open(mode, _SEARCHED[mode], self._before, hint=hint)

    def action_filter(self) -> None:
        self._ask("filter", "show only lines that match; ! in front: those that do not")

    def action_search(self) -> None:
        self._ask("search", "light matches and keep what is around them; n and N go through them")

    def action_since(self, number: int) -> None:
        self._since = number
        self._open(self.place)

    def action_autoscroll(self) -> None:
        self.view.following = not self.view.following

    def action_wrap(self) -> None:
        self.view.wrap = not self.view.wrap

    def action_timestamps(self) -> None:
        self.view.timestamps = not self.view.timestamps

    def action_mark(self) -> None:
        self.view.add_mark()

    def action_clear(self) -> None:
        self.view.clear()

    def action_previous(self) -> None:
        self._open(replace(self.place, previous=not self.place.previous))

    def action_all_stamps(self) -> None:
        names = self.deck.overview.names
        target = self.place.target
        merged = self.place.stamps == names
        if not merged and target.startswith("pod/"):
            self.say("a pod is on one stamp only: open the logs of its workload to merge stamps", "warning")
            return
        if not merged:
            self._one = self.place.stamps
        self._open(replace(self.place, stamps=self._one if merged else names))

    def action_copy(self) -> None:
        self.copy(self.view.visible_text(), "copied the lines on the screen")

    def action_save(self) -> None:
        name = f"{'-'.join(self.place.stamps)}-{self.place.target.replace('/', '-')}"
        self.save_text(name, self.view.shown_text())
