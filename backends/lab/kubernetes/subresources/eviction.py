"""The eviction subresource: a deletion that the disruption budgets of a pod must allow.

Source: pkg/registry/core/pod/storage/eviction.go of Kubernetes. What a budget allows is what its controller wrote
into its status, not what a look at the pods would say.
"""

from __future__ import annotations

import copy
from typing import Any

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.deleting import DeleteOptions, delete_stored, parse_delete_options
from backends.lab.kubernetes.managed_fields import Writer, record_update
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.patches.shapes import shape_of
from backends.lab.kubernetes.reading import answer, stored_object
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.selectors import from_label_selector
from backends.lab.kubernetes.statuses import ApiError, bad_request, forbidden, too_many_requests
from backends.lab.objects import Object

BUDGETS = "poddisruptionbudgets.policy"
_POLICY_SINCE_MINOR = 27  # unhealthyPodEvictionPolicy is served by default
_UNCOUNTED_RETRY_S = 10
_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
_TWO = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"


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


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST of an Eviction: 201 when the pod goes, 429 when a budget does not allow it now."""
    body = await bodies.read_value(request) or {}
    _check_kind(body, minor_of(context.version))
    name = (body.get("metadata") or {}).get("name", call.name)
    if name != call.name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = parse_delete_options(body.get("deleteOptions"))
    if call.dry_run:
        options = parse_delete_options({**(body.get("deleteOptions") or {}), "dryRun": ["All"]})
    pod = stored_object(context, call, resource)
    if not _is_ending(pod):
        _ask_budget(context, pod, options)
    delete_stored(context, resource, pod, options)
    return answer(
        encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}), Form(), 201
    )


def _check_kind(body: dict[str, Any], minor: int) -> None:
    """Refuse what is no Eviction of a version this server knows; policy/v1 came with 1.22."""
    kind, version = body.get("kind", "Eviction"), body.get("apiVersion", "policy/v1beta1")
    known = ("policy/v1beta1", "policy/v1") if minor >= 22 else ("policy/v1beta1",)
    if kind == "Eviction" and version in known:
        return
    if kind != "Eviction" and version == "v1":
        why = f"converting (v1.{kind}) to (policy.Eviction): unknown conversion"
    else:
        why = f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"'
    raise bad_request(f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a Eviction: {why}')


def _is_ending(pod: Object) -> bool:
    """Tell whether a pod disrupts nobody any more, so that no budget is asked."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _ask_budget(context: ApiContext, pod: Object, options: DeleteOptions) -> None:
    """Take one disruption from the pod's budget, if it has one; refuse when there is none left."""
    budgets = budgets_of(context, pod)
    if len(budgets) > 1:
        raise ApiError(500, "", _TWO)
    if not budgets:
        return
    (budget,) = budgets
    spec, status = budget.get("spec") or {}, budget.get("status") or {}
    if not _is_ready(pod):
        if minor_of(context.version) >= _POLICY_SINCE_MINOR and spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
            return
        # It is not counted as healthy, so its end takes nothing from a budget that has enough healthy ones.
        if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0:
            return
    _check_allowed(budget, status, _UNCOUNTED_RETRY_S if minor_of(context.version) >= 22 else 0)
    if not options.dry_run:
        _spend(context, budget, pod)


def _check_allowed(budget: Object, status: dict[str, Any], uncounted_retry_s: int) -> None:
    name, allowed = budget["metadata"]["name"], status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        text = f"The disruption budget {name} is still being processed by the server."
        cause = {"reason": "DisruptionBudget", "message": text}
        raise too_many_requests(_VIOLATES, uncounted_retry_s, [cause])
    if allowed < 0:
        raise forbidden("poddisruptionbudget", "policy", name, "pdb disruptions allowed is negative")
    if allowed == 0:
        desired, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        text = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        raise too_many_requests(_VIOLATES, 0, [{"reason": "DisruptionBudget", "message": text}])


def _spend(context: ApiContext, budget: Object, pod: Object) -> None:
    """Write into the budget that this pod goes, in the API server's own name."""
    changed = copy.deepcopy(budget)
    now = rfc3339(context.clock.now())
    status = changed["status"]
    status["disruptionsAllowed"] -= 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: now}
    if status["disruptionsAllowed"] == 0:
        for each in status.get("conditions") or ():
            if each["type"] == "DisruptionAllowed" and each["status"] == "True":
                each |= {"status": "False", "reason": "InsufficientPods", "lastTransitionTime": now}
    if budget["metadata"].get("managedFields"):
        through = "status" if minor_of(context.version) >= 22 else ""
        version = budget["apiVersion"]
        shape = shape_of("policy", version.rpartition("/")[2], "PodDisruptionBudget")
        record_update(budget, changed, Writer("kube-apiserver", version, through, now), shape)
    context.store.replace(BUDGETS, changed)
