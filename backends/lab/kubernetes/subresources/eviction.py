"""The eviction subresource: a deletion that the disruption budgets of a pod must allow."""

from __future__ import annotations

import copy
import math
from typing import Any

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.deleting import delete_stored, parse_delete_options
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.reading import answer, stored_object
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.selectors import from_label_selector
from backends.lab.kubernetes.statuses import bad_request, internal, too_many_requests
from backends.lab.objects import Object

BUDGETS = "poddisruptionbudgets.policy"
_KINDS = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
}
_VERSIONS = ("policy/v1", "policy/v1beta1")


def budgets_of(context: ApiContext, pod: Object) -> list[Object]:
    """Return the budgets whose selector matches a pod."""
    found = []
    for budget in context.store.listing(BUDGETS, pod["metadata"].get("namespace", "")):
        selector = from_label_selector((budget.get("spec") or {}).get("selector"))
        # An empty selector selects nothing in policy/v1beta1 and everything in policy/v1.
        everything = budget.get("apiVersion") == "policy/v1"
        if selector is not None and (selector or everything) and selector.matches(pod["metadata"].get("labels")):
            found.append(budget)
    return found


def is_healthy(pod: Object) -> bool:
    """Tell whether a pod counts as available to its budget."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def disruptions_allowed(context: ApiContext, budget: Object) -> tuple[int, int, int, int]:
    """Return how many more pods may go, and the expected, desired and current healthy numbers behind it."""
    spec, namespace = budget.get("spec") or {}, budget["metadata"].get("namespace", "")
    selector = from_label_selector(spec.get("selector"))
    ended = ("Succeeded", "Failed")
    pods = [
        pod
        for pod in context.store.listing("pods", namespace)
        if selector is not None
        and selector.matches(pod["metadata"].get("labels"))
        and (pod.get("status") or {}).get("phase") not in ended
    ]
    healthy = sum(is_healthy(pod) for pod in pods)
    expected = _expected(context, pods)
    if spec.get("maxUnavailable") is not None:
        desired = max(0, expected - _share(spec["maxUnavailable"], expected))
    else:
        least = spec.get("minAvailable", 1)
        if isinstance(least, int):
            expected = len(pods)
        desired = _share(least, expected)
    return max(0, healthy - desired), expected, desired, healthy


def _share(value: Any, of: int) -> int:
    """Return a number or a percentage of one, rounded up as the disruption controller does."""
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * of / 100)
    return int(value)


def _expected(context: ApiContext, pods: list[Object]) -> int:
    """Return how many pods the controllers of these want; pods without one count for themselves."""
    scales: dict[str, int] = {}
    alone = 0
    for pod in pods:
        owner = _controller(pod)
        top = _top_controller(context, pod, owner) if owner else None
        if top is None:
            alone += 1
        else:
            scales[top["metadata"]["uid"]] = int((top.get("spec") or {}).get("replicas", 1))
    return alone + sum(scales.values())


def _controller(obj: Object) -> Object | None:
    return next((each for each in obj["metadata"].get("ownerReferences") or () if each.get("controller")), None)


def _top_controller(context: ApiContext, obj: Object, owner: Object | None) -> Object | None:
    top = None
    while owner is not None and owner["kind"] in _KINDS:
        found = context.store.find(_KINDS[owner["kind"]], obj["metadata"].get("namespace", ""), owner["name"])
        if found is None:
            return top
        top, owner = found, _controller(found)
    return top


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST of an Eviction: 201 when the pod goes, 429 when a budget does not allow it now."""
    body = await bodies.read_value(request) or {}
    if body.get("kind", "Eviction") != "Eviction" or body.get("apiVersion", _VERSIONS[0]) not in _VERSIONS:
        raise bad_request(f"the object provided is unrecognized (must be of type Eviction): {body.get('kind')}")
    name = (body.get("metadata") or {}).get("name", call.name)
    if name != call.name:
        raise bad_request("name in URL does not match name in Eviction object")
    pod = stored_object(context, call, resource)
    options = parse_delete_options(body.get("deleteOptions"), call)
    phase = (pod.get("status") or {}).get("phase")
    if phase not in ("Succeeded", "Failed", "Pending") and not pod["metadata"].get("deletionTimestamp"):
        budgets = budgets_of(context, pod)
        if len(budgets) > 1:
            raise internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            )
        for budget in budgets:
            _spend(context, budget, pod, dry_run=options.dry_run)
    delete_stored(context, resource, pod, options)
    return answer(
        encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}), Form(), 201
    )


def _spend(context: ApiContext, budget: Object, pod: Object, *, dry_run: bool) -> None:
    """Take one disruption from a budget, or refuse with 429."""
    name = budget["metadata"]["name"]
    allowed, expected, desired, healthy = disruptions_allowed(context, budget)
    disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
    if is_healthy(pod) and allowed <= 0:
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        text = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        raise too_many_requests(message, 0, [{"reason": "DisruptionBudget", "message": text}])
    if dry_run or not is_healthy(pod):
        return
    changed = copy.deepcopy(budget)
    changed["status"] = {
        **(budget.get("status") or {}),
        "disruptionsAllowed": allowed - 1,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptedPods": {**disrupted, pod["metadata"]["name"]: rfc3339(context.clock.now())},
    }
    context.store.replace(BUDGETS, changed)
