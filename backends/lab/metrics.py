"""metrics-server: what nodes and pods use, sampled every 15 simulated seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from backends.lab.kubernetes.node_services import PodUsage, Usage
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.pods import is_ready
from backends.lab.world.replicaset import parse_time
from backends.lab.world.shapes import is_deleting, key_of

RESOLUTION_S = 15.0
_NODE_OWN_MILLICORES = 45
_NODE_OWN_BYTES = 900 * 2**20


class Consumption(Protocol):
    """Who knows what a pod uses at a moment."""

    def cpu_millicores(self, pod: Object, at: float) -> int: ...
    def memory_bytes(self, pod: Object, at: float) -> int: ...


class MetricsSnapshots:
    """The newest sample of every pod and node; made when asked for, once per window."""

    def __init__(self, cluster: Cluster, consumption: Consumption, silent: set[str]) -> None:
        self._cluster = cluster
        self._consumption = consumption
        self._silent = silent
        self._window = -1
        self._pods: dict[tuple[str, str], PodUsage] = {}
        self._nodes: dict[str, Usage] = {}

    def nodes(self) -> Mapping[str, Usage]:
        """Return the usage by node; silent nodes are missing."""
        self._sample()
        return self._nodes

    def pods(self) -> Sequence[PodUsage]:
        """Return the usage of every pod that ran through the last window."""
        self._sample()
        return list(self._pods.values())

    def pod(self, namespace: str, name: str) -> PodUsage | None:
        """Return the usage of one pod, None while there is no sample of it."""
        self._sample()
        return self._pods.get((namespace, name))

    def _sample(self) -> None:
        window = int(self._cluster.now // RESOLUTION_S)
        if window == self._window:
            return
        self._window = window
        at = window * RESOLUTION_S
        self._pods, self._nodes = {}, {}
        for node in self._cluster.store.each("nodes"):
            name = node["metadata"]["name"]
            if name in self._silent:
                continue
            cpu, memory = _NODE_OWN_MILLICORES, _NODE_OWN_BYTES
            for pod in self._cluster.index.on_node(name):
                usage = self._pod_usage(pod, at)
                if usage is not None:
                    self._pods[key_of(pod)] = usage
                    cpu += sum(each.cpu_millicores for each in usage.containers.values())
                    memory += sum(each.memory_bytes for each in usage.containers.values())
            self._nodes[name] = Usage(cpu, memory, at, RESOLUTION_S)

    def _pod_usage(self, pod: Object, at: float) -> PodUsage | None:
        if not is_ready(pod) or is_deleting(pod) or parse_time(pod["status"]["startTime"]) > at:
            return None
        cpu, memory = self._consumption.cpu_millicores(pod, at), self._consumption.memory_bytes(pod, at)
        containers = pod["spec"]["containers"]
        # the first container does the work, what stands beside it a tenth
        shares = [1.0] if len(containers) == 1 else [0.9, *[0.1 / (len(containers) - 1)] * (len(containers) - 1)]
        usage = {
            each["name"]: Usage(max(1, int(cpu * share)), int(memory * share), at, RESOLUTION_S)
            for each, share in zip(containers, shares, strict=True)
        }
        return PodUsage(pod["metadata"]["namespace"], pod["metadata"]["name"], usage)
