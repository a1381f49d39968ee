"""What lines without a logger's prefix are: that depends on what stood before them.

They are the last words of a failed command with its help, errors of Azure Resource Manager that run over many lines,
stack traces, panics and tables of nodes. Both streams come in one file, each entry in one piece, so that a line with a
prefix may stand between such blocks, yet hardly ever within one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from backends.model.engine.line import LineForm
from backends.model.fleet import Severity

_REQUEST = re.compile(r"\b(?:GET|PUT|POST|PATCH|DELETE|HEAD) https?://\S+$")
"""How an error of Resource Manager begins: the request, at the end of the line."""
_RULE = re.compile(r"-{20,}")
_PANIC = re.compile(r"panic: |fatal error: |goroutine \d+ \[")
_USAGE = re.compile(r"Flags:|Global Flags:|Available Commands:|Aliases:|Examples:|Use \"|\s+\S")
_RUN_HELP = re.compile(r"Run '[^']*' for usage\.")
_FRAME = re.compile(r"\t\S.*\.(?:go|s):\d+(?: \+0x[0-9a-f]+)?|[\w./~-]+\.[\w.()*\[\]{}]+")
_TABLE_HEAD = re.compile(r"NODE\s+STATUS\s+VERSION\b.*")
_TABLE_ROW = re.compile(
    r"(?P<node>[\w.-]+) {2,}(?P<status>[A-Z][\w,]*) {2,}(?P<version>\S+)"
    r"(?: {2,}(?P<os>\S.*?))??(?: {2,}(?P<kernel>\S+))?"
)
_LONGEST = 500
"""Longer lines are neither rows of a table nor frames of a stack."""
_TAIL_LINES = 2
"""Lines that may follow the closing rule of an ARM error: the rest of its sentence, the head of a stack."""


class _Within(Enum):
    """What the lines are part of."""

    NOTHING = auto()
    ERROR = auto()
    TROUBLE = auto()
    """After a logger's error, which may have a stack trace."""
    USAGE = auto()
    ARM = auto()
    ARM_END = auto()
    STACK = auto()
    PANIC = auto()
    TABLE = auto()


@dataclass(frozen=True, slots=True)
class Plain:
    """What a line without prefix is; `text` without what its form says anyway."""

    form: LineForm
    text: str
    severity: Severity = Severity.INFO
    is_folded: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


class Folds:
    """Tells lines apart by the block they stand in; to be asked in the order of the log."""

    def __init__(self) -> None:
        self._within = _Within.NOTHING
        self._rules = 0
        self._tail = 0

    def prefixed(self, text: str, severity: Severity) -> None:
        """Take note of a logger's line, of which more may follow without prefix."""
        if self._begins_arm(text):
            return
        if self._within in (_Within.USAGE, _Within.TABLE, _Within.PANIC):
            return
        self._within = _Within.TROUBLE if severity is Severity.BAD else _Within.NOTHING

    def plain(self, line: str) -> Plain:
        """Return what this line is."""
        text = line.rstrip()
        if text.startswith("Error: "):
            if not self._begins_arm(text):
                self._within = _Within.ERROR
            return Plain(LineForm.ERROR, text.removeprefix("Error: "), Severity.BAD)
        if self._within is _Within.PANIC or _PANIC.match(text):
            return self._panic(text)
        if self._within is _Within.ARM and (found := self._arm(text)):
            return found
        if text == "Usage:" or _RUN_HELP.fullmatch(text):
            self._within = _Within.USAGE
            return Plain(LineForm.USAGE, text, is_folded=True)
        if self._within is _Within.USAGE and (not text or _USAGE.match(text)):
            return Plain(LineForm.USAGE, text, is_folded=True)
        return self._table(text) or self._rest_of_error(text) or self._unknown(text)

    def _begins_arm(self, text: str) -> bool:
        if "://" not in text or not _REQUEST.search(text):
            return False
        self._within, self._rules = _Within.ARM, 0
        return True

    def _panic(self, text: str) -> Plain:
        is_first = self._within is not _Within.PANIC
        self._within = _Within.PANIC
        return Plain(LineForm.PANIC, text, Severity.BAD if is_first else Severity.INFO, is_folded=not is_first)

    def _arm(self, text: str) -> Plain | None:
        """A rule stands before the answer's state, one before its body, one after it."""
        if _RULE.fullmatch(text):
            self._rules += 1
            if self._rules == 3:
                self._within, self._tail = _Within.ARM_END, 0
        elif not self._rules:
            self._within = _Within.ERROR
            return None
        return Plain(LineForm.ARM, text, is_folded=True)

    def _table(self, text: str) -> Plain | None:
        if len(text) > _LONGEST:
            return None
        if _TABLE_HEAD.fullmatch(text):
            self._within = _Within.TABLE
            return Plain(LineForm.TABLE, text)
        if self._within is _Within.TABLE and (found := _TABLE_ROW.fullmatch(text)):
            fields = {name: value for name, value in found.groupdict().items() if value}
            return Plain(LineForm.TABLE, text, fields=fields)
        return None

    def _rest_of_error(self, text: str) -> Plain | None:
        may_trace = self._within in (_Within.ERROR, _Within.TROUBLE, _Within.ARM_END, _Within.STACK)
        if may_trace and len(text) <= _LONGEST and _FRAME.fullmatch(text):
            self._within = _Within.STACK
            return Plain(LineForm.STACK, text, is_folded=True)
        if self._within is _Within.ARM_END and self._tail < _TAIL_LINES:
            self._tail += bool(text)
            return Plain(LineForm.ARM, text, is_folded=True)
        if self._within is _Within.ERROR:
            return Plain(LineForm.ERROR, text, is_folded=True)
        return None

    def _unknown(self, text: str) -> Plain:
        """A line that is part of nothing; an empty one ends nothing."""
        if text:
            self._within = _Within.NOTHING
        return Plain(LineForm.PLAIN, text)
