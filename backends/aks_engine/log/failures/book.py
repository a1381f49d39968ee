"""The failures of one run: the same trouble told twice, on both streams and in more or fewer words, is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from backends.aks_engine.log.failures import catalogue
from backends.aks_engine.log.failures.deployment import FAMILY as DEPLOYMENT
from backends.aks_engine.log.failures.kind import Kind
from backends.aks_engine.log.failures.set_up import meaning
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import Failure, Retry

_TELLING = frozenset(
    (
        "launch_not_copied",
        "launch_secret_missing",
        "launch_secret_open",
        "launch_secret_empty",
        "launch_no_engine",
        "arm_done",
        "arm_error_detail",
        "image_missing",
        "distro_unsupported",
        "cp_two_notready",
        "master_err_create",
        "master_err_validate",
        "master_err_delete",
        "node_timeout",
        "agent_err",
        "scale_drain_fail",
        "scale_delete_fail",
        "ssh_hostkey_changed",
    )
)
"""Messages of the loggers that tell of a failure."""
_FOLDED = (LineForm.ARM, LineForm.PANIC, LineForm.ERROR)
_CODE = re.compile(r'ERROR CODE: ([A-Za-z]\w{2,60})\s*$|"code\\*": ?\\*"([A-Za-z]\w{2,60})\\*"', re.MULTILINE)
_REQUEST = re.compile(r"[\s:\[]*(?:TopError\[)?\b(?:GET|PUT|POST|PATCH|DELETE|HEAD) https?://.*", re.DOTALL)
_MOST = 20
_MOST_CODES = 8
_LONGEST_TEXT = 400
_DIGITS = 3
"""An exit status: it may stand so deep in an answer that it is not shown."""
_AFTER_DEPLOY = (
    ". The output directory is written already: delete the resource group and that folder before a new deploy, "
    "overwriting it makes a new CA"
)


@dataclass(slots=True)
class _Entry:
    kind: Kind
    place: int
    text: str
    line: int
    slots: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)


class FailureBook:
    """Collects what failed, line by line."""

    def __init__(self, command: str, clean: Callable[[str], str]) -> None:
        """`clean` makes text of the log fit to be shown."""
        self._command = command
        self._clean = clean
        self._entries: dict[str, _Entry] = {}
        self._open: _Entry | None = None

    def take(self, line: EngineLine, raw: str) -> None:
        """Look at a line and its message in full."""
        if line.is_folded:
            if self._open is not None and line.form in _FOLDED:
                self._deepen(self._open, line.text, raw)
        elif line.form in (LineForm.ERROR, LineForm.PANIC) or self._tells(line):
            self._open = self._note(line, raw)
        elif line.form is not LineForm.KLOG:
            self._open = None

    def failures(self) -> tuple[Failure, ...]:
        """Return them as they are shown, the last one told last."""
        return tuple(map(self._shown, self._entries.values()))

    def _tells(self, line: EngineLine) -> bool:
        return line.message in _TELLING and (line.message != "arm_done" or "error" in line.fields)

    def _note(self, line: EngineLine, raw: str) -> _Entry | None:
        found = catalogue.find(raw)
        if found is None:
            return self._note_unknown(line)
        place, match = found
        kind = catalogue.KINDS[place]
        entry = self._entries.get(kind.of)
        if entry is None:
            if len(self._entries) >= _MOST:
                return None
            self._entries.pop(catalogue.UNKNOWN.id, None)
            entry = self._entries[kind.of] = _Entry(kind, place, _told(line), line.number)
        if place < entry.place:
            entry.text = _told(line)
        self._refine(entry, place, match, line.text)
        self._deepen(entry, line.text, raw)
        return entry

    def _note_unknown(self, line: EngineLine) -> _Entry | None:
        """What no entry fits counts only as the last word, and only while nothing better is known."""
        if self._entries or line.form is not LineForm.ERROR:
            return None
        kind = catalogue.UNKNOWN
        entry = self._entries[kind.id] = _Entry(kind, len(catalogue.KINDS), _told(line), line.number)
        return entry

    def _deepen(self, entry: _Entry, shown: str, raw: str) -> None:
        """A further line of the same error may say more exactly what it is."""
        family = "" if entry.kind is catalogue.UNKNOWN else entry.kind.of
        if family and (found := catalogue.find(raw, family)):
            self._refine(entry, *found, shown)
        self._add_codes(entry, raw)

    def _refine(self, entry: _Entry, place: int, match: re.Match[str], shown: str) -> None:
        if place > entry.place or (place == entry.place and entry.slots):
            return
        entry.place, entry.kind = place, catalogue.KINDS[place]
        entry.slots = {name: self._slot(value or "", shown) for name, value in match.groupdict().items()}

    def _slot(self, value: str, shown: str) -> str:
        """A piece of the message as it was written may hold a piece of a secret: only what is shown anyway is used."""
        value = self._clean(value)
        is_safe = value in shown or (value.isdecimal() and len(value) <= _DIGITS)
        return value if is_safe else "…"

    def _add_codes(self, entry: _Entry, raw: str) -> None:
        for found in _CODE.finditer(raw[:65_536]):
            code = self._clean(found[1] or found[2])
            if code not in entry.codes and len(entry.codes) < _MOST_CODES:
                entry.codes.append(code)

    def _shown(self, entry: _Entry) -> Failure:
        kind, slots = entry.kind, dict(entry.slots)
        if "status" in slots:
            slots["meaning"] = meaning(slots["status"])
        text = f"{entry.text}: {', '.join(entry.codes)}" if entry.codes else entry.text
        todo, retry = kind.todo.format(**slots) if slots else kind.todo, kind.retry
        if self._command == "deploy" and kind.of == DEPLOYMENT:
            todo, retry = todo.removesuffix(", then go on") + _AFTER_DEPLOY, Retry.NOT
        return Failure(kind.id, text, kind.cause.format(**slots) if slots else kind.cause, todo, retry, entry.line)


def _told(line: EngineLine) -> str:
    """What the line says, short: without the request, which names no cause."""
    if line.message == "arm_done":
        return f"ARM deployment {line.fields['deployment']}"
    told = _REQUEST.sub("", line.text).strip() or line.text
    return told if len(told) <= _LONGEST_TEXT else f"{told[:_LONGEST_TEXT]}…"
