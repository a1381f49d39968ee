"""metrics.k8s.io: what metrics-server knows of nodes and pods, from the simulated nodes."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.computed import serve_computed
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.node_services import Usage
from backends.lab.objects import Object


def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer GET of one or of all."""
    found = _node_metrics(context) if resource.plural == "nodes" else _pod_metrics(context, call.namespace)
    return serve_computed(context, call, request, resource, found)


def _usage(usage: Usage) -> dict[str, str]:
    return {"cpu": f"{usage.cpu_millicores * 1_000_000}n", "memory": f"{usage.memory_bytes // 1024}Ki"}


def _item(kind: str, source: Object | None, name: str, namespace: str, usage: Usage) -> Object:
    labels = (source or {}).get("metadata", {}).get("labels")
    meta: dict[str, Any] = {"name": name, "creationTimestamp": rfc3339(usage.at), "resourceVersion": ""}
    if namespace:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = labels
    return {
        "kind": kind,
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": meta,
        "timestamp": rfc3339(usage.at),
        "window": f"{usage.window_s:g}s",
    }


def _node_metrics(context: ApiContext) -> list[Object]:
    found = []
    for name, usage in sorted(context.nodes.node_usage().items()):
        item = _item("NodeMetrics", context.store.find("nodes", "", name), name, "", usage)
        found.append({**item, "usage": _usage(usage)})
    return found


def _pod_metrics(context: ApiContext, namespace: str) -> list[Object]:
    found = []
    for pod in sorted(context.nodes.pod_usage(), key=lambda each: (each.namespace, each.pod)):
        if (namespace and pod.namespace != namespace) or not pod.containers:
            continue
        newest = max(pod.containers.values(), key=lambda usage: usage.at)
        source = context.store.find("pods", pod.namespace, pod.pod)
        item = _item("PodMetrics", source, pod.pod, pod.namespace, newest)
        containers = [{"name": name, "usage": _usage(usage)} for name, usage in pod.containers.items()]
        found.append({**item, "containers": containers})
    return found
