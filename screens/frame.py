"""The frame around every screen: top line, key line, prompt, and the actions all screens share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widget import Widget

from screens.actions import Action, bindings
from screens.chrome import KeyLine, TopLine, WriteMode
from screens.common_actions import COMMON, PALETTE
from screens.deck import Deck
from screens.gate.proposing import Proposing
from screens.places import HistoryPlace, Place, Visit

if TYPE_CHECKING:
    from screens.prompt import Prompt

_EARLY_S = 0.03
"""How much sooner than asked a frame may be drawn: the timer does not tick to the millisecond."""
_PROMPT_LATER_S = 1.0
"""When the prompt of a start is made ready: the first rows are on the screen by then."""


class FramedScreen(Proposing):
    """A screen at one place. Subclasses give `body`, and `draw`, which is called ten times a second at most."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    BINDINGS: ClassVar = bindings(COMMON)
    AUTO_FOCUS = ""
    PROMPT_LATER: ClassVar[bool] = False
    """Whether the prompt is made well after the first paint, which it would delay by 20 ms."""

    def __init__(self, deck: Deck, place: Place) -> None:
        super().__init__(deck)
        self.place = place
        self._frames: Timer | None = None
        self._framed_at = 0.0
        self._prompt: Prompt | None = None

    def compose(self) -> ComposeResult:
        yield TopLine(self.deck.glyphs)
        yield from self.body()
        yield KeyLine()
        if not self.PROMPT_LATER:
            yield self.prompt

    def body(self) -> Iterator[Widget]:
        """What stands between the top line and the key line."""
        raise NotImplementedError

    def draw(self) -> None:
        """Bring what changed to the widgets; must be cheap when nothing did."""

    @property
    def main(self) -> Widget | None:
        """The widget that has the keys while no prompt is open."""
        return None

    def on_mount(self) -> None:
        self._frames = self.set_interval(0.1, self._frame_if_due)
        self._frame()
        self._focus_main()
        if self.PROMPT_LATER:
            self.set_timer(_PROMPT_LATER_S, self._bring_prompt)

    async def _bring_prompt(self) -> None:
        if not self.prompt.is_attached:
            await self.mount(self.prompt)

    def on_screen_suspend(self) -> None:
        if self._frames is not None:
            self._frames.pause()

    def on_screen_resume(self) -> None:
        if self._frames is not None:
            self._frames.resume()
            self._frame()

    def _frame_if_due(self) -> None:
        """Draw the next frame, unless the link is slow and the last one was a short while ago."""
        if time.monotonic() - self._framed_at >= 1 / self.deck.frame_rate() - _EARLY_S:
            self._frame()

    def _frame(self) -> None:
        self._framed_at = time.monotonic()
        writing = self.deck.writing
        left_s, idle = writing.armed or (None, False)
        mode = WriteMode(left_s, idle, writing.active_count, writing.forward_count)
        self.query_one(TopLine).show(self.deck.crumbs(), self.deck.overview.snapshot, self.deck.clock.now(), mode)
        for run, outcome in writing.ended():
            text = str(outcome)
            where = "" if run.change.stamp in text else f"{run.change.stamp}: "
            self.say(f"{where}{text}", "information" if outcome.is_well else "error")
        self.draw()

    def _focus_main(self) -> None:
        if self.main is not None:
            self.set_focus(self.main)

    def visit(self, place: Place, *, fresh: bool = False) -> None:
        """Ask to go somewhere."""
        self.post_message(Visit(place, fresh=fresh))

    def all_actions(self) -> tuple[Action, ...]:
        """This screen's actions and those of all screens."""
        return (*self.ACTIONS, *COMMON, PALETTE)

    @property
    def prompt(self) -> Prompt:
        """The prompt line, made at the first use."""
        if self._prompt is None:
            from screens.prompt import Prompt

            self._prompt = Prompt(self.deck.prompts)
        return self._prompt

    @property
    def has_open_prompt(self) -> bool:
        """Whether the prompt takes the keys now."""
        return self._prompt is not None and self._prompt.is_open

    def close_prompt(self) -> None:
        """Close the prompt and give the keys back to the screen."""
        self.prompt.close()
        self._focus_main()

    async def action_command(self) -> None:
        from screens.command_line import complete  # the grammar of commands takes 4 ms: not before the first paint

        await self._bring_prompt()
        self.prompt.open(
            "command",
            ":",
            completer=lambda text: complete(text, self.deck.words),
            hint="kind, fleet, doctor, @stamp, q",
        )

    async def action_back(self) -> None:
        if self.has_open_prompt:
            self.close_prompt()
            self._release_keys(self.prompt)
        elif not self.step_back():
            await self.app.run_action("step_back")

    def step_back(self) -> bool:
        """Undo one thing on this screen (filter, marks, …); False when there is nothing to undo."""
        return False

    async def action_leave(self) -> None:
        await self.app.run_action("leave")

    async def action_earlier(self) -> None:
        await self.app.run_action("walk(-1)")

    async def action_later(self) -> None:
        await self.app.run_action("walk(1)")

    def action_history(self) -> None:
        if not isinstance(self.place, HistoryPlace):
            self.visit(HistoryPlace())

    async def action_theme(self) -> None:
        await self.app.run_action("next_theme")

    def action_help(self) -> None:
        from screens.help.screen import HelpScreen

        self.app.push_screen(HelpScreen(self, self.deck.glyphs))

    def on_prompt_abandoned(self, event: Prompt.Abandoned) -> None:
        self.close_prompt()
        self.abandoned(event.mode)
        self._release_keys(self.prompt)

    def on_prompt_edited(self, event: Prompt.Edited) -> None:
        self.prompt.show_problem(self.edited(event.mode, event.text) if event.mode != "command" else "")

    async def on_prompt_entered(self, event: Prompt.Entered) -> None:
        prompt = self.prompt
        if event.mode == "command":
            problem = await self.obey(event.text)
        else:
            problem = self.entered(event.mode, event.text)
        if problem:
            self.prompt.show_problem(problem)
        else:
            self.close_prompt()
        self.call_later(self._release_keys, prompt)  # behind the visit this may have asked for

    def _release_keys(self, prompt: Prompt) -> None:
        self.app.call_later(prompt.release)  # by the application: keys that a screen sends are not heard by that screen

    def edited(self, mode: str, text: str) -> str:
        """Take a prompt's text while it is typed; return what is wrong with it, or nothing."""
        return ""

    def entered(self, mode: str, text: str) -> str:
        """Take a prompt's text when it is entered; return what is wrong with it, or nothing."""
        return self.edited(mode, text)

    def abandoned(self, mode: str) -> None:
        """Undo what typing did: the prompt was left with esc."""

    async def obey(self, text: str) -> str:
        """Carry out a command as typed after `:`; return what is wrong with it, or nothing."""
        from screens.command_line import parse_command

        command = parse_command(text, self.deck.words, self.place)
        if command.verb == "problem":
            return command.text
        if command.verb == "visit" and command.place is not None:
            self.visit(command.place, fresh=True)
        elif command.verb == "quit":
            await self.app.run_action("quit")
        elif command.verb == "help":
            self.action_help()
        elif command.verb == "theme":
            await self.app.run_action(f"use_theme({command.text!r})" if command.text else "next_theme")
        return ""
