"""Home: the verdict on the service, every stamp, and the timeline that joins them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.widget import Widget

from backends.model.fleet import VerdictLevel
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.fleet.board import Board, StampBlock
from screens.fleet.rows import verdict_line
from screens.fleet.timeline import TimelineView
from screens.frame import FramedScreen
from screens.lines import line, spread
from screens.places import DoctorPlace, EnginePlace, FaultsPlace, FleetPlace, ResourcesPlace
from screens.widgets.heading import Heading

ACTIONS = (
    Action("fleet.open", "enter", "Open", "the pods of the chosen stamp", "Stamp", footer="pods"),
    Action("fleet.nodes", "n", "Nodes", "the nodes of the chosen stamp", "Stamp", footer="nodes"),
    Action("fleet.workloads", "d", "Deployments", "the deployments of the chosen stamp", "Stamp", footer="deployments"),
    Action("fleet.events", "e", "Events", "the events of the chosen stamp", "Stamp", footer="events"),
    Action("fleet.all", "a,0", "All stamps", "the pods of all stamps in one table", "Stamp", footer="all stamps"),
    Action("fleet.previous", "left,h", "Left", "choose the stamp to the left", "Stamp", call="move(-1,0)"),
    Action("fleet.next", "right,l,tab", "Right", "choose the stamp to the right", "Stamp", call="move(1,0)"),
    Action("fleet.above", "up,k", "Up", "choose the stamp above", "Stamp", call="move(0,-1)"),
    Action("fleet.below", "down,j", "Down", "choose the stamp below", "Stamp", call="move(0,1)"),
    Action("fleet.refresh", "r,ctrl+r", "Try now", "ask every source of every stamp now", "Stamp", footer="try now"),
    Action("fleet.doctor", "D", "Doctor", "examine every source of every stamp", "Fleet", footer="doctor"),
    Action(
        "fleet.engine", "u", "aks-engine", "upgrade, scale, and the jobs of the helper VMs", "Fleet", footer="upgrade"
    ),
    Action("fleet.faults", "F", "Faults", "break and mend the demo's stamps", "Fleet", footer="faults"),
    Action("fleet.older", "pageup", "Older", "scroll the timeline back", "Timeline", call="scroll_timeline(-1)"),
    Action("fleet.newer", "pagedown", "Newer", "scroll the timeline forward", "Timeline", call="scroll_timeline(1)"),
    Action(
        "fleet.follow", "end,G", "Follow", "show the newest entries as they come", "Timeline", call="follow_timeline"
    ),
)
FLEET_CSS = Path(__file__).with_name("fleet.tcss")
"""Named by the application too: Textual does not load the style of a default screen by itself."""
_TIMELINE_ROOM = 5
_RUNS_LATER_S = 2.0
"""The helper VMs are asked for runs when the first numbers of the stamps are on the screen."""


class FleetScreen(FramedScreen):
    """The fleet; painted from the configuration alone before anything is known."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = FLEET_CSS
    PROMPT_LATER = True

    def __init__(self, deck: Deck, place: FleetPlace | None = None) -> None:
        super().__init__(deck, place or FleetPlace())
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="verdict")
        yield Board(self.deck.glyphs, self.deck.overview.snapshot)
        yield Heading(id="timeline-title")
        yield TimelineView(self.deck.glyphs)

    def on_mount(self) -> None:
        super().on_mount()
        if any(stamp.helper_vm is not None for stamp in self.deck.overview.stamps):
            self.set_timer(_RUNS_LATER_S, self._watch_runs)

    def _watch_runs(self) -> None:
        if self.deck.writing.is_connected:
            self.work(self.deck.writing.watch_runs, group="runs", exclusive=True)
        elif not self.deck.overview.failure:
            self.set_timer(_RUNS_LATER_S, self._watch_runs)

    def draw(self) -> None:
        overview, now = self.deck.overview, self.deck.clock.now()
        timeline = self.query_one(TimelineView)
        timeline.read(overview.timeline)
        going = self.deck.writing.going
        seen = (overview.version, overview.failure, int(now), self.size, timeline.count, timeline.following, going)
        if seen == self._drawn or not self.size:
            return
        self._drawn = seen
        tall = self.size.height >= 30
        self._draw_verdict(tall)
        above = (3 if tall else 1) + 2 + _TIMELINE_ROOM
        self.query_one(Board).show(overview.snapshot, now, (self.size.width, self.size.height - above), going)
        title = line("timeline ", ("· all stamps, one clock", "dim"))
        follow = "following" if timeline.following else "paused: end follows"
        right = line((f"{timeline.count} entries · {follow}", "dim"))
        heading = self.query_one("#timeline-title", Heading)
        heading.set_class(not tall, "-tight")
        heading.show(spread(title, right, self.size.width - 4))

    def _draw_verdict(self, tall: bool) -> None:
        overview = self.deck.overview
        verdict = self.query_one("#verdict", Heading)
        level = VerdictLevel.DOWN if overview.failure else overview.snapshot.verdict.level
        verdict.update_classes({"-tall": tall, **{f"-{each}": each is level for each in VerdictLevel}}, animate=False)
        width = self.size.width - 4
        verdict.show(verdict_line(overview.snapshot, overview.failure, width, self.deck.glyphs))

    def on_resize(self, event: events.Resize) -> None:
        self._drawn = None
        self.draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what this console does not have."""
        return self.deck.words.faults if action == "faults" else True

    def on_stamp_block_pressed(self, event: StampBlock.Pressed) -> None:
        board = self.query_one(Board)
        board.choose(event.number - board.chosen)

    def _open(self, kind: str) -> None:
        self.visit(ResourcesPlace(kind, (self.query_one(Board).chosen_name,)))

    def action_open(self) -> None:
        self._open("pods")

    def action_nodes(self) -> None:
        self._open("nodes")

    def action_workloads(self) -> None:
        self._open("deployments.apps")

    def action_events(self) -> None:
        self._open("events")

    def action_all(self) -> None:
        self.visit(ResourcesPlace("pods"))

    def action_doctor(self) -> None:
        self.visit(DoctorPlace())

    def action_engine(self) -> None:
        self.visit(EnginePlace())

    def action_faults(self) -> None:
        self.visit(FaultsPlace())

    def action_move(self, across: int, down: int) -> None:
        self.query_one(Board).move(across, down)

    def action_refresh(self) -> None:
        self.deck.overview.refresh()
        self.say("asking every source now")

    def action_scroll_timeline(self, pages: int) -> None:
        timeline = self.query_one(TimelineView)
        timeline.scroll_by(pages * max(1, timeline.size.height - 1))

    def action_follow_timeline(self) -> None:
        self.query_one(TimelineView).follow()
