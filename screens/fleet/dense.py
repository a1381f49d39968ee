"""The fleet as one line per stamp, for many stamps or a small terminal."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.age import format_duration
from backends.model.fleet import StampSnapshot
from screens.fleet.rows import pods_line
from screens.glyphs import HEALTH_TONES, Glyphs
from screens.lines import Line, Piece, cut, line, width_of, wrap
from screens.widgets.sparkline import sparkline

_WIDTHS = (16, 9, 7, 26, 8, 5, 5)
_TITLES = ("STATE", "VERSION", "NODES", "PODS", "15 MIN", "CPU", "MEM", "ANSWER")


def dense_lines(stamps: Sequence[StampSnapshot], chosen: int, now: float, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a heading and a line per stamp, with a second line of reason for each that is not LIVE."""
    names = max((len(stamp.name) for stamp in stamps), default=5) + 3
    heading = (
        "  "
        + f"{'STAMP':<{names - 2}}"
        + "".join(f"{title:<{size}}" for title, size in zip(_TITLES, (*_widths(width, names), 8), strict=True))
    )
    lines = [cut(line((heading, "dim")), width, glyphs.more)]
    for number, stamp in enumerate(stamps):
        lines.append(cut(_stamp_line(stamp, number == chosen, names, now, width, glyphs), width, glyphs.more))
        if stamp.api.is_degraded:
            said = " — ".join(part for part in (stamp.api.reason, stamp.api.todo) if part)
            lines += [line((" " * names, ""), (text, "warn")) for text in wrap(said, width - names, 1)]
    return lines


def _widths(width: int, names: int) -> tuple[int, ...]:
    spare = width - names - sum(_WIDTHS) - 24
    state, version, nodes, pods, trouble, cpu, memory = _WIDTHS
    return state, version, nodes, max(14, pods + min(14, spare)), trouble, cpu, memory


def _stamp_line(stamp: StampSnapshot, chosen: bool, names: int, now: float, width: int, glyphs: Glyphs) -> Line:
    tone = HEALTH_TONES[stamp.api.health]
    sizes = _widths(width, names)
    age = stamp.api.age_s(now)
    cells = (
        line((f"{glyphs.health(stamp.api.health)} {stamp.api.health}", f"{tone}-strong"), (_age(age), "dim")),
        line((stamp.kubernetes_version, "dim")),
        _nodes(stamp),
        tuple(pods_line(stamp, sizes[3] + 6)[1:]),
        _trouble(stamp),
        *_shares(stamp),
        _answer(stamp, max(0, width - names - sum(sizes) - 12), glyphs),
    )
    pieces: list[Piece] = [
        *line((f"{glyphs.crumb} " if chosen else "  ", "accent"), (f"{stamp.name:<{names - 2}}", "strong"))
    ]
    for cell, size in zip(cells, (*sizes, 40), strict=True):
        shown = cut(cell, size - 1, glyphs.more)
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
    return line((f"{glyphs.good}", "good"), f"{latency:<7}", (chart, "accent"))
