"""Checks as lines: by stamp in configured order, each failure with why and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.checks import Check, Outcome
from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, line, wrap
from screens.widgets.fitting import fit

TONES = {Outcome.OK: "good", Outcome.WARN: "warn", Outcome.FAIL: "bad", Outcome.OFF: "dim"}
WIDEST_SOURCE = 26
_UNCUT = 1000

Block = tuple[Check | None, list[Line]]
"""A check with its lines, or the title of a stamp."""


def source_name(source: str) -> str:
    """Return a kind without its group: `horizontalpodautoscalers`."""
    return source.partition(".")[0]


def marks(glyphs: Glyphs) -> dict[Outcome, str]:
    """Return the sign of each outcome."""
    return {Outcome.OK: glyphs.good, Outcome.WARN: glyphs.warn, Outcome.FAIL: glyphs.down, Outcome.OFF: glyphs.off}


def summary_line(checks: Sequence[Check], running: bool) -> Line:
    """Return how many checks ended how."""
    counts = [(sum(check.outcome is outcome for check in checks), outcome) for outcome in Outcome]
    pieces = [(f"{count} {outcome}  ", TONES[outcome]) for count, outcome in counts if count]
    return line(*pieces, ("examining" if running else "done", "dim"))


def check_blocks(checks: Sequence[Check], stamps: Sequence[str], width: int, glyphs: Glyphs) -> list[Block]:
    """Return the checks grouped by stamp, in lines of at most `width` cells."""
    widest = max((len(source_name(check.source)) for check in checks), default=0)
    sources = max(12, min(WIDEST_SOURCE, widest)) + 2
    blocks: list[Block] = []
    of_fleet = [""] if any(not check.stamp for check in checks) else []
    for stamp in (*of_fleet, *stamps):
        blocks.append((None, [line((stamp or "fleet", "title"))]))
        blocks += [(check, _lines_of(check, sources, width, glyphs)) for check in checks if check.stamp == stamp]
        blocks.append((None, [EMPTY]))
    return blocks


def check_lines(checks: Sequence[Check], stamps: Sequence[str], width: int, glyphs: Glyphs) -> list[Line]:
    """Return all lines of `check_blocks`."""
    return [each for _, lines in check_blocks(checks, stamps, width, glyphs) for each in lines]


def _lines_of(check: Check, sources: int, width: int, glyphs: Glyphs) -> list[Line]:
    indent = sources + 9
    tone = TONES[check.outcome]
    took = f"  {check.elapsed_s * 1000:.0f} ms" if check.elapsed_s else ""
    first, *rest = wrap(check.what, width - indent - len(took), 4) or [""]
    head = line(
        (f"  {marks(glyphs)[check.outcome]} {check.outcome:<5}", f"{tone}-strong"),
        (fit(source_name(check.source), sources - 2) + "  ", "strong"),
        first,
        (took, "dim"),
    )
    return [
        head,
        *(line(" " * indent, text) for text in rest),
        *(line(" " * indent, (text, tone)) for text in wrap(check.why, width - indent, 4)),
        *(
            line((("do" if number == 0 else "").rjust(indent - 2) + "  ", "accent"), text)
            for number, text in enumerate(wrap(check.todo, width - indent, 4))
        ),
    ]


def whole_lines(check: Check, by_hand: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return everything about one check, nothing cut: also how to ask the same without the console."""
    tone = TONES[check.outcome]
    outcome = line((f"{marks(glyphs)[check.outcome]} {check.outcome}  ", f"{tone}-strong"), (check.source, "strong"))
    took = line(("took ", "dim"), f"{check.elapsed_s * 1000:.0f} ms") if check.elapsed_s else ()
    parts = [
        ("found", check.what, tone),
        ("why", check.why, None),
        ("do", check.todo, None),
        ("by hand", by_hand, None),
    ]
    lines = [outcome, *([took] if took else [])]
    for title, text, text_tone in parts:
        if text:
            lines += [EMPTY, line((title, "accent"))]
            lines += [line((each, text_tone)) for each in wrap(text, width, _UNCUT)]
    return lines
