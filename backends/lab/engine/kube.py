"""A client of the cluster's Kubernetes API by the kubeconfig beside the api model."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backends.lab.engine.clock import SimulatedClock
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.wire import Answer, Wire, WireFailure

Object = dict[str, Any]
_REQUEST_TIMEOUT_S = 60.0


class KubeFailure(Exception):
    """The API refused or could not be reached; `text` as client-go has it, `status` 0 when there was no answer."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Kube:
    """Nodes and pods of one cluster. Safe to be used by several threads."""

    def __init__(self, server: str, context: ssl.SSLContext, timeout_s: float, token: str = "") -> None:
        self._wire = Wire(server, context, timeout_s)
        self._token = token

    def get_node(self, name: str) -> Object:
        """Read a node."""
        return self.ask("GET", f"/api/v1/nodes/{name}")

    def list_nodes(self, selector: str = "") -> list[Object]:
        """Read every node, or those with a label."""
        query = f"?{urllib.parse.urlencode({'labelSelector': selector})}" if selector else ""
        return list(self.ask("GET", f"/api/v1/nodes{query}").get("items") or [])

    def update_node(self, node: Object) -> Object:
        """Write a node that was read before; a conflict is a failure of status 409."""
        return self.ask("PUT", f"/api/v1/nodes/{node['metadata']['name']}", node)

    def delete_node(self, name: str) -> None:
        """Take a node out of the cluster."""
        self.ask("DELETE", f"/api/v1/nodes/{name}")

    def list_pods(self, node: str) -> list[Object]:
        """Read the pods of a node."""
        query = urllib.parse.urlencode({"fieldSelector": f"spec.nodeName={node}"})
        return list(self.ask("GET", f"/api/v1/pods?{query}").get("items") or [])

    def get_pod(self, namespace: str, name: str) -> Object:
        """Read a pod."""
        return self.ask("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")

    def eviction_version(self) -> str:
        """Return the version of the eviction that this API takes, empty when it knows none."""
        groups = self.ask("GET", "/apis").get("groups") or []
        policy = next((each for each in groups if each.get("name") == "policy"), None)
        if policy is None:
            return ""
        resources = self.ask("GET", "/api/v1").get("resources") or []
        eviction = next((each for each in resources if each.get("name") == "pods/eviction"), None)
        if eviction is None:
            return ""
        version = eviction.get("version") or ""
        return f"policy/{version}" if version else str(policy.get("preferredVersion", {}).get("groupVersion", ""))

    def evict(self, namespace: str, name: str, version: str) -> None:
        """Ask for a pod to go; 429: a disruption budget does not allow it now."""
        body = {"apiVersion": version, "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        self.ask("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body)

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = "application/json"
    ) -> Object:
        """Ask for any path and return the object it answers; raises `KubeFailure`."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = content_type
        return _object(self._send(method, path, content, headers).body)

    def read(self, path: str) -> bytes:
        """Read what is no object, such as the log of a container; raises `KubeFailure`."""
        return self._send("GET", path, None, {"Accept": "*/*"}).body

    def _send(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = self._wire.ask(method, path, content, headers)
        except WireFailure as error:
            raise KubeFailure(error.text) from error
        if answer.status >= 400:
            reason = "an error on the server (" + repr(answer.body[:120].decode(errors="replace")) + ")"
            raise KubeFailure(str(_object(answer.body).get("message") or reason), answer.status)
        return answer


def _object(content: bytes) -> Object:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_ready(node: Object) -> bool:
    """Tell whether a node's condition Ready is True."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def connect(kubeconfig: Path, clock: SimulatedClock, server: str = "") -> Kube:
    """Return a client of the cluster a kubeconfig names; `server` replaces its address.

    Raises `EngineFailure` when the file cannot be used.
    """
    try:
        content = _read(kubeconfig)
        context = next(each["context"] for each in content["contexts"] if each["name"] == content["current-context"])
        cluster = next(each["cluster"] for each in content["clusters"] if each["name"] == context["cluster"])
        user = next(each["user"] for each in content["users"] if each["name"] == context["user"])
        tls = _tls(cluster, user, kubeconfig.parent)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise EngineFailure(f"reading kubeconfig {kubeconfig}: {error or 'incomplete'}") from error
    return Kube(
        server or str(cluster["server"]), tls, clock.real_timeout_s(_REQUEST_TIMEOUT_S), str(user.get("token", ""))
    )


def _read(kubeconfig: Path) -> Object:
    text = kubeconfig.read_text()
    if text.lstrip().startswith("{"):
        return dict(json.loads(text))
    import yaml  # 15 ms, and the engine's own kubeconfig is JSON

    return dict(yaml.safe_load(text))


def _tls(cluster: Object, user: Object, folder: Path) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = _content(user, "client-certificate", folder), _content(user, "client-key", folder)
    if certificate and key:
        # ssl takes a client's certificate from a file only.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _content(entry: Object, name: str, folder: Path) -> bytes:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data)
    return (folder / str(entry[name])).read_bytes() if entry.get(name) else b""
