"""The fleet as one line per stamp, for many stamps or a small terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backends.model.age import format_duration
from backends.model.fleet import StampSnapshot
from screens.fleet.rows import LABEL, pods_line, run_line
from screens.glyphs import HEALTH_TONES, Glyphs
from screens.lines import Line, Piece, cut, line, width_of, wrap
from screens.widgets.sparkline import sparkline

if TYPE_CHECKING:
    from backends.operations.engine.fleet_jobs import GoingRun

_TITLES = ("STATE", "VERSION", "NODES", "PODS", "15 MIN", "CPU", "MEM", "ANSWER")
_ANSWER = 12


def dense_lines(
    stamps: Sequence[StampSnapshot],
    chosen: int,
    now: float,
    width: int,
    glyphs: Glyphs,
    going: Mapping[str, GoingRun] | None = None,
) -> list[Line]:
    """Return a heading and a line per stamp, with a second line for a run, or the reason where it is not LIVE."""
    names = max((len(stamp.name) for stamp in stamps), default=5) + 3
    sizes = _sizes(width - names)
    heading = f"{'  STAMP':<{names}}" + "".join(
        f"{title:<{size}}"[:size] for title, size in zip(_TITLES, sizes, strict=True)
    )
    lines = [cut(line((heading, "dim")), width, glyphs.more)]
    for number, stamp in enumerate(stamps):
        lines.append(cut(_stamp_line(stamp, number == chosen, names, sizes, now, glyphs), width, glyphs.more))
        if going and stamp.name in going:
            bar = run_line(going[stamp.name], width - names, glyphs)
            lines.append(cut((*line(" " * names), *bar), width, glyphs.more))
        if stamp.api.is_degraded:
            said = " — ".join(part for part in (stamp.api.reason, stamp.api.todo) if part)
            lines += [line(" " * names, (text, "warn")) for text in wrap(said, width - names, 1)]
    return lines


def _sizes(room: int) -> tuple[int, ...]:
    """Return the widths of the columns: version and sparkline only where there is room for them."""
    version = 9 if room >= 84 else 0
    state = 15 if room >= 80 else 13
    pods = max(14, min(38, room - state - version - 6 - 8 - 5 - 5 - _ANSWER))
    answer = max(_ANSWER, room - state - version - 6 - pods - 8 - 5 - 5)
    return state, version, 6, pods, 8, 5, 5, answer


def _stamp_line(
    stamp: StampSnapshot, chosen: bool, names: int, sizes: tuple[int, ...], now: float, glyphs: Glyphs
) -> Line:
    tone = HEALTH_TONES[stamp.api.health]
    age = stamp.api.age_s(now)
    cells = (
        line((f"{glyphs.health(stamp.api.health)} {stamp.api.health}", f"{tone}-strong"), (_age(age), "dim")),
        line((stamp.kubernetes_version, "dim")),
        _nodes(stamp),
        pods_line(stamp, now, sizes[3] + LABEL - 1)[1:],
        _trouble(stamp),
        *_shares(stamp),
        _answer(stamp, sizes[-1] - _ANSWER, glyphs),
    )
    pieces: list[Piece] = [
        *line((f"{glyphs.crumb} " if chosen else "  ", "accent"), (f"{stamp.name:<{names - 2}}", "strong"))
    ]
    for cell, size in zip(cells, sizes, strict=True):
        shown = cut(cell, size - 1, glyphs.more) if size else ()
        pieces += (*shown, Piece(" " * (size - width_of(shown))))
    return tuple(pieces)


def _age(age: float | None) -> str:
    return "" if age is None else f" {format_duration(age)}"


def _nodes(stamp: StampSnapshot) -> Line:
    if stamp.nodes_total is None:
        return line(("–", "dim"))
    well = stamp.nodes_ready == stamp.nodes_total
    return line((f"{stamp.nodes_ready}/{stamp.nodes_total}", None if well else "bad-strong"))


def _trouble(stamp: StampSnapshot) -> Line:
    if stamp.restarts_15m is None and stamp.warnings_15m is None:
        return line(("–", "dim"))
    restarts, warnings = stamp.restarts_15m or 0, stamp.warnings_15m or 0
    return line((f"{restarts}r {warnings}w", "warn" if restarts or warnings else "dim"))


def _shares(stamp: StampSnapshot) -> tuple[Line, Line]:
    usage = stamp.usage
    if usage is None:
        return line(("–", "dim")), line(("–", "dim"))
    return (
        _share(usage.cpu_used_millicores, usage.cpu_allocatable_millicores),
        _share(usage.memory_used_bytes, usage.memory_allocatable_bytes),
    )


def _share(used: int, of: int) -> Line:
    share = used / of if of else 0.0
    return line((f"{share:.0%}", "bad-strong" if share >= 0.9 else "warn" if share >= 0.75 else None))


def _answer(stamp: StampSnapshot, room: int, glyphs: Glyphs) -> Line:
    if not stamp.probes:
        return line(("–", "dim"))
    last = stamp.probes[-1]
    if not last.ok:
        return line((f"{glyphs.down} {last.status or 'none'}", "bad-strong"))
    latency = "" if last.latency_s is None else f" {last.latency_s * 1000:.0f}ms"
    values = [sample.latency_s if sample.ok else None for sample in stamp.probes]
    chart = sparkline(values, min(20, room), ascii_only=glyphs.full == "#") if room >= 4 else ""
    return line((f"{glyphs.good}", "good"), f"{latency:<7}", (chart, "name"))
