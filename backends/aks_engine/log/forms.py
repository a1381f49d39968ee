"""The lines of both of the engine's loggers, and of the Kubernetes client's, taken apart.

The engine has two loggers. One always writes in colour, also into a file, and counts seconds since the start; the
other writes `time=... level=... msg=...` into a file and in colour on a terminal (logrus, as used by v0.75 to v0.85).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends.aks_engine.log.go_text import unquote
from backends.model.engine.line import LineForm
from backends.model.fleet import Severity

_SEVERITIES = {
    "warn": Severity.WARNING,
    "erro": Severity.BAD,
    "fata": Severity.BAD,
    "pani": Severity.BAD,
    "W": Severity.WARNING,
    "E": Severity.BAD,
    "F": Severity.BAD,
}
_COLOUR = re.compile(r"(?:\x1b\[\d+m)?(INFO|WARN|ERRO|DEBU|FATA|PANI|TRAC)(?:\x1b\[0m)?\[(\d{4,9})\] ?", re.ASCII)
_COLOUR_FIELD = re.compile(r"\x1b\[\d+m(\w+)\x1b\[0m=", re.ASCII)
_LOGFMT = re.compile(r'time="([^"\\]{1,40})" level=(\w{1,12}) (?=msg=)', re.ASCII)
_PAIR = re.compile(r' ?(\w+)=("(?:[^"\\]|\\.)*+"?|[^\s"]*)', re.DOTALL)
"""A quoted value without its end is taken as far as it goes: the line was cut there."""
_KLOG = re.compile(r"([IWEF])(?:\d{4} \d\d:\d\d:\d\d\.\d{1,9}) +\d{1,9} \S{1,200}:\d+\] ?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before the message of a line, and where the message begins.

    `time` is the logger's own, as written; `elapsed_s` the seconds since the start; None when it has none.
    """

    form: LineForm
    severity: Severity
    end: int
    time: str | None = None
    elapsed_s: int | None = None
    is_debug: bool = False


def prefix(line: str) -> Prefix | None:
    """Return the logger's prefix of a line, None when none of the three loggers wrote it."""
    first = line[:1]
    if first == "t" and (found := _LOGFMT.match(line)):
        level = found[2][:4]
        severity = _SEVERITIES.get(level, Severity.INFO)
        return Prefix(LineForm.LOGFMT, severity, found.end(), time=found[1], is_debug=level in ("debu", "trac"))
    if first in "\x1bIWEDFPT" and (found := _COLOUR.match(line)):
        level = found[1].lower()
        severity = _SEVERITIES.get(level, Severity.INFO)
        elapsed_s = int(found[2])
        return Prefix(LineForm.COLOUR, severity, found.end(), elapsed_s=elapsed_s, is_debug=level in ("debu", "trac"))
    if first in "IWEF" and (found := _KLOG.match(line)):
        return Prefix(LineForm.KLOG, _SEVERITIES.get(found[1], Severity.INFO), found.end())
    return None


def message(form: LineForm, rest: str) -> tuple[str, dict[str, str]]:
    """Return the message after the prefix, and the fields that the logger wrote beside it."""
    if form is LineForm.LOGFMT:
        return _logfmt_message(rest)
    if form is LineForm.COLOUR and (found := _COLOUR_FIELD.search(rest)):
        return rest[: found.start()].rstrip(), _colour_fields(rest, found.start())
    return rest.rstrip(), {}


def _logfmt_message(rest: str) -> tuple[str, dict[str, str]]:
    fields: dict[str, str] = {}
    at = 0
    while found := _PAIR.match(rest, at):
        fields[found[1]] = unquote(found[2])
        at = found.end()
    return fields.pop("msg", "").rstrip(), fields


def _colour_fields(rest: str, start: int) -> dict[str, str]:
    names = list(_COLOUR_FIELD.finditer(rest, start))
    ends = [each.start() for each in names[1:]] + [len(rest)]
    return {each[1]: unquote(rest[each.end() : end].strip()) for each, end in zip(names, ends, strict=True)}
