"""Pods that want to be apart, or together: required pod affinities, as the scheduler's filters read them.

Asked for every pod of a node against every other node of a large stamp, so what pods have in common is counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backends.model.diagnosis import Object
from backends.model.drain_matching import labels_of, matches, requirements_of
from backends.model.fields import items, text
from backends.model.selector import Requirement

APART = "node(s) didn't match pod anti-affinity rules"
APART_FROM_US = "node(s) didn't satisfy existing pods anti-affinity rules"
TOGETHER = "node(s) didn't match pod affinity rules"

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pod:
    namespace: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Term:
    """One required term: which pods it speaks of (`namespaces` None: of all), and how near is near."""

    topology: str
    namespaces: frozenset[str] | None
    requirements: tuple[Requirement, ...]

    def means(self, pod: _Pod) -> bool:
        """Whether it speaks of a pod."""
        return self.speaks_of(pod.namespace, pod.labels)

    def speaks_of(self, namespace: str, labels: Labels) -> bool:
        """Whether it speaks of a pod of this namespace with these labels."""
        if self.namespaces is not None and namespace not in self.namespaces:
            return False
        return matches(self.requirements, labels)


@dataclass(slots=True)
class Company:
    """The pods that are on nodes, and what they want of their neighbours."""

    _residents: list[tuple[_Pod, Labels]] = field(default_factory=list)
    _shunned: dict[tuple[str, str], set[Term]] = field(default_factory=dict)
    """Whom pods of a topology domain want to be apart from, by the domain's key and value."""
    _near: dict[Term, Counter[str]] = field(default_factory=dict)
    """For terms that were asked for: how many pods they speak of, by domain."""

    def add(self, pod: Object, node: Labels) -> None:
        """Put a pod on a node with these labels."""
        resident = _Pod(text(pod, "metadata", "namespace"), labels_of(pod))
        self._residents.append((resident, node))
        for term in _terms(pod, "podAntiAffinity"):
            if term.topology in node:
                self._shunned.setdefault((term.topology, node[term.topology]), set()).add(term)
        for term, domains in self._near.items():
            if term.topology in node and term.means(resident):
                domains[node[term.topology]] += 1

    def newcomer(self, pod: Object) -> Newcomer:
        """Return a pod that looks for a node."""
        return Newcomer(self, pod)

    def near(self, term: Term) -> Counter[str]:
        """Return how many pods a term speaks of, by domain."""
        if term not in self._near:
            found = (node[term.topology] for pod, node in self._residents if term.topology in node and term.means(pod))
            self._near[term] = Counter(found)
        return self._near[term]

    def shunned(self, node: Labels) -> set[Term]:
        """Return whom the neighbours of a node want to be apart from."""
        found = [terms for (key, value), terms in self._shunned.items() if node.get(key) == value]
        return set().union(*found) if found else set()


class Newcomer:
    """One pod and its wishes, asked of node after node."""

    def __init__(self, company: Company, pod: Object) -> None:
        self._company = company
        self._pod = _Pod(text(pod, "metadata", "namespace"), labels_of(pod))
        self._apart = _terms(pod, "podAntiAffinity")
        self._together = _terms(pod, "podAffinity")

    def refusal(self, node: Labels) -> str:
        """Return why a node with these labels is not for it, in the scheduler's words; empty when it is."""
        company = self._company
        for term in self._apart:
            if company.near(term)[node.get(term.topology, "")]:
                return APART
        for term in self._together:
            near = company.near(term)
            # The first pod of a group that wants its own company may go anywhere.
            alone = not near and term.means(self._pod) and term.topology in node
            if not alone and not near[node.get(term.topology, "")]:
                return TOGETHER
        if any(term.means(self._pod) for term in company.shunned(node)):
            return APART_FROM_US
        return ""


def _terms(pod: Object, kind: Literal["podAffinity", "podAntiAffinity"]) -> tuple[Term, ...]:
    own = text(pod, "metadata", "namespace")
    return tuple(
        Term(text(each, "topologyKey"), _namespaces(each, own), requirements_of(each["labelSelector"]))
        for each in items(pod, "spec", "affinity", kind, _REQUIRED)
        if isinstance(each.get("labelSelector"), Mapping)
    )


def _namespaces(term: Object, own: str) -> frozenset[str] | None:
    selector = term.get("namespaceSelector")
    if isinstance(selector, Mapping) and not selector:
        return None
    named = frozenset(str(each) for each in term.get("namespaces") or ())
    return named or frozenset({own})
