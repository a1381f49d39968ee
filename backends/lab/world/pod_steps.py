"""Steps of a pod's life in time: each is taken once, unless the pod was overtaken by something else meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster, Controller
from backends.lab.world.shapes import Key


@dataclass(slots=True)
class Run:
    """What a kubelet remembers of one pod; `turn` tells a timer of an earlier turn that it is late."""

    uid: str
    turn: int = 0
    back_off_s: float = 0.0
    started_at: float = 0.0
    stopping: bool = False
    ends_at: float = 0.0


class PodSteps(Controller):
    """Base of the kubelet: its memory of pods, its timers, its writes and its events."""

    def __init__(self, cluster: Cluster) -> None:
        self.silent: set[str] = set()
        """Nodes that report nothing: what happens on them is not written."""
        self._runs: dict[Key, Run] = {}
        super().__init__(cluster)

    def _later(self, delay_s: float, key: Key, step: Callable[[Key, Object], None]) -> None:
        """Take a pod's next step after simulated seconds, unless it took another or its node is silent then."""
        run = self._runs[key]
        run.turn += 1
        self.cluster.driver.call_after(delay_s, self._step, key, run.uid, run.turn, step)

    def _step(self, key: Key, uid: str, turn: int, step: Callable[[Key, Object], None]) -> None:
        run, pod = self._runs.get(key), self.store.find("pods", *key)
        if run is None or pod is None or run.uid != uid or run.turn != turn or pod["metadata"]["uid"] != uid:
            return
        if pod["spec"]["nodeName"] not in self.silent:
            step(key, pod)

    def _write(self, pod: Object) -> Object:
        return self.store.replace("pods", pod, owned=True)

    def _tell(self, pod: Object, container: Object, reason: str, text: str, *, warning: bool = False) -> None:
        kind = "Warning" if warning else "Normal"
        path = f"spec.containers{{{container['name']}}}"
        self.cluster.events.record(pod, kind, reason, text, self.name, host=pod["spec"]["nodeName"], field_path=path)

    def _between(self, low: float, high: float) -> float:
        return self.cluster.rng.uniform(low, high)
