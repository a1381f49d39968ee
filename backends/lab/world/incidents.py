"""What happens by itself now and then, modestly: a restart, a rollout, a slow probe. The service stays up."""

from __future__ import annotations

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.load import DEFAULT_NAMESPACE
from backends.lab.world.pods import is_ready
from backends.lab.world.shapes import is_deleting, with_metadata

_EVERY_S = (45.0, 150.0)
_LEAST_REAL_S = 8.0
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Incidents:
    """Lets one small thing happen every minute or two of simulated time."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._plan()

    def _plan(self) -> None:
        delay_s = max(self._cluster.rng.uniform(*_EVERY_S), _LEAST_REAL_S * self._cluster.clock.speed)
        self._cluster.driver.call_after(delay_s, self._happen)

    def _happen(self) -> None:
        self._plan()
        chosen = self._cluster.rng.random()
        if chosen < 0.45:
            self._slow_probe()
        elif chosen < 0.75:
            self._fail_liveness("ratings-api")
        elif chosen < 0.9:
            self._roll_out("ratings-web")
        else:
            self._fail_liveness("coredns", "kube-system")

    def _slow_probe(self) -> None:
        pods = self._ready("ratings-web", DEFAULT_NAMESPACE)
        if pods:
            pod = self._cluster.rng.choice(pods)
            url = f"http://{pod['status']['podIP']}:8080/healthz"
            text = (
                f'Readiness probe failed: Get "{url}": context deadline exceeded '
                "(Client.Timeout exceeded while awaiting headers)"
            )
            self._warn(pod, text)

    def _fail_liveness(self, app: str, namespace: str = DEFAULT_NAMESPACE) -> None:
        pods = self._ready(app, namespace)
        if len(pods) < 2:
            return  # never the last one
        pod = self._cluster.rng.choice(pods)
        self._warn(pod, "Liveness probe failed: HTTP probe failed with statuscode: 503")
        name = pod["spec"]["containers"][0]["name"]
        text = f"Container {name} failed liveness probe, will be restarted"
        self._cluster.events.record(
            pod, "Normal", "Killing", text, "kubelet", host=pod["spec"]["nodeName"],
            field_path=f"spec.containers{{{name}}}",
        )  # fmt: skip
        self._kubelet.crash(pod, 137)

    def _roll_out(self, name: str) -> None:
        deployment = self._cluster.store.find("deployments.apps", DEFAULT_NAMESPACE, name)
        if deployment is None or deployment["spec"].get("paused"):
            return
        template = deployment["spec"]["template"]
        meta = template.get("metadata") or {}
        stamp = rfc3339(self._cluster.now)
        marked = {**meta, "annotations": {**(meta.get("annotations") or {}), _RESTARTED_AT: stamp}}
        spec = {**deployment["spec"], "template": {**template, "metadata": marked}}
        self._cluster.store.replace("deployments.apps", {**with_metadata(deployment), "spec": spec}, owned=True)

    def _ready(self, app: str, namespace: str) -> list[Object]:
        return [
            pod
            for pod in self._cluster.index.in_namespace("pods", namespace)
            if pod["spec"]["containers"][0]["name"] == app and is_ready(pod) and not is_deleting(pod)
        ]

    def _warn(self, pod: Object, text: str) -> None:
        name = pod["spec"]["containers"][0]["name"]
        self._cluster.events.record(
            pod, "Warning", "Unhealthy", text, "kubelet", host=pod["spec"]["nodeName"],
            field_path=f"spec.containers{{{name}}}",
        )  # fmt: skip
