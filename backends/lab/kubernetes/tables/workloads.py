"""Workloads: deployments, replica sets, stateful sets, daemon sets, jobs, cron jobs and their revisions."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    Cells,
    Object,
    Printer,
    PrinterOf,
    column,
    same_for_all,
)
from backends.lab.kubernetes.tables.texts import (
    NONE,
    age,
    boolean_text,
    container_cells,
    human_duration,
    labels_text,
    seconds_of,
    selector_text,
    since,
)

_SELECTOR = column("Selector", "Which pods belong to it.", wide=True)
_DESIRED = column("Desired", "Pods that are wanted.", "integer")
_CURRENT = column("Current", "Pods there are.", "integer")
_READY = column("Ready", "Pods that are ready.", "integer")


def _parts(obj: Object) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return name, spec, status and the spec of the pod template."""
    spec: dict[str, Any] = obj.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    return obj["metadata"]["name"], spec, obj.get("status") or {}, template


def _deployment_cells(obj: Object, now: float) -> Cells:
    name, spec, status, template = _parts(obj)
    return [
        name,
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *container_cells(template),
        selector_text(spec.get("selector"), empty=""),
    ]


def _replica_set_cells(obj: Object, now: float) -> Cells:
    name, spec, status, template = _parts(obj)
    selector = spec.get("selector")
    plain = obj.get("kind") == "ReplicationController"
    return [
        name,
        spec.get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *container_cells(template),
        labels_text(selector) if plain else selector_text(selector),
    ]


def _stateful_set_cells(obj: Object, now: float) -> Cells:
    name, spec, status, template = _parts(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [name, ready, age(obj, now), *container_cells(template)]


def _daemon_set_cells(obj: Object, now: float) -> Cells:
    name, spec, status, template = _parts(obj)
    return [
        name,
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        labels_text(template.get("nodeSelector")),
        age(obj, now),
        *container_cells(template),
        selector_text(spec.get("selector")),
    ]


def _job_completions(spec: dict[str, Any], status: dict[str, Any]) -> str:
    succeeded = status.get("succeeded", 0)
    wanted = spec.get("completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_status(obj: Object) -> str:
    conditions = {
        each["type"]: each for each in (obj.get("status") or {}).get("conditions") or () if each["status"] == "True"
    }
    for kind in ("Complete", "Failed"):
        if kind in conditions:
            return kind
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in conditions:
            return kind
    return "Running"


def _job_cells(obj: Object, now: float, with_status: bool) -> Cells:
    name, spec, status, template = _parts(obj)
    started, ended = status.get("startTime"), status.get("completionTime")
    took = human_duration((seconds_of(ended) if ended else now) - seconds_of(started)) if started else ""
    head = [name, _job_status(obj)] if with_status else [name]
    return [
        *head,
        _job_completions(spec, status),
        took,
        age(obj, now),
        *container_cells(template),
        selector_text(spec.get("selector")),
    ]


def _jobs(minor: int) -> Printer:
    with_status = minor >= 31
    state = (column("Status", "Where the job stands."),) if with_status else ()
    columns = (
        NAME,
        *state,
        column("Completions", "Pods that succeeded, of those wanted."),
        column("Duration", "How long the job took, or has been running."),
        AGE,
        CONTAINERS,
        IMAGES,
        _SELECTOR,
    )
    return Printer(columns, lambda obj, now: _job_cells(obj, now, with_status))


def _cron_job_cells(obj: Object, now: float, with_zone: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    status: dict[str, Any] = obj.get("status") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    zone = [spec.get("timeZone") or NONE] if with_zone else []
    return [
        obj["metadata"]["name"],
        spec.get("schedule", ""),
        *zone,
        boolean_text(spec.get("suspend")),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age(obj, now),
        *container_cells((job.get("template") or {}).get("spec") or {}),
        selector_text(job.get("selector")),
    ]


def _cron_jobs(minor: int) -> Printer:
    with_zone = minor >= 29
    zone = (column("Timezone", "Time zone of the schedule."),) if with_zone else ()
    columns = (
        NAME,
        column("Schedule", "When jobs are started, in cron's notation."),
        *zone,
        column("Suspend", "Whether no further jobs are started.", "boolean"),
        column("Active", "Jobs that are running.", "integer"),
        column("Last Schedule", "When a job was started last."),
        AGE,
        CONTAINERS,
        IMAGES,
        _SELECTOR,
    )
    return Printer(columns, lambda obj, now: _cron_job_cells(obj, now, with_zone))


def _revision_cells(obj: Object, now: float) -> Cells:
    meta = obj["metadata"]
    owner = next((each for each in meta.get("ownerReferences") or () if each.get("controller")), None)
    controller = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = owner["kind"].lower()
        controller = f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return [meta["name"], controller, obj.get("revision", 0), age(obj, now)]


_REPLICA_SETS = same_for_all((NAME, _DESIRED, _CURRENT, _READY, AGE, CONTAINERS, IMAGES, _SELECTOR), _replica_set_cells)

PRINTERS: dict[str, PrinterOf] = {
    "deployments.apps": same_for_all(
        (
            NAME,
            column("Ready", "Pods that are ready, of those wanted."),
            column("Up-to-date", "Pods that are of the newest template."),
            column("Available", "Pods that have been ready long enough."),
            AGE,
            CONTAINERS,
            IMAGES,
            _SELECTOR,
        ),
        _deployment_cells,
    ),
    "replicasets.apps": _REPLICA_SETS,
    "replicationcontrollers": _REPLICA_SETS,
    "statefulsets.apps": same_for_all(
        (NAME, column("Ready", "Pods that are ready, of those wanted."), AGE, CONTAINERS, IMAGES),
        _stateful_set_cells,
    ),
    "daemonsets.apps": same_for_all(
        (
            NAME,
            column("Desired", "Nodes that should run the pod.", "integer"),
            column("Current", "Nodes that run the pod and should.", "integer"),
            column("Ready", "Nodes on which the pod is ready.", "integer"),
            column("Up-to-date", "Nodes that run the newest template.", "integer"),
            column("Available", "Nodes on which the pod has been ready long enough.", "integer"),
            column("Node Selector", "Labels a node must have to run the pod."),
            AGE,
            CONTAINERS,
            IMAGES,
            _SELECTOR,
        ),
        _daemon_set_cells,
    ),
    "jobs.batch": _jobs,
    "cronjobs.batch": _cron_jobs,
    "controllerrevisions.apps": same_for_all(
        (
            NAME,
            column("Controller", "What the revision belongs to."),
            column("Revision", "Number of the revision."),
            AGE,
        ),
        _revision_cells,
    ),
}
