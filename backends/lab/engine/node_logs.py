"""The archive of one node: what the Kubernetes API tells of it."""

from __future__ import annotations

import io
import json
import urllib.parse
import zipfile
from typing import Any

from backends.lab.engine.kube import Kube, KubeFailure

_LINES = 500
_PODS = 60


def collect(node: str, kube: Kube) -> bytes:
    """Return a ZIP archive: node.json, pods.json, events.json, and logs/NAMESPACE_POD_CONTAINER.log.

    What the API does not tell is left out; errors.txt says what that is.
    """
    packed = io.BytesIO()
    problems: list[str] = []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        node_object = _read(kube, f"/api/v1/nodes/{node}", problems)
        _add(archive, f"{node}/node.json", node_object)
        query = urllib.parse.urlencode({"fieldSelector": f"spec.nodeName={node}"})
        pods = _read(kube, f"/api/v1/pods?{query}", problems).get("items") or []
        _add(archive, f"{node}/pods.json", {"items": pods})
        query = urllib.parse.urlencode({"fieldSelector": f"involvedObject.kind=Node,involvedObject.name={node}"})
        _add(archive, f"{node}/events.json", _read(kube, f"/api/v1/events?{query}", problems))
        for pod in sorted(pods, key=_order)[:_PODS]:
            for name, text in _pod_logs(kube, pod, problems):
                archive.writestr(f"{node}/logs/{name}.log", text)
        if problems:
            archive.writestr(f"{node}/errors.txt", "".join(f"{each}\n" for each in problems))
    return packed.getvalue()


def _order(pod: dict[str, Any]) -> tuple[bool, str]:
    """System pods first: they are what one looks for."""
    metadata = pod["metadata"]
    return metadata["namespace"] != "kube-system", str(metadata["name"])


def _pod_logs(kube: Kube, pod: dict[str, Any], problems: list[str]) -> list[tuple[str, bytes]]:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    found = []
    for container in pod["spec"]["containers"]:
        query = urllib.parse.urlencode({"container": container["name"], "tailLines": _LINES})
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/log?{query}"
        try:
            found.append((f"{namespace}_{name}_{container['name']}", kube.read(path)))
        except KubeFailure as error:
            problems.append(f"{namespace}/{name} {container['name']}: {error.text}")
    return found


def _read(kube: Kube, path: str, problems: list[str]) -> dict[str, Any]:
    try:
        return kube.ask("GET", path)
    except KubeFailure as error:
        problems.append(f"{path.partition('?')[0]}: {error.text}")
        return {}


def _add(archive: zipfile.ZipFile, name: str, document: dict[str, Any]) -> None:
    archive.writestr(name, json.dumps(document, indent=2) + "\n")
