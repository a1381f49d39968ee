"""Pods that want to be spread: topology spread constraints that forbid, as the scheduler's filter reads them.

Source: Kubernetes documentation, "Pod Topology Spread Constraints". A cordoned node stays a domain, with no pod of the
kind on it, unless a constraint honors taints: that is why pods of a drained node may find no place on any other.
Pods on nodes that the pod itself may not use are counted in the domains these share with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from backends.model.diagnosis import Object
from backends.model.drain_company import Company, Labels, Term
from backends.model.drain_matching import UNSCHEDULABLE_TAINT, labels_of, requirements_of, tolerates, wants_node
from backends.model.fields import items, mapping, text
from backends.model.selector import Requirement

SKEWED = "node(s) didn't match pod topology spread constraints"
MISSING = f"{SKEWED} (missing required label)"


class SpreadNode(Protocol):
    """A node that may be a domain, or part of one."""

    @property
    def obj(self) -> Object: ...
    @property
    def labels(self) -> Labels: ...


@dataclass(frozen=True, slots=True)
class _Constraint:
    term: Term
    most: int
    least_domains: int
    honors_affinity: bool
    honors_taints: bool

    def counts(self, pod: Object, node: Object) -> bool:
        """Whether a node is a domain, or a part of one, for a pod."""
        if self.honors_affinity and not wants_node(pod, node):
            return False
        if not self.honors_taints:
            return True
        cordon = [UNSCHEDULABLE_TAINT] if mapping(node, "spec").get("unschedulable") else []
        taints = [each for each in items(node, "spec", "taints") if each.get("effect") != "PreferNoSchedule"]
        return all(tolerates(pod, each) for each in (*cordon, *taints))


class Spread:
    """One pod's constraints, asked of node after node; nothing is reckoned for the many pods that have none."""

    def __init__(self, company: Company, pod: Object, nodes: Iterable[SpreadNode]) -> None:
        self._company = company
        self._wanted: list[tuple[_Constraint, int]] = []
        constraints = _constraints(pod)
        if not constraints:
            return
        keys = {each.term.topology for each in constraints}
        keyed = [node for node in nodes if keys <= node.labels.keys()]
        namespace, labels = text(pod, "metadata", "namespace"), labels_of(pod)
        for each in constraints:
            domains = {node.labels[each.term.topology] for node in keyed if each.counts(pod, node.obj)}
            near = company.near(each.term)
            fewest = min((near[domain] for domain in domains), default=0)
            least = 0 if len(domains) < each.least_domains else fewest
            itself = 1 if each.term.speaks_of(namespace, labels) else 0
            self._wanted.append((each, each.most + least - itself))

    def refusal(self, node: Labels) -> str:
        """Return why a node with these labels is not for the pod, in the scheduler's words; empty when it is."""
        for constraint, most in self._wanted:
            key = constraint.term.topology
            if key not in node:
                return MISSING
            if self._company.near(constraint.term)[node[key]] > most:
                return SKEWED
        return ""


def _constraints(pod: Object) -> list[_Constraint]:
    namespace = frozenset({text(pod, "metadata", "namespace")})
    return [
        _Constraint(
            Term(text(each, "topologyKey"), namespace, _selector(each, labels_of(pod))),
            int(each.get("maxSkew") or 1),
            int(each.get("minDomains") or 1),
            each.get("nodeAffinityPolicy") != "Ignore",
            each.get("nodeTaintsPolicy") == "Honor",
        )
        for each in items(pod, "spec", "topologySpreadConstraints")
        if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
        and isinstance(each.get("labelSelector"), Mapping)
    ]


def _selector(constraint: Object, labels: Labels) -> tuple[Requirement, ...]:
    """Return the conditions of a constraint: its selector, and the pod's own values of `matchLabelKeys`."""
    own = {str(key): labels[str(key)] for key in constraint.get("matchLabelKeys") or () if str(key) in labels}
    return (*requirements_of(constraint["labelSelector"]), *requirements_of({"matchLabels": own}))
