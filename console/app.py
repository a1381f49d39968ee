"""The application: it starts, navigates, and stops. Nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import Theme

from backends.clock import Clock, SystemClock
from backends.errors import StampdeckError
from backends.model import inert
from screens.actions import bindings
from screens.catalog import build_screen
from screens.clipboard import ClipboardMixin
from screens.common_actions import PALETTE
from screens.deck import Deck
from screens.early_keys import EarlyKeys
from screens.fleet.screen import FLEET_CSS, FleetScreen
from screens.frame import FramedScreen
from screens.glyphs import ASCII, choose_glyphs
from screens.learning import learn_words
from screens.leaving import LeavingAsks
from screens.output.ack_pacing import AckPacing
from screens.output.ascii_lines import AsciiLines
from screens.overview import Overview
from screens.palette import PaletteKey
from screens.places import FleetPlace, Moved, Place, Trail, Visit
from screens.theme_choice import ThemeChoice, short_name
from screens.themes import THEMES, theme_named
from screens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from textual.filter import LineFilter

    from backends.model.stamp import Stamp
    from console.wiring import Services
    from screens.faults.control import FaultControl

OpenServices = Callable[[], AbstractAsyncContextManager["Services"]]
_CLOSING_S = 3.0


class StampdeckApp(AckPacing, EarlyKeys, ClipboardMixin, ThemeChoice, PaletteKey, LeavingAsks, App[int]):
    """The console on a set of stamps. `open_services` is entered after the first paint and left at the end.

    `keys` maps ids of actions to keys; `command` is obeyed as soon as the services run, as if typed after `:`;
    `faults` is given by a demo only.
    """

    TITLE = "stampdeck"
    CSS_PATH = FLEET_CSS
    BINDINGS: ClassVar[list[Any]] = bindings([PALETTE])

    def _first_theme(self) -> str:
        return self._chosen_theme.name

    # A theme that is set after Textual's own start parses all styles once more: 10 ms before the first paint.
    theme: Reactive[str] = Reactive(Initialize(_first_theme))

    def __init__(
        self,
        stamps: tuple[Stamp, ...],
        open_services: OpenServices,
        *,
        clock: Clock | None = None,
        keys: Mapping[str, str] | None = None,
        theme: str = "",
        ascii_only: bool = False,
        command: str = "",
        faults: FaultControl | None = None,
    ) -> None:
        self._chosen_theme = theme_named(theme) or THEMES[0]
        super().__init__()
        self._command = command
        self._open_services = open_services
        self._faults = faults
        self._services: Services | None = None
        self._services_task: asyncio.Task[None] | None = None
        self._trail = Trail()
        self._ascii_lines = AsciiLines()
        self._keys = dict(keys or {})
        names = tuple(stamp.name for stamp in stamps)
        self.deck = Deck(
            overview=Overview(stamps),
            clock=clock or SystemClock(),
            glyphs=choose_glyphs(ascii_only),
            frame_rate=lambda: self.frame_rate,
            crumbs=self._crumbs,
            copy=self.copy_to_clipboard,
            save=_save_text,
            words=Vocabulary(
                stamps=names, themes=tuple(short_name(each.name) for each in THEMES), faults=faults is not None
            ),
        )
        for each in THEMES:
            self.register_theme(each)

    def get_theme(self, theme_name: str) -> Theme | None:
        """Return a theme by name: ours are known before they can be registered, when Textual reads the first one."""
        return theme_named(theme_name) or super().get_theme(theme_name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes before it is drawn: Textual's own, then ASCII where there is nothing else."""
        return (*super().get_line_filters(), *([self._ascii_lines] if self.deck.glyphs is ASCII else ()))

    def get_default_screen(self) -> Screen[Any]:
        """Home is the bottom of the stack: painted from the configuration alone."""
        return FleetScreen(self.deck)

    def on_mount(self) -> None:
        if self._keys:
            self.set_keymap(self._keys)
        self._trail.add(FleetPlace())
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self._end_by_signal, number)
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self._services_task = asyncio.create_task(self._run_services(), name="services")

    async def _run_services(self) -> None:
        """Hold the services open until the application ends; a failure to start is shown, not raised."""
        try:
            async with self._open_services() as services:
                self._services = services
                self.deck.overview.connect(services.fleet)
                self.deck.writing.connect(services)
                await self._obey_first_command()
                self.go_now()
                await learn_words(self.deck.words, services.resources, self.deck.clock)
        except StampdeckError as error:
            self._fail(str(error))
        except Exception as error:  # whatever it was, the operator is told and can still quit
            self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, reason: str) -> None:
        self._services = None
        self.deck.writing.disconnect()
        self.deck.overview.fail(inert.line(reason))
        self.go_now()

    async def on_event(self, event: events.Event) -> None:
        """Every key counts as someone being there, whoever takes it."""
        if isinstance(event, events.Key):
            self.deck.writing.touch()
        await super().on_event(event)

    async def _obey_first_command(self) -> None:
        home = self.screen_stack[0]
        if self._command and isinstance(home, FramedScreen) and (problem := await home.obey(self._command)):
            home.say(problem, "warning")

    async def on_unmount(self) -> None:
        if self._services_task is not None:
            self._services_task.cancel()
            await asyncio.wait({self._services_task}, timeout=_CLOSING_S)

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def on_key(self, event: events.Key) -> None:
        """Keys typed right after the one that opened a prompt were sent to what had the focus then: bring them home."""
        screen = self.screen
        if isinstance(screen, FramedScreen) and screen.has_open_prompt and screen.prompt.type_ahead(event):
            event.prevent_default().stop()

    def on_visit(self, message: Visit) -> None:
        """Go where a screen asks to go."""
        message.stop()
        self.go(message.place, fresh=message.fresh)

    def on_moved(self, message: Moved) -> None:
        """Note where a screen went by itself."""
        message.stop()
        self._trail.add(message.place)

    def go(self, place: Place, *, fresh: bool = False, record: bool = True) -> None:
        """Show a place: on top of what is shown, or on top of home when `fresh`; once the services run."""
        if self._services is None and not self.deck.overview.failure and not isinstance(place, FleetPlace):
            self.go_later(Visit(place, fresh=fresh))
            return
        screen = self._screen_of(place)
        if screen is None and not isinstance(place, FleetPlace):
            return
        if record:
            self._trail.add(place)
        keep = 1 if screen is None else 2
        while (fresh or screen is None) and len(self.screen_stack) > keep:
            self.pop_screen()
        if screen is not None:
            if fresh and len(self.screen_stack) == 2:
                self.switch_screen(screen)
            else:
                self.push_screen(screen)

    def _screen_of(self, place: Place) -> FramedScreen | None:
        if isinstance(place, FleetPlace):
            return None
        if self._services is None:
            self.notify(self.deck.overview.failure, severity="warning", markup=False)
            return None
        return build_screen(place, self.deck, self._services, self._faults)

    def _crumbs(self) -> tuple[str, ...]:
        return tuple(screen.place.crumb for screen in self.screen_stack if isinstance(screen, FramedScreen))

    def action_step_back(self) -> None:
        """Leave the screen on top; home stays."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_leave(self) -> None:
        """Leave the screen on top; at home, the application."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.leave_console()

    def action_walk(self, by: int) -> None:
        """Go back or forward along the places visited."""
        place = self._trail.step(by)
        if place is not None:
            self.go(place, fresh=True, record=False)

    def _fatal_error(self) -> None:
        """Print the traceback without the values of variables, which may hold secrets, and made inert."""
        lines = [inert.line(part) for part in traceback.format_exc().splitlines()]
        self._exit_renderables.append(Text("\n".join(lines)))
        self._close_messages_no_wait()


def _save_text(name: str, lines: Iterable[str]) -> Path:
    from console.saved_texts import save_text  # only when something is saved

    return save_text(name, lines)
