"""Pods and pod templates: the STATUS and RESTARTS columns sum up all containers, newest cause first.

Rules as in k8s.io/kubernetes/pkg/printers/internalversion, printPod.
"""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, Printer, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, age, container_cells, labels_text, since

_COUNTED_SINCE = 22
"""From this minor version RESTARTS is a text that says when the last restart was."""

_EMPTY: dict[str, Any] = {}


class _Restarts:
    """Restarts of some containers and when the last of them was; ISO timestamps compare as text."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def add(self, status: dict[str, Any]) -> None:
        self.count += status.get("restartCount", 0)
        ended = (status.get("lastState") or _EMPTY).get("terminated")
        if ended:
            finished = ended.get("finishedAt") or ""
            self.last = max(self.last, finished)


def pod_summary(pod: Object) -> tuple[int, int, str, int, str]:
    """Return ready and all containers, the status word, restarts and the time of the last one ("" for none)."""
    spec: dict[str, Any] = pod.get("spec") or _EMPTY
    status: dict[str, Any] = pod.get("status") or _EMPTY
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    ready = 0
    total = len(spec.get("containers") or ())
    restarts = _Restarts()
    initializing = False
    for condition in status.get("conditions") or ():
        if condition.get("reason") == "SchedulingGated" and condition.get("type") == "PodScheduled":
            reason = "SchedulingGated"
    init_statuses = status.get("initContainerStatuses")
    if init_statuses:
        sidecars = _sidecars(spec)
        total += len(sidecars)
        reason, ready, initializing, restarts = _sum_up_init(init_statuses, spec, sidecars, reason)
    if not initializing or _condition_is_true(status, "Initialized"):
        reason, ready = _sum_up_containers(status, reason, ready, restarts)
    if pod["metadata"].get("deletionTimestamp"):
        reason = "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return ready, total, reason, restarts.count, restarts.last


def _sidecars(spec: dict[str, Any]) -> set[str]:
    """Return the init containers that keep running beside the others."""
    return {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}


def _sum_up_init(
    statuses: list[dict[str, Any]], spec: dict[str, Any], sidecars: set[str], reason: str
) -> tuple[str, int, bool, _Restarts]:
    """Return the reason, ready sidecars, whether initialization still runs, and the restarts to go on with."""
    everything, of_sidecars = _Restarts(), _Restarts()
    ready = 0
    for index, status in enumerate(statuses):
        everything.add(status)
        sidecar = status["name"] in sidecars
        if sidecar:
            of_sidecars.add(status)
        state = status.get("state") or _EMPTY
        ended = state.get("terminated")
        if ended and not ended.get("exitCode"):
            continue
        if sidecar and status.get("started"):
            ready += 1 if status.get("ready") else 0
            continue
        waiting = (state.get("waiting") or _EMPTY).get("reason")
        if ended:
            reason = f"Init:{_end_text(ended)}"
        elif waiting and waiting != "PodInitializing":
            reason = f"Init:{waiting}"
        else:
            reason = f"Init:{index}/{len(spec.get('initContainers') or ())}"
        return reason, ready, True, everything
    return reason, ready, False, of_sidecars


def _sum_up_containers(status: dict[str, Any], reason: str, ready: int, restarts: _Restarts) -> tuple[str, int]:
    running = False
    for each in reversed(status.get("containerStatuses") or ()):
        restarts.add(each)
        state = each.get("state") or _EMPTY
        if each.get("ready") and "running" in state:
            running = True
            ready += 1
            continue
        waiting = state.get("waiting")
        if waiting and waiting.get("reason"):
            reason = waiting["reason"]
        elif "terminated" in state:
            reason = _end_text(state["terminated"])
    if running and reason == "Completed":
        reason = "Running" if _condition_is_true(status, "Ready") else "NotReady"
    return reason, ready


def _end_text(ended: dict[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _condition_is_true(status: dict[str, Any], kind: str) -> bool:
    return any(each.get("type") == kind and each.get("status") == "True" for each in status.get("conditions") or ())


def _readiness_gates(spec: dict[str, Any], status: dict[str, Any]) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return NONE
    passed = sum(_condition_is_true(status, gate["conditionType"]) for gate in gates)
    return f"{passed}/{len(gates)}"


def _pod_cells(pod: Object, now: float, dated_restarts: bool) -> Cells:
    ready, total, reason, count, last = pod_summary(pod)
    restarts: int | str = count
    if dated_restarts:
        restarts = f"{count} ({since(last, now)} ago)" if count and last else str(count)
    spec: dict[str, Any] = pod.get("spec") or _EMPTY
    status: dict[str, Any] = pod.get("status") or _EMPTY
    addresses = status.get("podIPs")
    address = (addresses[0].get("ip") if addresses else status.get("podIP")) or NONE
    return [
        pod["metadata"]["name"],
        f"{ready}/{total}",
        reason,
        restarts,
        age(pod, now),
        address,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]


def _pods(minor: int) -> Printer:
    dated = minor >= _COUNTED_SINCE
    columns = (
        NAME,
        column("Ready", "Containers that are ready, of all containers."),
        column("Status", "What the pod's containers are doing, or why they are not."),
        column("Restarts", "How often containers were restarted, and when last.", "string" if dated else "integer"),
        AGE,
        column("IP", "Address of the pod inside the cluster.", wide=True),
        column("Node", "Node the pod was assigned to.", wide=True),
        column("Nominated Node", "Node on which pods are being preempted for this one.", wide=True),
        column("Readiness Gates", "Extra readiness conditions that are met, of those asked for.", wide=True),
    )
    return Printer(columns, lambda pod, now: _pod_cells(pod, now, dated))


def _template_cells(obj: Object, now: float) -> Cells:
    template = obj.get("template") or {}
    names, images = container_cells(template.get("spec") or {})
    return [obj["metadata"]["name"], names, images, labels_text((template.get("metadata") or {}).get("labels"))]


def row_conditions(pod: Object) -> list[dict[str, str]]:
    """Return the Table row conditions of a pod that ended: clients may hide completed rows."""
    phase = (pod.get("status") or _EMPTY).get("phase")
    if phase == "Succeeded":
        message = "The pod has completed successfully."
    elif phase == "Failed":
        message = "The pod failed."
    else:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


PRINTERS: dict[str, PrinterOf] = {
    "pods": _pods,
    "podtemplates": same_for_all(
        (
            NAME,
            column("Containers", "Names of the containers in the template."),
            column("Images", "Images of the containers in the template."),
            column("Pod Labels", "Labels of pods made from the template."),
        ),
        _template_cells,
    ),
}
