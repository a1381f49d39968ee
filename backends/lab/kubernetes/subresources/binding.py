"""Binding a pod to a node, as a scheduler does."""

from __future__ import annotations

import copy

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.reading import answer, stored_object
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import bad_request, conflict


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST of a Binding: sets spec.nodeName once."""
    body = await bodies.read_value(request) or {}
    target = body.get("target") or {}
    if target.get("kind", "Node") not in ("Node", ""):
        raise bad_request(f'Invalid target kind: "{target["kind"]}"')
    if not target.get("name"):
        raise bad_request("Required value: target.name")
    pod = copy.deepcopy(stored_object(context, call, resource))
    if pod["spec"].get("nodeName"):
        why = f'pod {call.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict("pods/binding", "", call.name, why)
    if pod["metadata"].get("deletionTimestamp"):
        raise conflict("pods/binding", "", call.name, f"pod {call.name} is being deleted, cannot be assigned to a host")
    pod["spec"]["nodeName"] = target["name"]
    status = pod.setdefault("status", {})
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(context.clock.now()),
    }
    others = [each for each in status.get("conditions") or () if each["type"] != "PodScheduled"]
    status["conditions"] = [*others, scheduled]
    if not call.dry_run:
        context.store.replace("pods", pod)
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return answer(encode(body), Form(), 201)
