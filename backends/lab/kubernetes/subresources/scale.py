"""The scale subresource: autoscaling/v1 Scale of anything that has replicas."""

from __future__ import annotations

import copy
from typing import Any

from aiohttp import web

from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.negotiation import Form, choose_form
from backends.lab.kubernetes.patching import patched, read_patch
from backends.lab.kubernetes.reading import answer
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import invalid, modified, not_found
from backends.lab.kubernetes.tables.texts import selector_text
from backends.lab.kubernetes.validation import required, wrong
from backends.lab.kubernetes.writing import Write
from backends.lab.objects import Object


def scale_of(obj: Object) -> Object:
    """Return an object's Scale."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    selector = spec.get("selector")
    # Replication controllers select by a plain map of labels.
    labels = selector if selector and not {"matchLabels", "matchExpressions"} & set(selector) else None
    text = selector_text({"matchLabels": labels} if labels else selector, empty="")
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {"replicas": status.get("replicas", 0), **({"selector": text} if text else {})},
    }


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer GET, PUT and PATCH."""
    form = choose_form(request.headers.get("Accept", ""), collection=False)
    live = context.store.find(resource.storage, call.namespace, call.name)
    if live is None:
        raise not_found(f"{resource.plural}/scale", resource.group, call.name)
    if call.verb == "get":
        return answer(encode(scale_of(live)), Form(yaml=form.yaml))
    write = Write(context, call, request, resource)
    if call.verb == "update":
        wanted = bodies.checked_kind(await bodies.read_value(request) or {}, "autoscaling/v1", "Scale")
    else:
        wanted = patched(scale_of(live), await read_patch(request), write)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    meta = dict(wanted.get("metadata") or {})
    has_namespace = bool(meta.get("namespace"))
    write.check_name(meta, live["metadata"])
    causes = [] if has_namespace else [required("metadata.namespace")]
    if not isinstance(replicas, int) or replicas < 0:
        causes.append(wrong("spec.replicas", replicas, "must be greater than or equal to 0"))
    if causes:
        raise invalid("Scale", "autoscaling", call.name, causes)
    if meta.get("resourceVersion", live["metadata"]["resourceVersion"]) not in (
        "",
        live["metadata"]["resourceVersion"],
    ):
        raise modified(resource.plural, resource.group, call.name)

    def edit(shown: Any) -> Object:
        changed: Object = copy.deepcopy(shown)
        changed.setdefault("spec", {})["replicas"] = replicas
        return changed

    return answer(encode(scale_of(write.update(live, edit))), Form())
