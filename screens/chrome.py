"""The top line (where we are, how every stamp is) and the key line (what can be pressed here)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from backends.model.fleet import FleetSnapshot, StampSnapshot
from screens.actions import key_name
from screens.glyphs import HEALTH_TONES, Glyphs, is_starting
from screens.lines import Line, Piece, as_content, cut, line, spread, width_of


def stamp_chips(stamps: Sequence[StampSnapshot], glyphs: Glyphs, width: int) -> Line:
    """Return every stamp with its state in at most `width` cells: the word only where it is not LIVE."""
    pieces: list[Piece] = []
    for stamp in stamps:
        starting = is_starting(stamp.api)
        tone = "dim" if starting else HEALTH_TONES[stamp.api.health]
        glyph = glyphs.off if starting else glyphs.health(stamp.api.health)
        word = "" if stamp.api.is_live or starting else f" {stamp.api.health}"
        pieces += line((f"{glyph} ", tone), stamp.name, (word, f"{tone}-strong"), "  ")
    if width_of(tuple(pieces)) <= width:
        return tuple(pieces)
    live = sum(stamp.api.is_live for stamp in stamps)
    tone = "good" if live == len(stamps) else "bad"
    return line((f"{glyphs.live if live else glyphs.down} {live} of {len(stamps)} LIVE  ", tone))


class WriteMode(NamedTuple):
    """Seconds for which writing stays armed (None: it is not), whether for want of a key; changes going on, ports."""

    armed_left_s: float | None = None
    idle: bool = False
    active: int = 0
    ports: int = 0


READ_ONLY = WriteMode()


def mode_line(mode: WriteMode, width: int) -> Line:
    """Return the write state: read-only where there is room for it, armed always, with the time that is left."""
    runs = line((f"{mode.active} {'run' if mode.active == 1 else 'runs'}  ", "accent")) if mode.active else ()
    if mode.ports:
        runs = (*runs, *line((f"{mode.ports} {'port' if mode.ports == 1 else 'ports'}  ", "accent")))
    if mode.armed_left_s is None:
        return (*runs, *(line(("read-only  ", "dim")) if width >= 100 else ()))
    minutes, seconds = divmod(int(mode.armed_left_s + 0.999), 60)
    why = "idle " if mode.idle else ""
    return (*runs, *line((f"WRITE {why}{minutes}:{seconds:02}  ", "warn-strong")))


def top_line(
    crumbs: Sequence[str],
    fleet: FleetSnapshot,
    now: float,
    glyphs: Glyphs,
    width: int,
    mode: WriteMode = READ_ONLY,
) -> Line:
    """Return the top line: breadcrumbs left; stamps, write state and the clock right.

    Where not all of the right side fits, the clock goes first, then the stamps' names, then the counts of runs and
    ports: that writing is armed and how many stamps are live is always said.
    """
    clock, state = line((time.strftime("%H:%M:%S", time.localtime(now)), "dim")), mode_line(mode, width)
    chips, count = stamp_chips(fleet.stamps, glyphs, width // 2), stamp_chips(fleet.stamps, glyphs, 0)
    bare = mode_line(mode._replace(active=0, ports=0), width)
    choices = ((*chips, *state, *clock), (*chips, *state), (*count, *state, *clock), (*count, *state), (*count, *bare))
    right = next((each for each in choices if width_of(each) < width - width // 3), choices[-1])
    name = line(("stampdeck", "title"), "  ")
    room = width - width_of(name) - width_of(right) - 1
    return spread((*name, *crumbs_line(crumbs, room, glyphs)), right, width)


def crumbs_line(crumbs: Sequence[str], room: int, glyphs: Glyphs) -> Line:
    """Return the breadcrumbs; where there is no room those in the middle go first, the last one stays."""
    shown = list(crumbs)
    while True:
        pieces: list[Piece] = []
        for number, crumb in enumerate(shown):
            last = number == len(shown) - 1
            pieces += line((f" {glyphs.crumb} " if number else "", "dim"), (crumb, "strong" if last else "dim"))
        if width_of(tuple(pieces)) <= room or len(shown) < 2:
            return cut(tuple(pieces), room, glyphs.more)
        if len(shown) > 2 and shown[1] == glyphs.more:
            del shown[2 if len(shown) > 3 else 0]
        elif len(shown) > 2:
            shown[1] = glyphs.more
        else:
            del shown[0]


class TopLine(Widget):
    """One line above every screen."""

    DEFAULT_CSS = "TopLine { dock: top; height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._arguments: tuple[tuple[str, ...], FleetSnapshot, int, WriteMode] | None = None

    def show(self, crumbs: tuple[str, ...], fleet: FleetSnapshot, now: float, mode: WriteMode = READ_ONLY) -> None:
        """Draw anew if anything it shows changed."""
        arguments = (crumbs, fleet, int(now), mode._replace(armed_left_s=_whole(mode.armed_left_s)))
        if arguments != self._arguments:
            self._arguments = arguments
            self.refresh()

    def render(self) -> Content:
        if self._arguments is None:
            return Content("")
        crumbs, fleet, now, mode = self._arguments
        return as_content([top_line(crumbs, fleet, now, self._glyphs, self.size.width, mode)])


def _whole(seconds: float | None) -> float | None:
    """Whole seconds are all that is shown: the line is not drawn for less."""
    return None if seconds is None else float(int(seconds + 0.999))


class KeyLine(Widget):
    """One line below every screen: as many of its keys as fit, the most useful first."""

    DEFAULT_CSS = "KeyLine { dock: bottom; height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        return as_content([key_line(self._keys(), self.size.width)])

    def _keys(self) -> list[tuple[str, str]]:
        keys: dict[str, tuple[str, str]] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if binding.show and active.enabled and binding.id:
                keys.setdefault(binding.id, (binding.key_display or key_name(key), binding.description))
        ordered = sorted(keys, key=lambda each: each.startswith("common."))
        return [keys[each] for each in ordered]


def key_line(keys: Sequence[tuple[str, str]], width: int) -> Line:
    """Return `key title` pairs up to `width` cells; the last one given is always shown."""
    if not keys:
        return ()
    *rest, last = [(*line((key, "accent"), f" {title}"), Piece("   ")) for key, title in keys]
    shown: Line = ()
    for entry in rest:
        if width_of(shown) + width_of(entry) + width_of(last) > width + 3:
            break
        shown = (*shown, *entry)
    return cut((*shown, *last[:-1]), width)
