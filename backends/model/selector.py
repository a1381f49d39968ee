"""Label selectors, understood here and by the server alike (the grammar of apimachinery's labels.Parse)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<absent_key>{_KEY})"
    rf"|(?P<key>{_KEY})(?:\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\)"
    rf"|\s*(?P<op>==|!=|=|>|<)\s*(?P<value>{_VALUE}))?)"
)


class SelectorError(ValueError):
    """A selector that cannot be understood, and where (`position`, counted from 0)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `op` is `=`, `!=`, `in`, `notin`, `exists`, `absent`, `>` or `<`."""

    key: str
    op: str
    values: frozenset[str] = field(default_factory=frozenset)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil it; as on the server, `!=` and `notin` hold for a missing label."""
        value = labels.get(self.key)
        match self.op:
            case "=" | "in":
                return value in self.values
            case "!=" | "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        try:
            have, wanted = int(value or ""), int(next(iter(self.values)))
        except ValueError:
            return False
        return have > wanted if self.op == ">" else have < wanted


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Conditions that all must hold; `text` is what the server is asked with."""

    text: str
    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with these labels is selected."""
        known = labels or {}
        return all(requirement.matches(known) for requirement in self.requirements)


def scan_selector(text: str, start: int = 0) -> tuple[LabelSelector, int]:
    """Read a selector beginning at `start` as far as it goes; return it and where it ends. Raises SelectorError."""
    requirements, position = [], start
    while True:
        found = _REQUIREMENT.match(text, position)
        if found is None:
            raise SelectorError("a label is missing here", position)
        requirements.append(_requirement(found))
        position = found.end()
        comma = re.compile(r"\s*,").match(text, position)
        if comma is None:
            break
        position = comma.end()
    return LabelSelector(text[start:position].strip(), tuple(requirements)), position


def parse_selector(text: str) -> LabelSelector:
    """Read a whole selector; empty text selects everything. Raises SelectorError."""
    if not text.strip():
        return LabelSelector("")
    selector, end = scan_selector(text)
    if text[end:].strip():
        raise SelectorError(f"cannot understand {text[end:].strip()!r}", end)
    return selector


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["absent_key"], "absent")
    if found["set"]:
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], found["set"], values)
    if found["op"]:
        op = "=" if found["op"] == "==" else found["op"]
        if op in "<>" and not found["value"].lstrip("-").isdigit():
            raise SelectorError(f"{found['key']}{op} needs a whole number", found.end())
        return Requirement(found["key"], op, frozenset({found["value"]}))
    return Requirement(found["key"], "exists")


def selector_text(selector: Mapping[str, object] | None) -> str:
    """Write an object's `spec.selector` (LabelSelector, or the plain map of a Service) as the API is asked."""
    if not selector:
        return ""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    parts: list[str] = []
    labels = selector.get("matchLabels")
    if isinstance(labels, Mapping):
        parts += [f"{key}={value}" for key, value in sorted(labels.items())]
    expressions = selector.get("matchExpressions")
    for expression in expressions if isinstance(expressions, list) else []:
        parts.append(_expression_text(expression))
    return ",".join(parts)


def _expression_text(expression: Mapping[str, object]) -> str:
    key, op = str(expression.get("key", "")), expression.get("operator")
    listed = expression.get("values")
    values = ",".join(str(value) for value in listed) if isinstance(listed, list) else ""
    match op:
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "DoesNotExist":
            return f"!{key}"
    return key
