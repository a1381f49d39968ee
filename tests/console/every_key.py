"""Someone at the keys who presses every one there is, answers whatever is asked, and says yes to everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Button
from textual.worker import Worker

from backends.model.proposal import Consent
from console.app import StampdeckApp
from screens.actions import Action
from screens.frame import FramedScreen
from screens.gate.dialog import Agreement, GateDialog
from screens.places import FleetPlace, Place
from screens.widgets.live_table import LiveTable
from tests.screens.stage import screen_text

WITHIN_S = 60.0
ANSWERS = {
    "annotate": "a=b",
    "drain": "force emptydir",
    "forward": ":80",
    "label": "a=b",
    "scale": "7",
    "upgrade": "1.30.10",
    "scale-pool": "linuxpool 2",
    "run": "addpool ~/linuxpool2.json",
    "autoscale": "min=2 max=9 cpu=70",
    "set-image": "ratings-web=ratings.azurecr.io/ratings-web:v9",
}
"""What is typed into the line a key opens, by its mode; otherwise what stands there."""
NARROWING = ("filter", "search")
"""Modes that leave fewer rows: typed and taken back."""


class EditingApp(StampdeckApp):
    """The console where there is no terminal to lend: an editor runs beside it."""

    @contextmanager
    def suspend(self) -> Iterator[None]:
        yield


class Operator:
    """Presses keys on a running console; `proposed` are the ids of the actions whose dialog came with a plan."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        self.proposed: set[str] = set()
        self.visited: dict[type[FramedScreen], set[str]] = {}

    @property
    def app(self) -> Any:
        """The console."""
        return self.pilot.app

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something to become true; fails with what is on the screen."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come; on screen:\n{screen_text(self.app)}"
            await self.pilot.pause(0.01)

    async def visit(self, place: Place) -> FramedScreen:
        """Go to a place, and wait for the rows of its table if it has one."""
        self.app.go(place, fresh=True)
        await self.until(lambda: getattr(self.app.screen, "place", None) == place, str(place))
        screen = self.app.screen
        assert isinstance(screen, FramedScreen)
        await self.until(lambda: screen.is_mounted and screen.is_current, "the screen")
        return screen

    async def press_all(self, place: Place, marks: int = 0) -> None:
        """Press every key of the screen at this place, with so many rows of each stamp marked before each of them.

        Of a screen that was seen at another place only what changes something, which is another change there.
        """
        screen = await self.visit(place)
        pressed = self.visited.setdefault(type(screen), set())
        for action in screen.all_actions():
            if action.id in self._ends(place) or (not action.writes and action.id in pressed):
                continue
            if not screen.check_action(action.method.partition("(")[0], ()):
                continue
            pressed.add(action.id)
            for key in action.keys.split(","):
                if self.app.screen is not screen or screen.place != place:
                    screen = await self.visit(place)
                await self._set_rows(screen, marks)
                await self._press(screen, action, key)
                await self._come_back(screen)

    @staticmethod
    def _ends(place: Place) -> tuple[str, ...]:
        """What arms the console, and what ends it."""
        return ("common.arm", "common.quit", *(("common.leave",) if place == FleetPlace() else ()))

    async def _set_rows(self, screen: FramedScreen, marks: int) -> None:
        """Have a row under the cursor, or some marked on each stamp."""
        tables = list(screen.query(LiveTable))
        if not tables or not tables[0].display or not isinstance(screen.main, LiveTable):
            return
        table = tables[0]
        if marks:
            await self.until(lambda: len({row.stamp for row in table.shown_rows}) > 1, "rows of two stamps")
            table.clear_marks()
            for stamp in dict.fromkeys(row.stamp for row in table.shown_rows):
                rows = [row for row in table.shown_rows if row.stamp == stamp][:marks]
                for row in rows:
                    table.move_to(row.uid)
                    await self.pilot.press("space")

    async def _press(self, screen: FramedScreen, action: Action, key: str) -> None:
        before = set(self.app.workers)
        await self.pilot.press(key)

        def is_settled() -> bool:
            new: list[Worker[Any]] = [each for each in self.app.workers if each not in before and each.group != "work"]
            return self.app.screen is not screen or screen.has_open_prompt or all(each.is_finished for each in new)

        await self.until(is_settled, f"the end of {action.id}")
        if screen.has_open_prompt:
            await self._answer(screen)
            await self.until(lambda: not screen.has_open_prompt, f"the answer of {action.id}")
            await self.until(is_settled, f"the end of {action.id}")
        await self._say_yes(action)

    async def _answer(self, screen: FramedScreen) -> None:
        prompt = screen.prompt
        if prompt._mode in NARROWING:
            await self.pilot.press("a", "escape")
            return
        if prompt._mode in ANSWERS:
            prompt._field.value = ANSWERS[prompt._mode]
        elif prompt._mode == "command":
            prompt._field.value = "fleet"
        await self.pilot.press("enter")
        await self.pilot.pause()
        if prompt.has_class("-problem"):
            await self.pilot.press("escape")

    async def _say_yes(self, action: Action) -> None:
        """Answer every dialog that comes, until none comes any more."""
        stager, runs = self.app.deck.writing.stager, self.app.deck.writing.runs

        def is_over() -> bool:
            return isinstance(self.app.screen, GateDialog) or not (stager.active or runs.active)

        while True:
            await self.until(is_over, f"the end of what {action.id} began")
            dialog = self.app.screen
            if not isinstance(dialog, GateDialog):
                return
            await self._say_yes_to(dialog, action)

    async def _say_yes_to(self, dialog: GateDialog, action: Action) -> None:
        await self.until(lambda: dialog._proposal is not None or dialog._problem, "the plan")
        work, proposal = dialog._work, dialog._proposal
        if work is None or proposal is None:
            await self.pilot.press("escape")
            await self.until(lambda: self.app.screen is not dialog, "the end of the dialog")
            return
        self.proposed.add(action.id)
        yes = dialog.query_one("#yes", Button)
        assert yes.disabled, "unarmed, and yes can be said"
        await self.pilot.click("#yes")
        yes.press()
        dialog.post_message(Button.Pressed(yes))
        await self.pilot.press("right", "c")
        assert self.app.screen is dialog, "unarmed, and something was agreed to"
        # Past the dialog, with all that it could ask for: the gate is what says no.
        rules = tuple(dict.fromkeys(each.rule for each in proposal.findings))
        consent = Consent(True, (proposal.change.stamp,), rules, "because")
        dialog.dismiss(Agreement(work, proposal, consent))
        await self.until(lambda: self.app.screen is not dialog, "the end of the dialog")
        await self.pilot.pause()

    async def _come_back(self, screen: FramedScreen) -> None:
        """Leave what a key opened on top of the screen."""
        while self.app.screen is not screen and screen in self.app.screen_stack:
            self.app.pop_screen()
            await self.pilot.pause()
