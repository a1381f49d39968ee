"""What a program writes to a terminal, as pyte understands it, with the questions answered that pyte does not know."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyte

_SPECIAL = re.compile(
    r"\x1b\[\?(?P<query>\d+)\$p"
    r"|\x1b\[\?(?P<set>[\d;]+)(?P<how>[hl])"
    r"|\x1b\[(?P<attributes>>?)0?c"
    r"|\x1b\[(?P<report>[56])n"
    r"|\x1b\[[<>=?][0-9;$]*[a-gi-km-zA-Z]"
    r"|\x1bP[^\x1b]*\x1b\\"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
)
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[P\]][^\x07\x1b]*\x1b?)?$")
_KNOWN_MODES = {2026: 2}
"""Modes this terminal knows and the state it reports: 2 is "reset"."""


class TerminalScreen(pyte.Screen):  # type: ignore[misc]
    """A pyte screen that can be read at any time: pyte's own `display` fails on a wide character cut in two."""

    @property
    def display(self) -> list[str]:
        """The lines as text."""
        columns = range(self.columns)
        return ["".join(self.buffer[y][x].data for x in columns) for y in range(self.lines)]


class TerminalStream:
    """Feeds a pyte screen. `changes` counts characters drawn and lines moved; `modes` are private modes set."""

    def __init__(self, screen: pyte.Screen, answer: Callable[[bytes], None] | None) -> None:
        self.screen = screen
        self.modes: set[int] = set()
        self.changes = 0
        self.operating_system_commands: list[str] = []
        self._answer = answer
        self._stream = pyte.Stream(screen)
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take what arrived; a sequence cut in two waits for its other half."""
        text = self._rest + text
        incomplete = _INCOMPLETE.search(text)
        self._rest = text[incomplete.start() :] if incomplete else ""
        text = text[: incomplete.start()] if incomplete else text
        at = 0
        for special in _SPECIAL.finditer(text):
            self._draw(text[at : special.start()])
            at = special.end()
            self._obey(special)
        self._draw(text[at:])

    def _draw(self, text: str) -> None:
        if text:
            self._stream.feed(text)
            if re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", text) or re.search(r"\x1b\[[0-9;]*[JKLMPX@]", text):
                self.changes += 1

    def _obey(self, special: re.Match[str]) -> None:
        if special["query"]:
            mode = int(special["query"])
            self._reply(f"\x1b[?{mode};{_KNOWN_MODES.get(mode, 0)}$y")
        elif special["set"]:
            self._set_modes([int(mode) for mode in special["set"].split(";")], special["how"] == "h")
        elif special["attributes"] is not None:
            self._reply("\x1b[>41;354;0c" if special["attributes"] else "\x1b[?62;22c")
        elif special["report"] == "5":
            self._reply("\x1b[0n")
        elif special["report"] == "6":
            cursor: Any = self.screen.cursor
            self._reply(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
        elif special["osc"] is not None:
            self.operating_system_commands.append(special["osc"])

    def _set_modes(self, modes: list[int], is_set: bool) -> None:
        self.modes = self.modes | set(modes) if is_set else self.modes - set(modes)
        if 1049 in modes:
            self.screen.erase_in_display(2)
            self.screen.cursor_position()
        if 7 in modes:
            (self.screen.set_mode if is_set else self.screen.reset_mode)(7, private=True)

    def _reply(self, text: str) -> None:
        if self._answer is not None:
            self._answer(text.encode())
