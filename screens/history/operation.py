"""One operation in full: every event of it, as it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from backends.errors import StampdeckError
from backends.model.recorded import RecordedOperation, put_together
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.history.rows import clock_text, operation_lines
from screens.lines import line, spread
from screens.places import OperationPlace
from screens.text_view import TextView
from screens.widgets.heading import Heading, Trouble

if TYPE_CHECKING:
    from backends.model.journal import JournalEvent
    from backends.operations.ports import Journal

_AGAIN_S = 1.0

ACTIONS = (
    Action("operation.search", "slash", "Search", "light every match of a regular expression", "Text", "search"),
    Action("operation.next", "n", "Next match", "go to the next match", "Text", call="find(1)"),
    Action("operation.previous", "N", "Previous match", "go to the previous match", "Text", call="find(-1)"),
    Action("operation.copy", "c", "Copy", "copy the whole text", "Text", footer="copy"),
    Action(
        "operation.copy-command",
        "C",
        "Copy command",
        "copy the kubectl line that does the same",
        "Text",
        "copy command",
    ),
    Action("operation.save", "ctrl+s", "Save", "save the text to a file that only you can read", "Text"),
)


class OperationScreen(FramedScreen):
    """What was to be done, who wanted it, what the rules said, and each step to its end."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "history.tcss"
    place: OperationPlace

    def __init__(self, deck: Deck, place: OperationPlace, journal: Journal) -> None:
        super().__init__(deck, place)
        self._journal = journal
        self._operation: RecordedOperation | None = None
        self._tried_at = 0.0
        self._reading = False
        self._problem = ""
        self._search_text = ""

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

    def draw(self) -> None:
        now = self.deck.clock.now()
        known = self._operation
        ended = known is not None and (known.end is not None or not known.operation)
        if not ended and not self._reading and abs(now - self._tried_at) >= _AGAIN_S:
            self._tried_at = now
            self._reading = True
            self.work(self._load, group="reading")

    async def _load(self) -> None:
        try:
            await self._read()
        finally:
            self._reading = False

    async def _read(self) -> None:
        try:
            events = await self._events()
        except StampdeckError as error:
            self._problem = str(error)
        else:
            self._problem = "" if events else "the journal has no such operation"
            found = put_together(events)
            if found and found[0] != self._operation:
                self._operation = found[0]
                self.view.show(partial(operation_lines, found[0]))
        self._draw_title()

    async def _events(self) -> tuple[JournalEvent, ...]:
        place = self.place
        if place.operation:
            return tuple(await self._journal.events(operation=place.operation))
        # What belongs to no operation is one row.
        return tuple(each for each in await self._journal.events(after=place.number - 1) if each.number == place.number)

    def _draw_title(self) -> None:
        operation, width = self._operation, max(20, self.size.width - 2)
        if operation is None:
            title = line((f"operation {self.place.operation}", "title"))
        else:
            left = line((operation.summary, "title"), (f"  {operation.operation}", "dim"))
            right = line((f"{operation.result}  ", "strong"), (clock_text(operation.at), "dim"))
            title = spread(left, right, width)
        self.query_one(Heading).show(title)
        self.query_one(Trouble).show(self._problem, self.deck.glyphs)

    def action_search(self) -> None:
        self.prompt.open("search", "/", self._search_text, hint="a regular expression")

    def edited(self, mode: str, text: str) -> str:
        try:
            count = self.view.set_search(text)
        except ValueError as error:
            return str(error)
        self._search_text = text
        return "" if count or not text else "nothing matches"

    def entered(self, mode: str, text: str) -> str:
        problem = self.edited(mode, text)
        return problem if problem != "nothing matches" else ""

    def step_back(self) -> bool:
        if self._search_text:
            self.edited("search", "")
            return True
        return False

    def action_find(self, by: int) -> None:
        if not self.view.find(by):
            self.say("nothing to go to: search with / first")

    def action_copy(self) -> None:
        self.copy(self.view.text, "copied the operation")

    def action_copy_command(self) -> None:
        if self._operation is None or not self._operation.command:
            self.say("nothing does the same by hand", "warning")
        else:
            self.copy(self._operation.command, "copied the command")

    def action_save(self) -> None:
        self.save_text(f"operation-{self.place.operation or self.place.number}", self.view.text.splitlines())
