"""What a drain's plan means to the rules of the gate, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.model.change import Impact
from backends.model.diagnosis import Object
from backends.model.drain import DrainedPod, DrainOptions, DrainPlan
from backends.model.fields import mapping, text
from backends.model.preconditions.budgets import DISRUPTION_BUDGETS
from backends.model.preconditions.nodes import (
    LAST_READY_NODE,
    control_plane_node,
    last_ready_node,
    takes_pods,
)
from backends.model.preconditions.replicas import SINGLE_REPLICA, named
from backends.model.proposal import Finding, Level
from backends.operations.node_works.cordon import ready_node

UNMANAGED_PODS = "unmanaged-pods"
LOCAL_DATA = "local-data"
NOWHERE_TO_GO = "nowhere-to-go"
_POOL_LABELS = ("agentpool", "kubernetes.azure.com/agentpool")


def drain_findings(
    plan: DrainPlan, node: Object, nodes: Sequence[Object], options: DrainOptions, stamp: str
) -> Iterator[Finding]:
    """Yield every rule's answer to draining a node."""
    yield control_plane_node(node, nodes, Impact.DISRUPTIVE, stamp)
    yield _last_node(plan.node, node, nodes, stamp)
    yield ready_node(node, stamp, "pods that are evicted stay Terminating until it is heard of again, or is deleted")
    leaving = [each for each in plan.leaving if not each.is_terminating]
    yield _budgets(leaving, stamp)
    yield _unmanaged(leaving, options, stamp)
    yield _local_data(leaving, options, stamp)
    yield _outages(leaving, stamp)
    yield _nowhere(leaving, stamp)


def _last_node(name: str, node: Object, nodes: Sequence[Object], stamp: str) -> Finding:
    """The last node of the stamp refuses, the last of its pool warns: its pods may be bound to the pool."""
    found = last_ready_node(name, nodes, stamp)
    label = next((each for each in _POOL_LABELS if each in mapping(node, "metadata", "labels")), "")
    if found.level is Level.REFUSE or not label:
        return found
    pool = mapping(node, "metadata", "labels")[label]
    mates = [each for each in nodes if mapping(each, "metadata", "labels").get(label) == pool]
    if any(takes_pods(each) and text(each, "metadata", "name") != name for each in mates):
        return found
    evidence = f"without {name} no node of the pool {pool} takes pods; {found.evidence} elsewhere"
    return Finding(LAST_READY_NODE, Level.WARN, evidence, stamp)


def _budgets(leaving: Sequence[DrainedPod], stamp: str) -> Finding:
    hindered = {each.hindrance.why: each.hindrance for each in leaving if each.hindrance is not None}
    good = [why for why, each in hindered.items() if each.for_good]
    now = [why for why, each in hindered.items() if not each.for_good]
    if good:
        evidence = f"{'; '.join([*good, *now])}: a drain would wait for it in vain"
        return Finding(DISRUPTION_BUDGETS, Level.REFUSE, evidence, stamp)
    if now:
        return Finding(DISRUPTION_BUDGETS, Level.WARN, f"{'; '.join(now)}: it would be waited for", stamp)
    met = sorted({f"{each.namespace}/{name}" for each in leaving for name in each.budgets})
    evidence = f"{named(met)} lets pods go" if met else "no budget protects the pods of this node"
    return Finding(DISRUPTION_BUDGETS, Level.PASS, evidence, stamp)


def _unmanaged(leaving: Sequence[DrainedPod], options: DrainOptions, stamp: str) -> Finding:
    lost = [each for each in leaving if each.unmanaged]
    if not lost:
        return Finding(UNMANAGED_PODS, Level.PASS, "a controller makes every pod anew", stamp)
    said = "; ".join(f"{each.key}: {each.unmanaged}" for each in lost)
    if options.force:
        return Finding(UNMANAGED_PODS, Level.WARN, f"lost for good, as --force allows: {said}", stamp)
    return Finding(UNMANAGED_PODS, Level.REFUSE, f"lost for good without --force: {said}", stamp, overridable=False)


def _local_data(leaving: Sequence[DrainedPod], options: DrainOptions, stamp: str) -> Finding:
    lost = [each for each in leaving if each.local_data and each.is_serving]
    if not lost:
        return Finding(LOCAL_DATA, Level.PASS, "no pod keeps data on the node", stamp)
    said = "; ".join(f"{each.key}: {', '.join(each.local_data)}" for each in lost)
    if options.delete_local_data:
        evidence = f"emptyDir data is deleted, as --delete-emptydir-data allows: {said}"
        return Finding(LOCAL_DATA, Level.WARN, evidence, stamp)
    evidence = f"emptyDir data would be deleted, which wants --delete-emptydir-data: {said}"
    return Finding(LOCAL_DATA, Level.REFUSE, evidence, stamp, overridable=False)


def _outages(leaving: Sequence[DrainedPod], stamp: str) -> Finding:
    away = list(dict.fromkeys(f"{each.namespace}: {each.outage}" for each in leaving if each.outage))
    if not away:
        return Finding(SINGLE_REPLICA, Level.PASS, "every workload has a ready pod on another node", stamp)
    return Finding(SINGLE_REPLICA, Level.WARN, f"away until it runs elsewhere: {'; '.join(away)}", stamp)


def _nowhere(leaving: Sequence[DrainedPod], stamp: str) -> Finding:
    """Refuses where a workload would have no pod left; warns where others serve on."""
    homeless = [each for each in leaving if each.placement.why_not]
    if not homeless:
        return Finding(NOWHERE_TO_GO, Level.PASS, "every pod fits on another node", stamp)
    said = "; ".join(f"{each.key}: {each.placement.why_not}" for each in homeless)
    level = Level.REFUSE if any(each.outage for each in homeless) else Level.WARN
    return Finding(NOWHERE_TO_GO, level, f"would stay Pending: {said}", stamp)
