"""The users: how many requests a stamp gets, and what that costs its pods in CPU, memory and time."""

from __future__ import annotations

import math
import zlib

from backends.lab.objects import Object
from backends.lab.quantities import quantity
from backends.lab.world.cluster import Cluster
from backends.lab.world.pods import cpu_request, memory_request

DEFAULT_NAMESPACE = "default"
_BASE_RPS = 45.0
_COSTS = {
    # label app: millicores when idle, millicores per request and second
    "ratings-web": (3.0, 4.0),
    "ratings-api": (4.0, 2.5),
    "ratings-mongodb": (15.0, 0.6),
    "nginx-ingress": (4.0, 0.4),
}


class Load:
    """A daily wave with shorter ripples, plus whatever really arrives at the application's endpoint."""

    def __init__(self, cluster: Cluster, phase: float) -> None:
        self._cluster = cluster
        self._phase = phase
        self._real_rps = 0.0
        self._counted = 0
        cluster.driver.call_every(5.0, self._average)

    @property
    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return self._cluster.now

    def count(self) -> None:
        """Note one real request."""
        self._counted += 1

    def requests_per_s(self, at: float) -> float:
        """Return the users' requests per second of the whole stamp."""
        day = 1 + 0.35 * math.sin(2 * math.pi * at / 86400 + self._phase)
        ripple = 0.14 * math.sin(2 * math.pi * at / 610 + self._phase) + 0.07 * math.sin(2 * math.pi * at / 97)
        return _BASE_RPS * (day + ripple) + self._real_rps

    def cpu_millicores(self, pod: Object, at: float) -> int:
        """Return what a running pod uses, averaged around `at`; limited by its limits."""
        app = (pod["metadata"].get("labels") or {}).get("app", "")
        namespace = pod["metadata"]["namespace"]
        noise = _noise(pod["metadata"]["uid"], at)
        if namespace == DEFAULT_NAMESPACE and app in _COSTS:
            idle, each = _COSTS[app]
            share = self.requests_per_s(at) / max(1, self.ready_pods(app))
            used = (idle + each * share) * (0.92 + 0.16 * noise)
        else:
            used = max(1.0, cpu_request(pod) * 1000 * (0.08 + 0.3 * _noise(pod["metadata"]["uid"], 0)))
            used *= 0.85 + 0.3 * noise
        limit = sum(
            quantity(str(((each.get("resources") or {}).get("limits") or {}).get("cpu", "64")))
            for each in pod["spec"]["containers"]
        )
        return max(1, int(min(used, limit * 1000)))

    def memory_bytes(self, pod: Object, at: float) -> int:
        """Return the working set of a running pod."""
        asked = memory_request(pod) or 64 * 2**20
        steady = 0.45 + 0.35 * _noise(pod["metadata"]["uid"], 0)
        return int(asked * (steady + 0.03 * _noise(pod["metadata"]["uid"], at)))

    def ready_pods(self, service: str) -> int:
        """Return how many pods answer for a Service of the application."""
        return len(self.addresses(service))

    def addresses(self, service: str) -> list[Object]:
        """Return the ready endpoint addresses of a Service of the application."""
        found = self._cluster.store.find("endpoints", DEFAULT_NAMESPACE, service)
        return [each for subset in (found or {}).get("subsets") or () for each in subset.get("addresses") or ()]

    def latency_s(self, at: float) -> float:
        """Return the mean real seconds a page takes: it grows as the web pods fill up."""
        room = 140.0 * max(1, self.ready_pods("ratings-web")) / _COSTS["ratings-web"][1]
        busy = min(0.96, self.requests_per_s(at) / room)
        return 0.008 / (1 - busy)

    def _average(self) -> None:
        self._real_rps = 0.6 * self._real_rps + 0.4 * self._counted / max(5.0, 0.2 * self._cluster.clock.speed)
        self._counted = 0


def _noise(seed: str, at: float) -> float:
    """Return a number from 0 to 1 that is the same for the same pod and quarter of a minute."""
    return zlib.crc32(f"{seed}{int(at // 15)}".encode()) / 2**32
