"""Selectors, affinities and tolerations of whole objects, as the scheduler and the API server read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.model.diagnosis import Object
from backends.model.fields import items, mapping, text
from backends.model.selector import Requirement

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent", "Gt": ">", "Lt": "<"}
UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
"""What a cordon means to a pod's tolerations."""


def labels_of(obj: Object) -> dict[str, str]:
    """Return an object's labels."""
    return {str(key): str(value) for key, value in mapping(obj, "metadata", "labels").items()}


def requirements_of(selector: Object) -> tuple[Requirement, ...]:
    """Return the conditions of a LabelSelector; none at all means that it selects everything."""
    listed = mapping(selector, "matchLabels").items()
    equals = tuple(Requirement(str(key), "=", frozenset({str(value)})) for key, value in listed)
    return (*equals, *_expressions(items(selector, "matchExpressions")))


def matches(requirements: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil every condition."""
    return all(each.matches(labels) for each in requirements)


def node_terms_match(terms: Iterable[Object], node: Object) -> bool:
    """Whether a node fulfils one of a node selector's terms; an empty term selects no node (NodeSelectorTerm)."""
    labels, names = labels_of(node), {"metadata.name": text(node, "metadata", "name")}
    for term in terms:
        by_label, by_field = items(term, "matchExpressions"), items(term, "matchFields")
        if not by_label and not by_field:
            continue
        if matches(_expressions(by_label), labels) and matches(_expressions(by_field), names):
            return True
    return False


def wants_node(pod: Object, node: Object) -> bool:
    """Whether a pod's nodeSelector and required node affinity accept a node."""
    labels = labels_of(node)
    if any(labels.get(str(key)) != str(value) for key, value in mapping(pod, "spec", "nodeSelector").items()):
        return False
    required = mapping(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return not required or node_terms_match(items(required, "nodeSelectorTerms"), node)


def tolerates(pod: Object, taint: Object) -> bool:
    """Whether a pod tolerates a taint, for however long."""
    return any(_covers(each, taint) for each in items(pod, "spec", "tolerations"))


def _covers(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    if toleration["key"] != taint.get("key"):
        return False
    return exists or (toleration.get("value") or "") == (taint.get("value") or "")


def _expressions(expressions: Iterable[Object]) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(
            text(each, "key"),
            _OPERATORS.get(text(each, "operator"), "absent"),
            frozenset(str(value) for value in each.get("values") or ()),
        )
        for each in expressions
    )
