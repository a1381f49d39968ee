"""An API server over a hand-built store, and a client that speaks TLS to it."""

from __future__ import annotations

import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from backends.lab.clock import LabClock
from backends.lab.faults import FaultBoard
from backends.lab.kubernetes import Account, KubernetesApi, NodeServices, NoNodes, ServingFiles
from backends.lab.objects import ObjectStore
from tests.support.authority import Authority

ADMIN, READER, NOBODY = "admin-token", "reader-token", "nobody-token"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
AUTHORITY = Authority("lab-api")
ACCOUNTS = (
    Account("admin", ("system:masters",), ADMIN),
    Account("reader", ("readers",), READER),
    Account("nobody", (), NOBODY),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished response."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any


@dataclass(slots=True)
class Lab:
    """One running API server and what is behind it."""

    api: KubernetesApi
    store: ObjectStore
    faults: FaultBoard
    folder: Path
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.api.port}"

    async def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        *,
        token: str = ADMIN,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> Answer:
        """Ask and read the whole answer."""
        headers = {"Accept": accept, "Content-Type": content_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = body if isinstance(body, str | bytes) or body is None else aiohttp.payload.JsonPayload(body)
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            raw = await response.read()
            found = await response.json(content_type=None) if raw.startswith((b"{", b"[{")) else None
            return Answer(response.status, dict(response.headers), raw, found)

    async def patch(self, path: str, body: Any, kind: str = "merge") -> Answer:
        """PATCH with one of merge, strategic, json, apply."""
        types = {
            "merge": "application/merge-patch+json",
            "strategic": "application/strategic-merge-patch+json",
            "json": "application/json-patch+json",
            "apply": "application/apply-patch+yaml",
        }
        return await self.ask(path, "PATCH", body, content_type=types[kind])


@asynccontextmanager
async def running_lab(
    folder: Path, version: str = "v1.33.1", nodes: NodeServices | None = None, bookmark_every_s: float = 60.0
) -> AsyncIterator[Lab]:
    """Start an API server over an empty store; everything is stopped at the end."""
    clock = LabClock()
    store = ObjectStore(clock, random.Random(7))
    faults = FaultBoard("orlando")
    certificate, key = AUTHORITY.server("127.0.0.1", "localhost").write(folder, "server")
    expired, expired_key = AUTHORITY.server("127.0.0.1", "localhost", expired=True).write(folder, "expired")
    ca = folder / "ca.crt"
    ca.write_text(AUTHORITY.pem)
    files = ServingFiles(certificate, key, ca, expired, expired_key)
    api = KubernetesApi(
        "orlando", store, clock, faults, nodes or NoNodes(), version, files, ACCOUNTS, bookmark_every_s=bookmark_every_s
    )
    await api.start()
    tls = ssl.create_default_context(cadata=AUTHORITY.pem)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
            yield Lab(api, store, faults, folder, session)
    finally:
        await api.stop()


def pod(name: str, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    """Return a running pod with one container `web`, labelled app=NAME-without-its-last-part."""
    app = name.rpartition("-")[0] or name
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:v1"}], "nodeName": "node-0", **spec},
        "status": {
            "phase": "Running",
            "podIP": "10.244.0.3",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "web", "ready": True, "restartCount": 0, "state": {"running": {}}, "image": "x", "imageID": ""}
            ],
        },
    }


def node(name: str) -> dict[str, Any]:
    """Return a ready node."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/role": "agent"}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.33.1"},
            "capacity": {"cpu": "4", "memory": "14Gi", "pods": "110"},
            "allocatable": {"cpu": "3900m", "memory": "12Gi", "pods": "110"},
        },
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    """Return a ConfigMap in the namespace default."""
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
