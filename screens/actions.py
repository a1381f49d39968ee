"""An action is declared once; its binding, footer entry, palette entry, help row and remappable key come from here."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual.binding import Binding, BindingType


class Action(msgspec.Struct, frozen=True):
    """Something a key does on a screen.

    `id` is what the configuration's `keys:` names, such as `resources.describe`. `keys` are Textual's key
    names separated by commas. `call` is the screen's `action_…` method (with literal arguments), by default
    the part of `id` after the dot. `footer` is a short label, empty to keep it out of the footer.
    """

    id: str
    keys: str
    title: str
    help: str
    group: str
    footer: str = ""
    writes: bool = False
    call: str = ""
    shown_as: str = ""
    priority: bool = False

    @property
    def method(self) -> str:
        """The call as Textual parses it: `describe`, `since(300)`."""
        return self.call or self.id.rpartition(".")[2].replace("-", "_")

    def binding(self) -> Binding:
        """The Textual binding: its id makes it remappable."""
        return Binding(
            self.keys,
            self.method,
            self.footer or self.title,
            show=bool(self.footer),
            id=self.id,
            priority=self.priority,
            key_display=self.shown_as or None,
        )


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """The bindings of a screen, in the order its actions are declared (which is the footer's order)."""
    return [action.binding() for action in actions]


_KEY_WORDS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "backslash": "\\",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "minus": "-",
    "escape": "esc",
    "enter": "enter",
    "space": "space",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "greater_than_sign": ">",
    "less_than_sign": "<",
}


def key_name(key: str) -> str:
    """Return how a key is written for people: `ctrl+r` → `^r`, `question_mark` → `?`, `N` → `N`."""
    *modifiers, last = key.split("+") if key != "+" else [key]
    name = _KEY_WORDS.get(last, last)
    if "ctrl" in modifiers:
        name = f"^{name}"
    if "shift" in modifiers:
        name = f"shift-{name}"
    if "alt" in modifiers:
        name = f"alt-{name}"
    return name
