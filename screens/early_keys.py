"""Keys typed before what they are meant for is there are obeyed like any others, later."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App

from screens.places import Visit

_STARTING = "starting"
_QUITTING = frozenset({"ctrl+q", "ctrl+c"})


class EarlyKeys(App[Any]):
    """Mixin for an App, before App in the bases.

    Until the console sets its terminal to raw mode (termios(3), ICRNL) the terminal itself makes a line feed of
    every Enter: a command typed while it starts would be left standing in the prompt. Ctrl+J, the same character,
    is Enter as well.

    A burst over a slow link, or fast fingers, is not all for what has the keys now: while an answer is being taken
    or a place cannot be shown yet, keys are held, those on their way between widgets too. Keys that quit are not.
    """

    _holding: frozenset[str] = frozenset()
    _held_keys: tuple[events.Key, ...] = ()
    _passing: events.Key | None = None
    _wanted: Visit | None = None

    @property
    def holds_keys(self) -> bool:
        """Whether keys are set aside now."""
        return bool(self._holding)

    def hold_keys(self, why: str, *, but: events.Key | None = None) -> None:
        """Set keys aside from now on, all but the one that is still on its way."""
        self._holding |= {why}
        self._passing = but

    def release_keys(self, why: str) -> None:
        """Pass on what was set aside, unless it is held for another reason too."""
        self._holding -= {why}
        if not self._holding:
            held, self._held_keys = self._held_keys, ()
            for key in held:
                self.post_message(events.Key(key.key, key.character))

    def set_aside(self, key: events.Key) -> None:
        """Keep a key until they are released."""
        self._held_keys += (key,)

    def go_later(self, visit: Visit) -> None:
        """Visit a place as soon as there can be one (`go_now`); keys typed until then are for that place."""
        self._wanted = visit
        self.hold_keys(_STARTING)
        self.notify(f"starting: {visit.place.crumb} opens in a moment", timeout=2, markup=False)

    def go_now(self) -> None:
        """Places can be shown, or never will: visit the one that waits, then give back the keys."""
        if self._wanted is not None:
            self.post_message(self._wanted)
            self._wanted = None
        self.call_later(self.release_keys, _STARTING)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            if event.key == "ctrl+j":
                event = events.Key("enter", "\r")
            if self._holding and event is not self._passing and event.key not in _QUITTING:
                self.set_aside(event)
                event.prevent_default().stop()
                return
        await super().on_event(event)
