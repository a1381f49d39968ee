"""Operations as the journal tells them: its events put together, one operation each, and each event in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backends.model.journal import Author, EventKind, JournalEvent
from backends.model.proposal import Result

OPEN = "open"
"""The result of an operation that has an intent and no outcome."""
_WORDS_OF = {
    EventKind.PAUSED: "paused",
    EventKind.RESUMED: "taken up again",
    EventKind.CANCEL: "asked to stop",
    EventKind.ARMED: "writing armed",
    EventKind.DISARMED: "writing disarmed",
    EventKind.SHELL: "shell",
    EventKind.FORWARD: "port-forward",
    EventKind.TAKEN_OVER: "took over the lock",
}


@dataclass(frozen=True, slots=True)
class RecordedOperation:
    """One operation; times are seconds of the Unix epoch, `ended_at` is None while it is open.

    What is no change of a stamp (arming, a shell) has no `target`; its `result` is the word of its event.
    """

    events: tuple[JournalEvent, ...]

    @property
    def operation(self) -> str:
        """Its number, empty for what belongs to no operation."""
        return self.events[0].operation

    @property
    def number(self) -> int:
        """The row it began with: unlike its operation's number it is never empty."""
        return self.events[0].number

    @property
    def at(self) -> float:
        """When it began."""
        return self.events[0].at

    @property
    def author(self) -> Author:
        """Who began it."""
        return self.events[0].author

    @property
    def stamp(self) -> str:
        """Where it was to be done."""
        return next((each.stamp for each in self.events if each.stamp), "")

    @property
    def end(self) -> JournalEvent | None:
        """The event it ended with; the newest when two consoles both found it at their start."""
        ends = (EventKind.OUTCOME, EventKind.REFUSED)
        return next((each for each in reversed(self.events) if each.kind in ends), None)

    @property
    def ended_at(self) -> float | None:
        """When it ended."""
        return None if self.end is None else self.end.at

    @property
    def is_open(self) -> bool:
        """Whether it was begun and no end is known."""
        return self.end is None and any(each.kind is EventKind.INTENT for each in self.events)

    @property
    def result(self) -> str:
        """How it ended: a word of `Result`, `open`, or what else it is."""
        if self.is_open:
            return OPEN
        if self.end is None:
            return self.events[-1].kind.value
        return Result.REFUSED.value if self.end.kind is EventKind.REFUSED else _text(self.end.data, "result")

    @property
    def plan(self) -> Mapping[str, Any]:
        """The data of the event that says what was meant to be done."""
        return next((each.data for each in self.events if "action" in each.data), self.events[0].data)

    @property
    def action(self) -> str:
        """The word of the change: `drain`."""
        return _text(self.plan, "action") or self.events[0].kind.value

    @property
    def target(self) -> str:
        """The object: `deployment/ratings-web in default`."""
        target = self.plan.get("target")
        if not isinstance(target, Mapping):
            return ""
        namespace = _text(target, "namespace")
        return f"{_text(target, 'kind')}/{_text(target, 'name')}" + (f" in {namespace}" if namespace else "")

    @property
    def summary(self) -> str:
        """What was meant to be done, in words."""
        return _text(self.plan, "summary") or told(self.events[0])

    @property
    def command(self) -> str:
        """The kubectl line that does the same."""
        return _text(self.plan, "command")

    @property
    def overrides(self) -> tuple[str, ...]:
        """The rules that were set aside."""
        named = self.plan.get("overrides")
        return tuple(map(str, named)) if isinstance(named, list | tuple) else ()

    @property
    def reason(self) -> str:
        """Why they were, in the operator's words."""
        return _text(self.plan, "reason")

    @property
    def why(self) -> str:
        """What is to be said of its end: why it was refused or failed, what was read back; the newest step if open."""
        return told(self.events[-1] if self.end is None else self.end)


def put_together(events: Iterable[JournalEvent]) -> tuple[RecordedOperation, ...]:
    """Return the operations of events that come oldest first, newest first; without an operation each is its own."""
    together: dict[str | int, list[JournalEvent]] = {}
    for event in events:
        together.setdefault(event.operation or event.number, []).append(event)
    return tuple(RecordedOperation(tuple(each)) for each in reversed(together.values()))


def told(event: JournalEvent) -> str:
    """Return what an event tells, as one line of words."""
    data = event.data
    match event.kind:
        case EventKind.INTENT:
            return _text(data, "summary") or "intent"
        case EventKind.REFUSED:
            return _joined(": ", _text(data, "step"), _text(data, "why"))
        case EventKind.OUTCOME:
            return _joined(": ", _text(data, "what"), _text(data, "why"))
        case EventKind.RECONCILED:
            return _joined(": ", f"found {_text(data, 'finding')}", _text(data, "evidence"))
        case EventKind.STEP:
            return _text(data, "text") or _plain(data)
        case _:
            return _joined(": ", _WORDS_OF.get(event.kind, event.kind.value), _text(data, "text") or _plain(data))


def event_lines(event: JournalEvent) -> list[tuple[str, str]]:
    """Return everything an event holds as (name, line) pairs; further lines of one value have no name."""
    pairs: list[tuple[str, str]] = []
    for name, value in event.data.items():
        lines = _plain(value).splitlines() if value not in (None, "", [], {}) else []
        pairs += [(name if at == 0 else "", text) for at, text in enumerate(lines)]
    return pairs


def _plain(value: Any) -> str:
    """Return a JSON value as people write it: texts bare, lists and mappings of texts with commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and not any(isinstance(each, Mapping | list) for each in value.values()):
        return ", ".join(f"{name}={_plain(each)}" for name, each in value.items() if each is not None)
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return "\n".join(value) if any(" " in each for each in value) else ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _joined(separator: str, *texts: str) -> str:
    return separator.join(each for each in texts if each)
