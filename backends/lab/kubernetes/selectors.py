"""Label and field selectors: parsed once, matched against many objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backends.lab.kubernetes.statuses import bad_request

_TOKEN = re.compile(r"\s*(?:(?P<op>==|!=|=|!|\(|\)|,|<|>)|(?P<word>[^\s=!(),<>]+))")
_NAME = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term: `operator` is in, notin, exists, absent, gt or lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
        try:
            bound = int(next(iter(self.values)))
            return value is not None and (int(value) > bound if self.operator == "gt" else int(value) < bound)
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must hold; without any, everything matches."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        return all(requirement.matches(labels or {}) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)


def parse_labels(text: str) -> LabelSelector:
    """Parse `app=web,tier in (a,b),!old`; a 400 in the server's words when it cannot be understood."""
    tokens = [(match["op"] or "", match["word"] or "") for match in _TOKEN.finditer(text)]
    found: list[Requirement] = []
    at = 0
    while at < len(tokens):
        requirement, at = _requirement(tokens, at)
        found.append(requirement)
        if at < len(tokens):
            if tokens[at][0] != ",":
                raise bad_request(f"found '{tokens[at][0] or tokens[at][1]}', expected: ',' or 'end of string'")
            at += 1
            if at == len(tokens):
                raise bad_request("found '', expected: identifier after ','")
    return LabelSelector(tuple(found))


def _unparsable(why: str) -> Exception:
    return bad_request(f"unable to parse requirement: {why}")


def _requirement(tokens: list[tuple[str, str]], at: int) -> tuple[Requirement, int]:
    op, word = tokens[at]
    if op == "!":
        if at + 1 >= len(tokens) or not tokens[at + 1][1]:
            found = tokens[at + 1][0] if at + 1 < len(tokens) else ""
            raise _unparsable(f"found '{found}', expected: identifier")
        return Requirement(tokens[at + 1][1], "absent"), at + 2
    if not word:
        raise _unparsable(f"found '{op}', expected: !, identifier, or 'end of string'")
    at += 1
    if at >= len(tokens) or tokens[at][0] == ",":
        return Requirement(word, "exists"), at
    op, verb = tokens[at]
    if verb in ("in", "notin"):
        values, at = _value_set(tokens, at + 1)
        return Requirement(word, verb, values), at
    operator = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}.get(op)
    if operator is None:
        raise _unparsable(f"found '{op or verb}', expected: in, notin, =, ==, !=, gt, lt")
    after, value = tokens[at + 1] if at + 1 < len(tokens) else (",", "")
    if not value and after != ",":
        raise _unparsable(f"found '{after}', expected: identifier")
    _check_value(word, value)
    return Requirement(word, operator, frozenset({value})), at + (2 if value else 1)


def _value_set(tokens: list[tuple[str, str]], at: int) -> tuple[frozenset[str], int]:
    if at >= len(tokens) or tokens[at][0] != "(":
        raise _unparsable(f"found '{tokens[at][1] if at < len(tokens) else ''}' expected: '('")
    values, at = set(), at + 1
    while at < len(tokens) and tokens[at][0] != ")":
        if tokens[at][1]:
            values.add(tokens[at][1])
        elif tokens[at][0] != ",":
            raise _unparsable(f"found '{tokens[at][0]}', expected: ',', or ')'")
        at += 1
    if at >= len(tokens):
        raise _unparsable("found '', expected: ',' or ')'")
    return frozenset(values or {""}), at + 1


def _check_value(key: str, value: str) -> None:
    if len(value) > 63 or not _NAME.fullmatch(value):
        raise _unparsable(
            f'invalid label value: "{value}": at key: "{key}": a valid label must be an empty string or consist of '
            "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
            "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        )


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector | None:
    """Convert metav1.LabelSelector as it stands in a spec; None when it is absent, which selects nothing."""
    if selector is None:
        return None
    found = [Requirement(key, "in", frozenset({value})) for key, value in selector.get("matchLabels", {}).items()]
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    for expression in selector.get("matchExpressions", ()):
        values = frozenset(expression.get("values") or ())
        found.append(Requirement(expression["key"], operators[expression["operator"]], values))
    return LabelSelector(tuple(found))


def _path(*keys: str) -> Callable[[Mapping[str, Any]], str]:
    def read(obj: Mapping[str, Any]) -> str:
        at: Any = obj
        for key in keys:
            at = at.get(key) if isinstance(at, Mapping) else None
        return "" if at is None else str(at).lower() if isinstance(at, bool) else str(at)

    return read


def _paths(*names: str) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    return {name: _path(*name.split(".")) for name in names}


_SOURCE = _path("source", "component")
_EVERYWHERE = _paths("metadata.name", "metadata.namespace")
_BY_RESOURCE = {
    "pods": _paths(
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
        "status.podIP", "status.nominatedNodeName",
    ),
    "events": {
        **_paths(
            *(f"involvedObject.{key}" for key in
              ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")),
            "reason", "reportingComponent", "type",
        ),
        "source": lambda event: _SOURCE(event) or str(event.get("reportingComponent", "")),
    },
    "nodes": _paths("spec.unschedulable"),
    "secrets": _paths("type"),
    "namespaces": _paths("status.phase"),
    "replicationcontrollers": _paths("status.replicas"),
    "jobs.batch": {"status.successful": _path("status", "succeeded")},
    "certificatesigningrequests.certificates.k8s.io": _paths("spec.signerName"),
}  # fmt: skip
_ABSENT_MEANS = {"spec.unschedulable": "false", "status.replicas": "0", "status.successful": "0"}


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One comparison of a supported field."""

    field: str
    read: Callable[[Mapping[str, Any]], str]
    value: str
    equal: bool

    def matches(self, obj: Mapping[str, Any]) -> bool:
        found = self.read(obj) or _ABSENT_MEANS.get(self.field, "")
        return (found == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All terms must hold."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, obj: Mapping[str, Any]) -> bool:
        return all(term.matches(obj) for term in self.terms)

    def exact(self, field: str) -> str | None:
        """Return the one value a field must have, if the selector says so."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)

    def __bool__(self) -> bool:
        return bool(self.terms)


def parse_fields(text: str, resource: str) -> FieldSelector:
    """Parse `status.phase=Running,spec.nodeName!=x` for a resource; fields it does not index are a 400."""
    supported = {**_EVERYWHERE, **_BY_RESOURCE.get(resource, {})}
    found: list[FieldTerm] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", part.strip())
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = match.groups()
        if field not in supported:
            raise _not_selectable(field, resource)
        found.append(FieldTerm(field, supported[field], value, operator != "!="))
    return FieldSelector(tuple(found))


_OWN_CONVERSION = ("pods", "events", "nodes", "namespaces", "secrets", "replicationcontrollers", "jobs.batch")


def _not_selectable(field: str, resource: str) -> Exception:
    if resource in _OWN_CONVERSION:
        return bad_request(f"field label not supported: {field}")
    return bad_request(f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"')
