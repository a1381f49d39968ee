"""Faults that act in the world itself: silent and vanished nodes, workloads that crash again and again."""

from __future__ import annotations

import difflib

from backends.lab.faults import Fault
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.nodes import NodeAgents
from backends.lab.world.pods import is_ready
from backends.lab.world.shapes import is_deleting
from backends.lab.world.visitors import Room, Visit

_DEFAULT_WORKLOAD = "ratings-api"


class WorldFaults:
    """Carries faults into the nodes and pods of one cluster, and takes them back when they end."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, nodes: NodeAgents) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._nodes = nodes
        self._struck: dict[str, str] = {}
        self._crashing = ""
        self._visit = Visit(cluster)
        self._room = Room(cluster)
        kubelet.crashes = self._crashes

    def refuse(self, name: str, argument: str) -> str:
        """Return why a fault cannot be carried out here, empty when it can."""
        if name in ("node-notready", "node-gone"):
            known = [node["metadata"]["name"] for node in self._cluster.store.each("nodes")]
            if not argument and self._victim() is None:
                return f"{self._cluster.name} has no ready worker left"
            return _unknown("node", argument, known)
        if name == "debug-pod" and argument:
            return _unknown("node", argument, [node["metadata"]["name"] for node in self._cluster.store.each("nodes")])
        if name == "pods-crashloop" and argument:
            return _unknown("workload", argument, self._workloads())
        return ""

    def hear(self, fault: Fault, begins: bool) -> None:
        """Begin or end one fault."""
        if fault.name in ("node-notready", "node-gone"):
            self._strike(fault) if begins else self._heal(fault)
        elif fault.name == "debug-pod":
            self._visit.begin(fault.argument or self._victim() or "") if begins else self._visit.end()
        elif fault.name == "no-room":
            self._room.take() if begins else self._room.give_back()
        elif fault.name == "pods-crashloop":
            self._begin_crashing(fault.argument or _DEFAULT_WORKLOAD) if begins else self._end_crashing()

    def _strike(self, fault: Fault) -> None:
        node = fault.argument or self._victim()
        if node is None:
            return
        self._struck[fault.name] = node
        if fault.name == "node-gone":
            self._nodes.vanish(node)
        else:
            self._nodes.fall_silent(node)

    def _heal(self, fault: Fault) -> None:
        node = self._struck.pop(fault.name, None)
        if node is None or node in self._struck.values():
            return
        self._nodes.come_back(node)

    def _victim(self) -> str | None:
        """Choose a ready worker: one that runs the application's web pods but not its only database."""
        best: tuple[int, str] | None = None
        for node in self._cluster.store.listing("nodes"):
            name = node["metadata"]["name"]
            if "agentpool" not in (node["metadata"].get("labels") or {}) or name in self._kubelet.silent:
                continue
            apps = [(pod["metadata"].get("labels") or {}).get("app", "") for pod in self._cluster.index.on_node(name)]
            score = apps.count("ratings-web") + apps.count("ratings-api") - 10 * apps.count("ratings-mongodb")
            if best is None or score > best[0]:
                best = score, name
        return best[1] if best else None

    # crashing workloads

    def _crashes(self, pod: Object) -> bool:
        return bool(self._crashing) and self._belongs(pod, self._crashing)

    def _belongs(self, pod: Object, workload: str) -> bool:
        replica_set = str(pod["metadata"].get("generateName", "")).removesuffix("-")
        return replica_set == workload or replica_set.rpartition("-")[0] == workload

    def _begin_crashing(self, workload: str) -> None:
        self._crashing = workload
        for position, pod in enumerate(self._members(workload)):
            self._cluster.driver.call_after(0.5 + position, self._crash, pod)

    def _crash(self, pod: Object) -> None:
        current = self._cluster.store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        if current is not None and self._crashes(current) and is_ready(current):
            self._kubelet.crash(current)

    def _end_crashing(self) -> None:
        workload, self._crashing = self._crashing, ""
        for pod in self._members(workload):
            self._kubelet.recover(pod)

    def _members(self, workload: str) -> list[Object]:
        return [
            pod
            for pod in self._cluster.store.each("pods")
            if self._belongs(pod, workload) and pod["spec"].get("nodeName") and not is_deleting(pod)
        ]

    def _workloads(self) -> list[str]:
        kinds = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")
        return [each["metadata"]["name"] for kind in kinds for each in self._cluster.store.each(kind)]


def _unknown(kind: str, name: str, known: list[str]) -> str:
    if not name or name in known:
        return ""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}" if near else ""
    return f"unknown {kind} {name!r}{hint}; known: {', '.join(sorted(known)[:12])}"
