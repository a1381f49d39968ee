"""Every key of the screen behind it, as it is configured now."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from screens.actions import Action, key_name
from screens.frame import FramedScreen
from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, as_content, cut, line, wrap

KEY_WIDTH = 16
WRITES = "writes"


def effective_keys(screen: FramedScreen) -> dict[str, list[str]]:
    """Return the keys in force by action id, remaps included."""
    keys: dict[str, list[str]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.id and active.enabled:
            keys.setdefault(active.binding.id, []).append(key_name(key))
    return keys


def widget_keys(screen: FramedScreen) -> list[tuple[str, list[str]]]:
    """Return what the focused widget itself answers to: (description, keys), movement mostly."""
    found: dict[str, list[str]] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if binding.id is None and binding.description and active.node not in (screen, screen.app):
            found.setdefault(binding.description, []).append(key_name(key))
    return list(found.items())


def help_lines(
    actions: tuple[Action, ...], keys: dict[str, list[str]], moves: list[tuple[str, list[str]]], width: int
) -> list[Line]:
    """Return all keys by group; what has no key here is left out."""
    lines: list[Line] = []
    groups = dict.fromkeys(action.group for action in actions)
    for group in groups:
        rows = [(keys[action.id], action) for action in actions if action.group == group and action.id in keys]
        if rows:
            said = [each for names, action in rows for each in _row(names, action, width)]
            lines += [line((group, "title")), *said, EMPTY]
    if moves:
        lines.append(line(("Moving", "title")))
        lines += [line((f"  {' '.join(names):<{KEY_WIDTH}}", "accent"), title) for title, names in moves]
    return lines


def _row(keys: list[str], action: Action, width: int) -> list[Line]:
    said = wrap(action.help, max(20, width - KEY_WIDTH - 2), 4)
    writes = line((f"  ({WRITES})", "warn")) if action.writes else ()
    first = (*line((f"  {' '.join(keys):<{KEY_WIDTH}}", "accent"), said[0]), *writes)
    return [cut(first, width), *(line(" " * (KEY_WIDTH + 2), more) for more in said[1:])]


class HelpScreen(ModalScreen[None]):
    """The keys of one screen, over it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar = [
        Binding("escape,q,question_mark,enter", "dismiss", "close"),
        Binding("ctrl+q,ctrl+c", "app.quit", "quit", priority=True),
        Binding("down,j", "roll(1)", "down", show=False),
        Binding("up,k", "roll(-1)", "up", show=False),
        Binding("pagedown,space", "roll(15)", "page down", show=False),
        Binding("pageup", "roll(-15)", "page up", show=False),
    ]

    def __init__(self, behind: FramedScreen, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._actions = behind.all_actions()
        self._keys = effective_keys(behind)
        self._moves = widget_keys(behind)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="sheet", can_focus=False) as sheet:
            sheet.border_title = "keys of this screen"
            sheet.border_subtitle = "esc closes"
            width = min(self.app.size.width, 96) - 14
            yield Static(as_content(help_lines(self._actions, self._keys, self._moves, width)), markup=False)

    def action_roll(self, lines: int) -> None:
        self.query_one("#sheet", VerticalScroll).scroll_relative(y=lines, animate=False)
