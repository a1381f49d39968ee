"""Rules about a node that shall take no pods any more."""

from __future__ import annotations

from collections.abc import Iterable

from backends.model.change import Impact
from backends.model.diagnosis import Object
from backends.model.fields import condition, mapping, text
from backends.model.proposal import Finding, Level

LAST_READY_NODE = "last-ready-node"
CONTROL_PLANE_NODE = "control-plane-node"
_CONTROL_PLANE = ("node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane")
_ROLE = "kubernetes.io/role"
"""The label aks-engine gives nodes: `master` or `agent`."""


def last_ready_node(name: str, nodes: Iterable[Object], stamp: str) -> Finding:
    """Refuse to take away the last node on which pods of the application could run: ready and not cordoned.

    Control-plane nodes are not counted: they are tainted, or should not take the application's pods.
    """
    others = [each for each in nodes if text(each, "metadata", "name") != name and takes_pods(each)]
    left = [text(each, "metadata", "name") for each in others if not is_control_plane(each)]
    if not left:
        return Finding(LAST_READY_NODE, Level.REFUSE, f"without {name} no ready node takes pods", stamp)
    nodes_left = "1 other node is" if len(left) == 1 else f"{len(left)} other nodes are"
    return Finding(LAST_READY_NODE, Level.PASS, f"{nodes_left} ready and take pods", stamp)


def control_plane_node(node: Object, nodes: Iterable[Object], impact: Impact, stamp: str) -> Finding:
    """Refuse to disrupt a control-plane node, warn of anything less; its evidence counts the others that are ready."""
    name = text(node, "metadata", "name")
    if not is_control_plane(node):
        return Finding(CONTROL_PLANE_NODE, Level.PASS, f"{name} is not of the control plane", stamp)
    others = [each for each in nodes if is_control_plane(each) and text(each, "metadata", "name") != name]
    ready = sum(1 for each in others if is_ready(each))
    evidence = f"{name} is of the control plane; {ready} of its {len(others)} other nodes are ready"
    level = Level.REFUSE if impact is Impact.DISRUPTIVE else Level.WARN
    return Finding(CONTROL_PLANE_NODE, level, evidence, stamp)


def is_control_plane(node: Object) -> bool:
    """Whether a node is of the control plane, by the labels of kubeadm or of aks-engine."""
    labels = mapping(node, "metadata", "labels")
    return any(label in labels for label in _CONTROL_PLANE) or labels.get(_ROLE) == "master"


def is_ready(node: Object) -> bool:
    """Whether its kubelet says that it is ready, and is heard of."""
    return condition(node, "Ready").get("status") == "True"


def takes_pods(node: Object) -> bool:
    """Whether a node is ready and not cordoned."""
    return is_ready(node) and not mapping(node, "spec").get("unschedulable")
