"""Nodes, and what metrics-server says of nodes and pods."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, UNKNOWN, age

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def roles_text(labels: dict[str, str]) -> str:
    """Return a node's roles: from labels `node-role.kubernetes.io/ROLE` and `kubernetes.io/role=ROLE`, sorted."""
    roles = {key[len(_ROLE_PREFIX) :] for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(labels.get(_ROLE_LABEL, ""))
    roles.discard("")
    return ",".join(sorted(roles)) or NONE


def status_text(node: Object) -> str:
    """Return `Ready`, `NotReady` or `Unknown`, with `,SchedulingDisabled` for a cordoned node."""
    text = "Unknown"
    for condition in (node.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready":
            text = "Ready" if condition.get("status") == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else text


def _address(status: dict[str, Any], kind: str) -> str:
    for each in status.get("addresses") or ():
        if each.get("type") == kind:
            return str(each.get("address"))
    return NONE


def _node_cells(node: Object, now: float) -> Cells:
    meta = node["metadata"]
    status: dict[str, Any] = node.get("status") or {}
    info: dict[str, str] = status.get("nodeInfo") or {}
    return [
        meta["name"],
        status_text(node),
        roles_text(meta.get("labels") or {}),
        age(node, now),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _node_metrics_cells(obj: Object, now: float) -> Cells:
    usage = obj.get("usage") or {}
    return [obj["metadata"]["name"], usage.get("cpu"), usage.get("memory"), obj.get("window")]


def _pod_metrics_cells(obj: Object, now: float) -> Cells:
    """Sum up the containers; the lab's metrics carry CPU in n or m and memory in Ki."""
    containers = [each.get("usage") or {} for each in obj.get("containers") or ()]
    cpu = sum(_nanocores(each.get("cpu", "0")) for each in containers)
    memory = sum(_kibibytes(each.get("memory", "0")) for each in containers)
    return [obj["metadata"]["name"], f"{cpu}n" if cpu else "0", f"{memory}Ki" if memory else "0", obj.get("window")]


def _nanocores(text: str) -> int:
    for suffix, factor in (("n", 1), ("u", 1_000), ("m", 1_000_000)):
        if text.endswith(suffix):
            return int(text[:-1]) * factor
    return int(float(text) * 1_000_000_000)


def _kibibytes(text: str) -> int:
    for suffix, factor in (("Ki", 1.0), ("Mi", 1024.0), ("Gi", 1024.0 * 1024)):
        if text.endswith(suffix):
            return int(float(text[:-2]) * factor)
    return int(text) // 1024


_METRICS_COLUMNS = (
    NAME,
    column("cpu", "CPU in use, averaged over the window."),
    column("memory", "Memory in use, averaged over the window."),
    column("Window", "Length of time over which usage was averaged."),
)

PRINTERS: dict[str, PrinterOf] = {
    "nodes": same_for_all(
        (
            NAME,
            column("Status", "Whether the node takes pods."),
            column("Roles", "What the node is for."),
            AGE,
            column("Version", "Version of the node's kubelet."),
            column("Internal-IP", "Address of the node inside the network of the cluster.", wide=True),
            column("External-IP", "Address of the node seen from outside.", wide=True),
            column("OS-Image", "Operating system of the node, as it names itself.", wide=True),
            column("Kernel-Version", "Kernel of the node.", wide=True),
            column("Container-Runtime", "Container runtime of the node and its version.", wide=True),
        ),
        _node_cells,
    ),
    "nodes.metrics.k8s.io": same_for_all(_METRICS_COLUMNS, _node_metrics_cells),
    "pods.metrics.k8s.io": same_for_all(_METRICS_COLUMNS, _pod_metrics_cells),
}
