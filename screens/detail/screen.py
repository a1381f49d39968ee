"""One object: its description with what is wrong first, or its YAML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from backends.errors import StampdeckError
from backends.model.age import format_duration
from backends.model.detail import Detail
from backends.model.redact import MASK
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.detail.rows import describe_lines, yaml_lines
from screens.frame import FramedScreen
from screens.lines import line, spread
from screens.places import DetailPlace, LogsPlace, ResourcesPlace
from screens.text_view import TextView
from screens.widgets.heading import Heading, Trouble

if TYPE_CHECKING:
    from backends.operations.details import Details

AUTO_S = 5.0

ACTIONS = (
    Action("detail.describe", "d", "Describe", "what it is and what is wrong with it", "View", footer="describe"),
    Action("detail.yaml", "y", "YAML", "the object as YAML", "View", footer="yaml"),
    Action("detail.turn", "tab", "Other view", "description or YAML", "View"),
    Action("detail.logs", "l", "Logs", "follow its logs", "View", footer="logs"),
    Action("detail.pods", "enter", "Pods", "the pods behind it", "View", footer="pods"),
    Action("detail.owner", "J", "Owner", "the object that owns it", "View", footer="owner"),
    Action("detail.search", "slash", "Search", "light every match of a regular expression", "Text", footer="search"),
    Action("detail.next", "n", "Next match", "go to the next match", "Text", call="find(1)"),
    Action("detail.previous", "N", "Previous match", "go to the previous match", "Text", call="find(-1)"),
    Action("detail.reveal", "x", "Reveal", "show or mask what is, or looks like, a secret", "Text", footer="reveal"),
    Action("detail.auto", "r", "Auto refresh", "read it again every 5 s, or only when asked", "Text", footer="auto"),
    Action("detail.refresh", "ctrl+r", "Read again", "read it again now", "Text"),
    Action("detail.copy", "c", "Copy", "copy the whole text", "Text", footer="copy"),
    Action("detail.save", "ctrl+s", "Save", "save the text to a file that only you can read", "Text"),
)
_WITH_LOGS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Service")
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Service", "Node")


class DetailScreen(FramedScreen):
    """One object, read again every few seconds; what was read stays when it cannot be."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "detail.tcss"
    place: DetailPlace

    def __init__(self, deck: Deck, place: DetailPlace, details: Details) -> None:
        super().__init__(deck, place)
        self._details = details
        self._yaml = place.yaml
        self._reveal = False
        self._auto = True
        self._detail: Detail | None = None
        self._read_at = 0.0
        self._tried_at = 0.0
        self._problem = ""
        self._reading = False
        self._search_text = ""
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Trouble()
        yield TextView()

    @property
    def view(self) -> TextView:
        """The text."""
        return self.query_one(TextView)

    @property
    def main(self) -> Widget:
        return self.view

    def on_mount(self) -> None:
        self.view.show(lambda width: [line((f"reading {self.place.name} from {self.place.stamp}", "dim"))])
        super().on_mount()

    def draw(self) -> None:
        now = self.deck.clock.now()
        if self._auto and not self._reading and now - self._tried_at >= AUTO_S:
            self._read()
        drawn = (int(now), self._problem, self._yaml, self._reveal, self._auto, self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_heading(now)

    def _draw_heading(self, now: float) -> None:
        place = self.place
        title = self._detail.title if self._detail else f"{place.kind} {place.name} on {place.stamp}"
        age = f"read {format_duration(now - self._read_at)} ago" if self._read_at else "reading"
        auto = f"every {AUTO_S:.0f}s" if self._auto else "when asked"
        width = max(20, self.size.width - 2)
        view = "YAML" if self._yaml else "description"
        bare = "  secrets shown" if self._yaml and self._reveal else ""
        left = line((title, "title"), (f"  {view}", "dim"), (bare, "warn-strong"))
        self.query_one(Heading).show(spread(left, line((f"{age}, {auto}", "dim")), width))
        self.query_one(Trouble).show(self._problem, self.deck.glyphs)

    def _read(self) -> None:
        self._reading = True
        self._tried_at = self.deck.clock.now()
        self.work(partial(self._load, self._yaml, self._reveal), exclusive=True)

    async def _load(self, yaml: bool, reveal: bool) -> None:
        place, details = self.place, self._details
        try:
            if yaml:
                text = await details.yaml(place.stamp, place.kind, place.name, place.namespace, reveal_secrets=reveal)
                self.view.show(yaml_lines(text))
                self.refresh_bindings()
            else:
                detail = await details.describe(place.stamp, place.kind, place.name, place.namespace)
                self._detail = detail
                now, glyphs = self.deck.clock.now(), self.deck.glyphs
                self.view.show(lambda width: describe_lines(detail, now, width, glyphs))
                self.refresh_bindings()
        except StampdeckError as error:
            self._problem = str(error)
        else:
            self._problem = ""
            self._read_at = self.deck.clock.now()
        finally:
            self._reading = False
            self._drawn = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what the object does not have."""
        kind = self._detail.kind if self._detail else ""
        if action == "logs":
            return kind in _WITH_LOGS
        if action == "pods":
            return kind in _WITH_PODS
        if action == "owner":
            return bool(self._detail and self._detail.owners)
        if action == "reveal":
            return self._yaml and (self._reveal or MASK in self.view.text)
        return True

    def _turn_to(self, yaml: bool) -> None:
        if yaml != self._yaml:
            self._yaml = yaml
            self.view.show(lambda width: [line(("reading", "dim"))], keep_place=False)
            self._read()
            self.refresh_bindings()

    def action_describe(self) -> None:
        self._turn_to(False)

    def action_yaml(self) -> None:
        self._turn_to(True)

    def action_turn(self) -> None:
        self._turn_to(not self._yaml)

    def action_reveal(self) -> None:
        self._reveal = not self._reveal
        self._read()

    def action_auto(self) -> None:
        self._auto = not self._auto

    def action_refresh(self) -> None:
        self._read()

    def action_copy(self) -> None:
        self.copy(self.view.text, "copied the text")

    def action_save(self) -> None:
        self.save_text(f"{self.place.name}{'.yaml' if self._yaml else ''}", self.view.text.splitlines())

    def action_logs(self) -> None:
        if self._detail is not None:
            target = f"{self._detail.kind.lower()}/{self._detail.name}"
            self.visit(LogsPlace((self.place.stamp,), self._detail.namespace, target))

    def action_owner(self) -> None:
        if self._detail and self._detail.owners:
            owner = self._detail.owners[0]
            self.visit(DetailPlace(self.place.stamp, owner.resource, owner.name, owner.namespace or None))

    def action_pods(self) -> None:
        self.work(self._visit_pods, group="drill")

    async def _visit_pods(self) -> None:
        place = self.place
        try:
            scope = await self._details.pods_of(place.stamp, place.kind, place.name, place.namespace)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        if scope is not None:
            of = f"{place.kind.partition('.')[0]}/{place.name}"
            pods = ResourcesPlace("pods", (place.stamp,), scope.namespace, scope.selector, scope.field_selector, of=of)
            self.visit(pods)

    def action_search(self) -> None:
        self.prompt.open("search", "/", self._search_text, hint="a regular expression; n and N go through the matches")

    def edited(self, mode: str, text: str) -> str:
        try:
            count = self.view.set_search(text)
        except ValueError as error:
            return str(error)
        self._search_text = text
        return "" if count or not text else "no line matches"

    def entered(self, mode: str, text: str) -> str:
        self.edited(mode, text)
        return ""

    def step_back(self) -> bool:
        if self._search_text:
            self.edited("search", "")
            return True
        return False

    def action_find(self, by: int) -> None:
        if not self.view.find(by):
            self.say("nothing to find: / searches", "warning")
