"""Keys typed before the console listens are obeyed like any others."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App


class EarlyKeys(App[Any]):
    """Mixin for an App, before App in the bases.

    Until the console sets its terminal to raw mode (termios(3), ICRNL) the terminal itself makes a line feed of
    every Enter: a command typed while it starts would be left standing in the prompt. Ctrl+J, the same character,
    is Enter as well.
    """

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "ctrl+j" and not event.is_forwarded:
            event = events.Key("enter", "\r")
        await super().on_event(event)
