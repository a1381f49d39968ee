"""Lines of the log as text made into `EngineLine`s: form, message, time; inert and redacted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backends.aks_engine.log import catalogue, forms
from backends.aks_engine.log.folds import Folds
from backends.aks_engine.log.line_times import LineTimes
from backends.aks_engine.log.repeats import Repeats
from backends.model import inert
from backends.model.engine.line import EngineLine, LineForm
from backends.model.fleet import Severity
from backends.model.redact import MASK, Redactor

_KEPT = 512
"""Messages whose reading is remembered: one said again (a heartbeat, a step) is not read again."""
_LONGEST_KEPT = 400
_LATEST_LEVEL = 60
"""Where the level of a line stands at the latest, behind its time."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a logger's message is, whenever it is said."""

    form: LineForm
    text: str
    severity: Severity
    message: str
    fields: dict[str, str]
    is_noise: bool
    raw: str


class LineReader:
    """Reads the log line by line, in order."""

    def __init__(self, secrets: Iterable[str], started_at: float | None) -> None:
        self._secrets = tuple(secrets)
        self._redactor = Redactor(self._secrets)
        self._folds = Folds()
        self._repeats = Repeats()
        self._said: dict[str, _Said] = {}
        self._number = 0
        self._head_at: float | None = None
        self.times = LineTimes(started_at)

    def read(self, line: str) -> tuple[EngineLine, str]:
        """Return the line, and its message in full as it was written: for looking into, never for showing."""
        self._number += 1
        begin = line.find('" level=', 6, _LATEST_LEVEL) if line.startswith('time="') else -1
        said = self._said.get(line[begin:]) if begin > 0 else None
        if said is not None:
            self._end_key()
            return self._logged(said, self.times.of_clock(line[6:begin]))
        prefix = forms.prefix(line)
        if prefix is None:
            return self._plain(line)
        self._end_key()
        said = self._read(prefix, line[prefix.end :])
        if begin > 0 and len(line) <= _LONGEST_KEPT and not self._redactor.is_in_key:
            if len(self._said) >= _KEPT:
                self._said.clear()
            self._said[line[begin:]] = said
        return self._logged(said, self._time(prefix))

    def clean(self, text: str) -> str:
        """Return text of the log as it may be shown."""
        shown = inert.line(self._redactor.line(text))
        if not text.isprintable() and not self._redactor.is_in_key:
            shown = self._redactor.line(shown)
        return shown

    def _logged(self, said: _Said, at: float | None) -> tuple[EngineLine, str]:
        self._folds.prefixed(said.raw, said.severity)
        self._head_at = at
        is_noise = self._repeats.is_again(said.message, said.text) or said.is_noise
        line = EngineLine(self._number, said.form, said.text, said.severity, said.message, said.fields, at, is_noise)
        return line, said.raw

    def _end_key(self) -> None:
        """An entry of a logger is whole: no private key reaches from one into the next."""
        if self._redactor.is_in_key:
            self._redactor = Redactor(self._secrets)

    def _read(self, prefix: forms.Prefix, rest: str) -> _Said:
        raw, logged = forms.message(prefix.form, rest)
        shown = self.clean(" ".join(each.strip() for each in raw.split("\n")) if "\n" in raw else raw)
        fields = {name: self._field(name, value) for name, value in logged.items() if name != "prefix"}
        is_noise = prefix.is_debug or prefix.form is LineForm.KLOG
        found = None if prefix.form is LineForm.KLOG else catalogue.find(shown)
        if found is None:
            return _Said(prefix.form, shown, prefix.severity, "", fields, is_noise, raw)
        message, slots = found
        severity = prefix.severity if message.severity is None else message.severity
        return _Said(prefix.form, shown, severity, message.id, {**slots, **fields}, is_noise or message.is_noise, raw)

    def _field(self, name: str, value: str) -> str:
        """A value may be a secret by its name, and then all of it is."""
        return MASK if MASK in self._redactor.line(f"{name}=x") else self.clean(value)

    def _plain(self, line: str) -> tuple[EngineLine, str]:
        plain = self._folds.plain(line)
        shown = self.clean(plain.text)
        severity, message = plain.severity, ""
        fields = {name: self.clean(value) for name, value in plain.fields.items()}
        if plain.form is LineForm.PLAIN and (found := catalogue.find(shown)):
            message, fields = found[0].id, found[1]
            severity = found[0].severity or severity
        if not plain.is_folded:
            self._head_at = None
        number, at = self._number, self._head_at
        read = EngineLine(number, plain.form, shown, severity, message, fields, at, is_folded=plain.is_folded)
        return read, plain.text

    def _time(self, prefix: forms.Prefix) -> float | None:
        if prefix.time is not None:
            return self.times.of_clock(prefix.time)
        return None if prefix.elapsed_s is None else self.times.of_elapsed(prefix.elapsed_s)
