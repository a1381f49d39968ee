"""The fleet as a few lines of text: the verdict, a row per stamp, and what is not well."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from backends.model.age import format_duration
from backends.model.fleet import FleetSnapshot, StampSnapshot, VerdictLevel
from backends.model.health import SourceState
from console.commands.drawing import cell_text, health_tone, table, toned
from console.commands.status_document import problems_of

HEADER = (
    "STAMP",
    "API",
    "AGE",
    "VERSION",
    "NODES",
    "PODS",
    "WORKLOADS",
    "RESTARTS",
    "WARNINGS",
    "CPU",
    "MEMORY",
    "APP",
)
_LEVEL_TONES = {
    VerdictLevel.UP: "good",
    VerdictLevel.DEGRADED: "warn",
    VerdictLevel.DOWN: "bad",
    VerdictLevel.UNKNOWN: "warn",
}


def status_lines(snapshot: FleetSnapshot) -> list[str]:
    """Return the lines to print for a snapshot."""
    when = datetime.fromtimestamp(snapshot.at, UTC).strftime("%H:%M:%SZ")
    verdict = toned(cell_text(snapshot.verdict.text), _LEVEL_TONES[snapshot.verdict.level])
    header, *rows = table(HEADER, [_row(stamp, snapshot.at) for stamp in snapshot.stamps], gap=2)
    lines = [f"{when}  {verdict}", "", toned(header, "bold")]
    for stamp, row in zip(snapshot.stamps, rows, strict=True):
        lines.append(_with_tone(row, stamp.api))
    problems = [(stamp, problem) for stamp in snapshot.stamps for problem in problems_of(stamp)]
    if problems:
        lines.append("")
        lines += [f"{toned('!', 'warn')} {stamp.name}: {cell_text(problem)}" for stamp, problem in problems]
    return lines


def _with_tone(row: str, state: SourceState) -> str:
    """Colour the health word of a row; padding is outside the colour, so columns stay aligned."""
    word = state.health.value
    return row.replace(f" {word} ", f" {toned(word, health_tone(state.health), sys.stdout)} ", 1)


def _row(stamp: StampSnapshot, now: float) -> tuple[str, ...]:
    age_s = stamp.api.age_s(now)
    usage = stamp.usage
    return (
        stamp.name,
        stamp.api.health.value,
        "-" if age_s is None else format_duration(age_s),
        stamp.kubernetes_version or "-",
        _of(stamp.nodes_ready, stamp.nodes_total),
        _pods(stamp, now),
        _of(stamp.workloads_ready, stamp.workloads_total),
        _count(stamp.restarts_15m),
        _count(stamp.warnings_15m),
        _share(usage.cpu_used_millicores, usage.cpu_allocatable_millicores) if usage else "-",
        _share(usage.memory_used_bytes, usage.memory_allocatable_bytes) if usage else "-",
        _application(stamp),
    )


def _pods(stamp: StampSnapshot, now: float) -> str:
    if stamp.pods is None:
        return "-"
    counted = "" if stamp.pods_counted_at is None else f" ~{format_duration(max(0.0, now - stamp.pods_counted_at))}"
    return f"{stamp.pods.running}/{stamp.pods.total - stamp.pods.finished}{counted}"


def _application(stamp: StampSnapshot) -> str:
    if not stamp.probes:
        return stamp.application.health.value
    newest = stamp.probes[-1]
    if not newest.ok:
        return newest.reason or "failing"
    latency = "" if newest.latency_s is None else f" {newest.latency_s * 1000:.0f}ms"
    return f"up{latency}"


def _of(part: int | None, total: int | None) -> str:
    return "-" if total is None else f"{part or 0}/{total}"


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _share(used: int, allocatable: int) -> str:
    return f"{100 * used / allocatable:.0f}%" if allocatable else "-"
