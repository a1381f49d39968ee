"""Affinity between pods: which nodes required terms leave, and how much preferred ones like each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from backends.lab.objects import Object, ObjectStore
from backends.lab.world.index import ClusterIndex
from backends.lab.world.pods import is_finished
from backends.lab.world.shapes import selects

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules"

Domain = tuple[str, str]
"""A topology key and the value of the nodes that are one place by it."""


class PodAffinity:
    """What the terms of one pod, and of those that run already, say of every node; worked out once."""

    def __init__(self, store: ObjectStore, index: ClusterIndex, pod: Object) -> None:
        self._labels = {node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in store.each("nodes")}
        affinity = pod["spec"].get("affinity") or {}
        near, apart = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
        self._wanted = [(term, self._domains(index, pod, term)) for term in near.get(_REQUIRED) or ()]
        self._shunned = [(term, self._domains(index, pod, term)) for term in apart.get(_REQUIRED) or ()]
        self._alone = all(_selects_itself(term, pod) for term, _ in self._wanted)
        self._forbidden = self._forbidden_by(index.anti_affine(), pod)
        self._liked = []
        for sign, terms in ((1, near.get(_PREFERRED) or ()), (-1, apart.get(_PREFERRED) or ())):
            for each in terms:
                term = each["podAffinityTerm"]
                self._liked.append((sign * int(each.get("weight", 1)), term, self._domains(index, pod, term)))

    def refusal(self, node: str) -> str:
        """Return why a pod must not run on a node, empty when it may."""
        # The first of pods that want to be together has nobody to join.
        first = self._alone and not any(domains for _, domains in self._wanted)
        if not first and any(self._domain(node, term) not in domains for term, domains in self._wanted):
            return AFFINITY
        if any(self._domain(node, term) in domains for term, domains in self._shunned):
            return ANTI_AFFINITY
        labels = self._labels.get(node, {})
        if any(labels.get(key) == value for key, value in self._forbidden):
            return EXISTING_ANTI_AFFINITY
        return ""

    def preference(self, node: str) -> int:
        """Return the sum of the weights of preferred terms a node meets, those of anti-affinity below zero."""
        return sum(weight * domains.get(self._domain(node, term), 0) for weight, term, domains in self._liked)

    def _domain(self, node: str, term: dict[str, Any]) -> Domain:
        key = term["topologyKey"]
        return key, self._labels.get(node, {}).get(key, "")

    def _domains(self, index: ClusterIndex, pod: Object, term: dict[str, Any]) -> dict[Domain, int]:
        """Return where pods run that a term selects, and how many."""
        found: dict[Domain, int] = {}
        for namespace in _namespaces(term, pod):
            for other in index.in_namespace("pods", namespace):
                node = other["spec"].get("nodeName", "")
                if node in self._labels and term["topologyKey"] in self._labels[node] and _is_selected(term, other):
                    domain = self._domain(node, term)
                    found[domain] = found.get(domain, 0) + 1
        return found

    def _forbidden_by(self, others: Iterable[Object], pod: Object) -> set[Domain]:
        """Return the places that pods which run already keep this one away from."""
        found = set()
        for other in others:
            terms = other["spec"]["affinity"]["podAntiAffinity"].get(_REQUIRED) or ()
            node = other["spec"].get("nodeName", "")
            for term in terms if node in self._labels and not is_finished(other) else ():
                selects_us = pod["metadata"]["namespace"] in _namespaces(term, other) and selects(
                    term.get("labelSelector"), pod["metadata"].get("labels")
                )
                if selects_us and term["topologyKey"] in self._labels[node]:
                    found.add(self._domain(node, term))
        return found


def _namespaces(term: dict[str, Any], pod: Object) -> Sequence[str]:
    return term.get("namespaces") or [pod["metadata"]["namespace"]]


def _is_selected(term: dict[str, Any], pod: Object) -> bool:
    return selects(term.get("labelSelector"), pod["metadata"].get("labels")) and not is_finished(pod)


def _selects_itself(term: dict[str, Any], pod: Object) -> bool:
    return pod["metadata"]["namespace"] in _namespaces(term, pod) and _is_selected(term, pod)
