"""Forwarded ports and what happened to them, as rows and lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backends.model.age import format_duration
from backends.model.forward import Forward, ForwardState, format_bytes
from backends.model.table import Row
from screens.glyphs import Glyphs
from screens.lines import Line, line, wrap
from screens.simple_table import text_row

if TYPE_CHECKING:
    from backends.operations.forwarding import ForwardLine

TITLES = ("STATE", "ADDRESS", "STAMP", "TARGET", "PORT", "POD", "OPEN", "SERVED", "OUT/IN", "FOR")
_TONES = {ForwardState.READY: "good", ForwardState.WAITING: "warn"}
_CLOCK = "HH:MM:SS  "


def forward_rows(forwards: Sequence[Forward], now: float, glyphs: Glyphs) -> dict[str, Row]:
    """Return a row per forwarded port, by its number."""
    rows: dict[str, Row] = {}
    for each in forwards:
        tone = _TONES[each.state]
        glyph = glyphs.good if each.state is ForwardState.READY else glyphs.warn
        cells = (
            (f"{glyph} {each.state}", tone),
            (each.address, "accent"),
            (each.stamp, "name"),
            (each.target, None),
            (each.port, None),
            (each.pod or "none", None if each.pod else "warn"),
            (str(each.connections), None if each.connections else "dim"),
            (str(each.served), "dim"),
            (f"{format_bytes(each.sent)}/{format_bytes(each.received)}", "dim"),
            (format_duration(max(0.0, now - each.since)), "dim"),
        )
        rows[str(each.number)] = text_row(str(each.number), cells, stamp=each.stamp, name=each.address)
    return rows


def reason_lines(lines: Sequence[ForwardLine], width: int) -> list[Line]:
    """Return what happened to the ports, oldest first, broken to the width."""
    made: list[Line] = []
    for each in lines:
        at = time.strftime("%H:%M:%S", time.localtime(each.at))
        first, *rest = wrap(f"{each.address}: {each.text}", max(20, width - len(_CLOCK)), 6) or [""]
        tone = "warn" if each.is_trouble else ""
        made.append(line((at, "dim"), "  ", (first, tone)))
        made += [line(" " * len(_CLOCK), (part, tone)) for part in rest]
    return made
