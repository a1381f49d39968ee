"""What rotate-certs waits for between its steps: nodes and system pods that are ready, several times in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.kube import Kube, KubeFailure, is_ready
from backends.lab.engine.session import Session

Object = dict[str, Any]

INTERVAL_S = 10.0
TIMEOUT_S = 20 * 60.0
_SUCCESSES = 5
_SYSTEM = "kube-system"
_TIMED_OUT = "context deadline exceeded"


class Readiness:
    """Looks every ten simulated seconds; five good looks are needed, the first two of them at once."""

    def __init__(self, session: Session, kube: Kube) -> None:
        self._session = session
        self._kube = kube

    def wait_for_nodes(self, names: Sequence[str]) -> None:
        """Wait until all of these nodes are Ready; raises `EngineFailure`."""
        self._session.streams.info(f"Waiting for cluster nodes readiness: [{' '.join(names)}]")

        def look() -> str:
            ready = {each["metadata"]["name"] for each in self._kube.list_nodes() if is_ready(each)}
            return "" if ready.issuperset(names) else _TIMED_OUT

        self._wait(look, "waiting for cluster nodes readiness", TIMEOUT_S)

    def wait_for_control_plane(self, masters: Sequence[str]) -> None:
        """Wait until the pods of the control plane run on every master; raises `EngineFailure`."""
        self._session.streams.info("Checking health of control plane components")
        parts = ("kube-addon-manager", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
        wanted = [f"{part}-{each}" for each in masters for part in parts]

        def look() -> str:
            ready = {each["metadata"]["name"]: _runs(each) for each in self._items("/api/v1", "pods")}
            waiting = [each for each in wanted if not ready.get(each)]
            return f"at least one pod did not reach the Ready state: [{' '.join(waiting)}]" if waiting else ""

        what = "waiting for control plane containers to reach the Ready state within the timeout period"
        self._wait(look, what, TIMEOUT_S)

    def wait_for_system(self, nodes: int) -> None:
        """Wait until everything in kube-system is rolled out and runs; only says so when it does not in time."""
        self._session.streams.info("Checking health of all kube-system pods")
        timeout_s = max(TIMEOUT_S, nodes * 75.0)
        what = "waiting for kube-system containers to reach the Ready state within the timeout period"
        try:
            for look in (self._look_at_daemon_sets, self._look_at_deployments, self._look_at_pods):
                self._wait(look, what, timeout_s)
        except EngineFailure as error:
            self._session.streams.error(f"waitForKubeSystemReadiness returned an error: {error.text}")

    def _look_at_daemon_sets(self) -> str:
        late = []
        for each in self._items("/apis/apps/v1", "daemonsets"):
            status = each.get("status") or {}
            counts = [status.get(f"{kind}NumberScheduled", 0) for kind in ("desired", "current", "updated")]
            if len(set(counts)) > 1:
                late.append(each["metadata"]["name"])
        return f"at least one daemonset is still updating replicas: [{' '.join(late)}]" if late else ""

    def _look_at_deployments(self) -> str:
        late = []
        for each in self._items("/apis/apps/v1", "deployments"):
            status = each.get("status") or {}
            counts = [status.get(kind, 0) for kind in ("replicas", "availableReplicas", "updatedReplicas")]
            if len(set(counts)) > 1:
                late.append(each["metadata"]["name"])
        return f"at least one deployment is still updating replicas: [{' '.join(late)}]" if late else ""

    def _look_at_pods(self) -> str:
        late = [each["metadata"]["name"] for each in self._items("/api/v1", "pods") if not _runs(each)]
        return f"at least one pod did not reach the Ready state: [{' '.join(late)}]" if late else ""

    def _items(self, group: str, resource: str) -> list[Object]:
        return list(self._kube.ask("GET", f"{group}/namespaces/{_SYSTEM}/{resource}").get("items") or [])

    def _wait(self, look: Callable[[], str], what: str, timeout_s: float) -> None:
        """Look until it was good often enough; `look` returns what is not ready, and raises `KubeFailure`."""
        clock = self._session.clock
        ends_at, good, is_first = clock.now() + timeout_s, 0, True
        while True:
            try:
                problem = look()
            except KubeFailure as error:
                if error.status in range(400, 500):
                    raise EngineFailure(f"{what}: {error.text}", hides_usage=True) from error
                problem = error.text  # its client has patience with an API that is away
            good += not problem
            if good == _SUCCESSES:
                return
            if clock.now() > ends_at:
                counted = "" if problem in ("", _TIMED_OUT) else f"condition successesCount: {good}: "
                raise EngineFailure(f"{what}: {counted}{problem or _TIMED_OUT}", hides_usage=True)
            if not is_first:
                clock.sleep(INTERVAL_S)
            is_first = False


def _runs(pod: Object) -> bool:
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    return status.get("phase") == "Running" and all(
        each.get("ready") and "running" in (each.get("state") or {}) for each in containers
    )
