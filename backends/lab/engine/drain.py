"""How the engine empties a node: cordoned, then every pod but mirrors and those of DaemonSets evicted.

Budgets are respected as long as the time allows: a refused eviction is asked for again every 5 s without a word.
Pods that no controller owns and data in emptyDir are no hindrance, as they are to kubectl.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.lab.engine.go_text import duration, quoted
from backends.lab.engine.kube import Kube, KubeFailure, Object
from backends.lab.engine.session import Session

_CORDON_ATTEMPTS = 5
_AGAIN_AFTER_S = 5.0
_LOOK_EVERY_S = 1.0
_MIRROR = "kubernetes.io/config.mirror"


class DrainFailed(Exception):
    """A node could not be emptied; `text` is the engine's reason."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class _Leaving:
    """A pod on its way out and when it is to be looked at next; `evicted_at` is None until its eviction was taken."""

    pod: Object
    due_s: float
    evicted_at: float | None = None

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"].get("namespace") or "default")


def drain(session: Session, kube: Kube, node: str, timeout_s: float, gone_within_s: float) -> None:
    """Cordon a node and evict its pods; raises `DrainFailed`.

    `timeout_s` is how long nothing may happen: it begins anew with every pod that has gone. `gone_within_s` is how
    long a pod may take to end once its eviction was taken. Both are simulated seconds.
    """
    log = session.streams.operation
    try:
        _cordon(session, kube, node)
        log.info(f"Node {node} has been marked unschedulable.")
        pods = pods_to_evict(kube, node)
    except KubeFailure as error:
        raise DrainFailed(error.text) from error
    if pods:
        log.info(f"{len(pods)} pods will be deleted", prefix="drain", node=node)
    else:
        log.info(f"Node {node} has no scheduled pods")
        return
    try:
        _Eviction(session, kube, pods, timeout_s, gone_within_s).run()
    except (DrainFailed, KubeFailure) as error:
        _tell_pending(session, kube, node, error.text)
        raise DrainFailed(error.text) from error


def pods_to_evict(kube: Kube, node: str) -> list[Object]:
    """Return a node's pods without mirrors and those of DaemonSets; raises `KubeFailure`."""
    return [each for each in kube.list_pods(node) if not _stays(each)]


def _stays(pod: Object) -> bool:
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or []
    return _MIRROR in (metadata.get("annotations") or {}) or any(
        each.get("controller") and each.get("kind") == "DaemonSet" for each in owners
    )


def _cordon(session: Session, kube: Kube, node: str) -> None:
    for _ in range(_CORDON_ATTEMPTS):
        found = kube.get_node(node)
        found["spec"]["unschedulable"] = True
        try:
            kube.update_node(found)
            return
        except KubeFailure as error:
            if error.status != 409:
                raise
            session.streams.operation.info(
                f"Node {node} got an error suggesting a concurrent modification. Will retry to cordon"
            )


def _tell_pending(session: Session, kube: Kube, node: str, reason: str) -> None:
    try:
        pending = pods_to_evict(kube, node)
    except KubeFailure as error:
        raise DrainFailed(error.text) from error
    log = session.streams.operation
    log.error(f"There are pending pods when an error occurred: {reason}\n")
    for pod in pending:
        log.error(f"pod/{pod['metadata']['name']}\n")


class _Eviction:
    """Evicts pods until all have gone or nothing has happened for too long."""

    def __init__(
        self, session: Session, kube: Kube, pods: list[Object], timeout_s: float, gone_within_s: float
    ) -> None:
        self._session = session
        self._kube = kube
        self._timeout_s = timeout_s
        self._gone_within_s = gone_within_s
        now = session.clock.spent()
        self._leaving = [_Leaving(each, now) for each in pods]
        self._version = ""

    def run(self) -> None:
        """Evict them; raises `DrainFailed` or `KubeFailure`."""
        clock = self._session.clock
        self._version = self._kube.eviction_version()
        deadline = clock.spent() + self._timeout_s
        while self._leaving:
            pod = min(self._leaving, key=lambda each: each.due_s)
            if min(deadline, pod.due_s) > clock.spent():
                clock.sleep(min(deadline, pod.due_s) - clock.spent())
            if pod.due_s > deadline:
                raise DrainFailed(f"Drain did not complete within {duration(self._timeout_s)}")
            if self._has_gone(pod):
                self._leaving.remove(pod)
                deadline = clock.spent() + self._timeout_s

    def _has_gone(self, pod: _Leaving) -> bool:
        return self._ask_to_go(pod) if pod.evicted_at is None else self._look_after(pod)

    def _ask_to_go(self, pod: _Leaving) -> bool:
        """Ask for the eviction; return whether the pod had gone by itself, which nobody is told."""
        now = self._session.clock.spent()
        try:
            if self._session.faults.is_on("drain-error"):
                raise KubeFailure("Internal error occurred: the lab refuses evictions", 500)
            self._kube.evict(pod.namespace, pod.name, self._version)
        except KubeFailure as error:
            if error.status == 404:
                return True
            if error.status != 429:
                raise DrainFailed(f"error when evicting pod {quoted(pod.name)}: {error.text}") from error
            pod.due_s = now + _AGAIN_AFTER_S
            return False
        pod.evicted_at = pod.due_s = self._session.clock.spent()
        return False

    def _look_after(self, pod: _Leaving) -> bool:
        """Return whether an evicted pod has gone, or one of its name is another by now."""
        now = self._session.clock.spent()
        try:
            found = self._kube.get_pod(pod.namespace, pod.name)
            has_gone = found["metadata"].get("uid") != pod.pod["metadata"].get("uid")
        except KubeFailure as error:
            if error.status != 404:
                raise DrainFailed(f"error when waiting for pod {quoted(pod.name)} terminating: {error.text}") from error
            has_gone = True
        if has_gone:
            self._session.streams.operation.info(f"{pod.name} pod successfully evicted")
            return True
        if pod.evicted_at is not None and now - pod.evicted_at > self._gone_within_s:
            text = f"error when waiting for pod {quoted(pod.name)} terminating: timed out waiting for the condition"
            raise DrainFailed(text)
        pod.due_s = now + _LOOK_EVERY_S
        return False
