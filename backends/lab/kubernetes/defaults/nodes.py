"""What admission gives a new node (the plugin TaintNodesByCondition)."""

from __future__ import annotations

from backends.lab.objects import Object

_NOT_READY = "node.kubernetes.io/not-ready"


def taint_unready(node: Object) -> None:
    """Keep pods away until the node lifecycle controller has seen it ready."""
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(each["key"] == _NOT_READY and each["effect"] == "NoSchedule" for each in taints):
        taints.append({"key": _NOT_READY, "effect": "NoSchedule"})
