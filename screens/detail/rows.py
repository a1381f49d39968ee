"""A description as lines: what is wrong first, then what it is, what it says of itself, and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from backends.model.age import format_duration
from backends.model.detail import ConditionLine, ContainerDetail, Detail, EventLine, Pair, Related, Section
from backends.model.diagnosis import Finding
from backends.model.tone import Tone
from screens.glyphs import SEVERITY_TONES, Glyphs
from screens.lines import EMPTY, Line, line, wrap

_LABEL = 16
_WHOLE = 400


def describe_lines(detail: Detail, now: float, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the whole description for a width in cells."""
    parts = (
        _findings(detail.findings, width, glyphs),
        _pairs("Summary", detail.summary, width),
        _containers(detail.containers, width, glyphs),
        _conditions(detail.conditions, now, width, glyphs),
        _related("Owners", detail.owners),
        _related("Belongs to it", detail.children),
        *(_section(section, width) for section in detail.sections),
        _events(detail.events, now, width, glyphs),
        _pairs("Labels", detail.labels, width),
        _pairs("Annotations", detail.annotations, width),
        _gaps(detail.gaps, width, glyphs),
    )
    lines: list[Line] = []
    for part in parts:
        made = list(part)
        if made:
            lines += [*made, EMPTY]
    return lines


def _mark(tone: Tone | str | None, glyphs: Glyphs) -> str:
    return {"good": glyphs.good, "warn": glyphs.warn, "bad": glyphs.down}.get(tone or "", glyphs.dot)


def _title(text: str) -> Line:
    return line((text, "title"))


def _findings(findings: Sequence[Finding], width: int, glyphs: Glyphs) -> Iterator[Line]:
    if not findings:
        yield line((f"{glyphs.good} ", "good"), ("nothing found wrong", "good-strong"), ("  (by the rules)", "dim"))
        return
    yield _title("Why it is unhealthy")
    for finding in findings:
        tone = SEVERITY_TONES[finding.severity]
        first = True
        for text in wrap(finding.text, width - 4, 4):
            yield line((f"  {glyphs.severity(finding.severity)} " if first else "    ", tone), (text, f"{tone}-strong"))
            first = False
        for text in wrap(finding.evidence, width - 6, 4):
            yield line("      ", (text, "dim"))
        for number, text in enumerate(wrap(finding.todo, width - 10, 4)):
            yield line(("      do  " if not number else "          ", "accent"), text)


def _pairs(title: str, pairs: Sequence[Pair], width: int) -> Iterator[Line]:
    if pairs:
        yield _title(title)
        yield from _pair_lines(pairs, width, "  ")


def _pair_lines(pairs: Sequence[Pair], width: int, indent: str) -> Iterator[Line]:
    room = max([_LABEL, *(min(len(pair.label), 44) for pair in pairs)]) + 2
    for pair in pairs:
        values = wrap(pair.value, max(20, width - room - len(indent)), _WHOLE) or [""]
        yield line((f"{indent}{pair.label:<{room}}", "dim"), (values[0], pair.tone))
        for rest in values[1:]:
            yield line(" " * (room + len(indent)), (rest, pair.tone))


def _containers(containers: Sequence[ContainerDetail], width: int, glyphs: Glyphs) -> Iterator[Line]:
    if not containers:
        return
    yield _title("Containers")
    for each in containers:
        tone = each.tone
        kind = "" if each.kind == "app" else f" ({each.kind})"
        restarts = f"  {each.restarts} restarts" if each.restarts else ""
        yield line(
            (f"  {_mark(tone, glyphs)} ", tone),
            (each.name, "strong"),
            (kind, "dim"),
            "  ",
            (each.state, tone),
            ("" if each.ready else "  not ready", "warn"),
            (restarts, "warn"),
        )
        yield line(("      image  ", "dim"), each.image)
        yield from _pair_lines(each.pairs, width, "      ")
        if each.environment:
            yield line(("      environment", "dim"))
            yield from _pair_lines(each.environment, width, "        ")


def _conditions(conditions: Sequence[ConditionLine], now: float, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if not conditions:
        return
    yield _title("Conditions")
    names = max(len(each.type) for each in conditions)
    for each in conditions:
        age = format_duration(now - each.changed_at) if each.changed_at else ""
        yield line(
            (f"  {_mark(each.tone, glyphs)} ", each.tone),
            (f"{each.type:<{names}}  ", "strong"),
            (f"{each.status:<8}", each.tone),
            (f"{age:<8}", "dim"),
            each.reason,
        )
        for text in wrap(each.message, width - names - 6, 3):
            yield line(" " * (names + 6), (text, "dim"))


def _related(title: str, related: Sequence[Related]) -> Iterator[Line]:
    if not related:
        return
    yield _title(title)
    names = min(60, max(len(each.kind) + len(each.name) + 1 for each in related))
    for each in related:
        yield line(f"  {each.kind + '/' + each.name:<{names}}  ", (each.state, each.tone))


def _section(section: Section, width: int) -> Iterator[Line]:
    yield _title(section.title)
    yield from _pair_lines(section.pairs, width, "  ")
    for text in section.lines:
        yield line(f"  {text}")


def _events(events: Sequence[EventLine], now: float, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if not events:
        return
    yield _title("Events")
    reasons = min(24, max(len(each.reason) for each in events))
    for each in events:
        age = format_duration(now - each.at) if each.at else ""
        times = f"×{each.count}" if each.count > 1 else ""
        said = wrap(each.message, width - reasons - 20, 3) or [""]
        yield line(
            (f"  {_mark(each.tone, glyphs)} ", each.tone),
            (f"{age:<7}", "dim"),
            (f"{times:<6}", "dim"),
            (f"{each.reason:<{reasons}}  ", each.tone),
            said[0],
        )
        for text in said[1:]:
            yield line(" " * (reasons + 19), text)


def _gaps(gaps: Sequence[str], width: int, glyphs: Glyphs) -> Iterator[Line]:
    if gaps:
        yield _title("Could not be read")
        for gap in gaps:
            for text in wrap(gap, width - 4, 3):
                yield line((f"  {glyphs.warn} ", "warn"), text)


_ENTRY = re.compile(r"(\s*(?:- )*)([^\s:#'\"][^:]*?)(:)(?=\s|$)(.*)")


def yaml_lines(text: str) -> Callable[[int], list[Line]]:
    """Return a maker of lines of YAML, keys apart from values."""
    made = [_yaml_line(each) for each in text.split("\n")]
    return lambda width: made


def _yaml_line(text: str) -> Line:
    found = _ENTRY.fullmatch(text)
    if found is None:
        return line(text)
    indent, key, colon, value = found.groups()
    return line(indent, (key, "name"), (colon, "dim"), value)
