"""What the contract is proved on: a real control plane, or the lab's API server; both behind one small face."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backends.clock import SystemClock
from backends.kubernetes import Cluster, Timing
from backends.lab.kubernetes import NoNodes
from backends.lab.kubernetes.node_services import ContainerUnavailable, LogEntry
from backends.model.stamp import ClusterAccess, Stamp
from tests.lab.api.support import ADMIN, NOBODY, Lab, running_lab
from tests.support.control_plane import ControlPlane
from tests.support.fake_kubelet import LINES_AT_ONCE
from tests.support.waiting import eventually, until

Object = dict[str, Any]

PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


@dataclass
class Subject:
    """One API under contract; `compact` makes it forget the changes of the past."""

    name: str
    kubeconfig: Path
    compact: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def cluster(self, context: str = "admin", timing: Timing | None = None) -> AsyncIterator[Cluster]:
        """Open our client as `admin`, as `viewer` who has no rights, or as `stranger` whom nobody knows."""
        stamp = Stamp("orlando", ClusterAccess(self.kubeconfig, context, requests_per_second=200.0))
        async with Cluster(stamp, SystemClock(), timing) as cluster:
            yield cluster

    async def namespace(self, cluster: Cluster) -> str:
        """Make a new namespace and return its name once pods can be made in it."""
        made = await send(cluster, "POST", "/api/v1/namespaces", {"metadata": {"generateName": "contract-"}})
        name = str(made["metadata"]["name"])
        if self.name == "lab":
            return name
        # The real server refuses pods until its controller made the account.
        await eventually(lambda: cluster.list_objects("serviceaccounts", namespace=name))
        return name

    async def node(self, cluster: Cluster) -> str:
        """Make sure that there is a node that is Ready and return its name."""
        if not await cluster.list_objects("nodes"):
            await send(cluster, "POST", "/api/v1/nodes", {"metadata": {"name": "node-0"}})
        if self.name == "lab":
            status = {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "2", "memory": "4Gi"}}
            await send(cluster, "PATCH", "/api/v1/nodes/node-0/status", {"status": status}, PATCHES["merge"])
        async with cluster.reflect("nodes") as nodes:
            await until(lambda: any(str(row.cells[1]).startswith("Ready") for row in nodes.store.rows.values()))
        return "node-0"

    async def pod(self, cluster: Cluster, namespace: str, name: str, *, running: bool = True) -> None:
        """Make a pod `name` with a container `web`, labelled app=web; it runs, or waits for a node for ever."""
        spec: Object = {"containers": [{"name": "web", "image": "registry.example/web:v1"}]}
        if running:
            spec["nodeName"] = await self.node(cluster)
        else:
            spec["nodeSelector"] = {"no-such": "node"}
        made = {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec}
        path = f"/api/v1/namespaces/{namespace}/pods"
        await send(cluster, "POST", path, made)
        if not running:
            return
        if self.name == "lab":
            await send(cluster, "PATCH", f"{path}/{name}/status", {"status": _RUNNING}, PATCHES["merge"])

        async def runs() -> bool:
            return bool((await cluster.get("pods", name, namespace))["status"].get("phase") == "Running")

        await eventually(runs)

    async def budget_counted(self, cluster: Cluster, path: str) -> None:
        """Wait until a disruption budget's status forbids what it should (on the lab: say so in its place)."""
        if self.name == "lab":
            counted = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
            status = {"status": counted | {"observedGeneration": 1}}
            await send(cluster, "PATCH", f"{path}/status", status, PATCHES["merge"])

        async def is_counted() -> bool:
            return bool((await send(cluster, "GET", path)).get("status", {}).get("currentHealthy") == 1)

        await eventually(is_counted)


_RUNNING = {
    "phase": "Running",
    "podIP": "10.244.0.9",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [
        {"name": "web", "ready": True, "restartCount": 0, "state": {"running": {}}, "image": "x", "imageID": ""}
    ],
}


async def send(
    cluster: Cluster, method: str, path: str, body: Any = None, content_type: str = "application/json", **query: str
) -> Any:
    """Send one request over the cluster's connection and return the decoded answer."""
    encoded = None if body is None else json.dumps(body).encode()
    answer = await cluster.connection.request(method, path, body=encoded, content_type=content_type, query=query)
    return json.loads(answer.body)


def real_subject(plane: ControlPlane) -> Subject:
    """Return the contract's view of a real control plane; its kubeconfig gains the context `stranger`."""
    config = yaml.safe_load(plane.kubeconfig.read_text())
    if not any(each["name"] == "stranger" for each in config["users"]):
        config["users"].append({"name": "stranger", "user": {"token": "nobody-knows-this-token"}})
        config["contexts"].append({"name": "stranger", "context": {"cluster": "real", "user": "stranger"}})
        plane.kubeconfig.write_text(yaml.safe_dump(config))

    async def compact() -> None:
        await asyncio.to_thread(plane.compact)

    return Subject("real", plane.kubeconfig, compact)


@asynccontextmanager
async def lab_subject(folder: Path) -> AsyncIterator[Subject]:
    """Run the lab's API server and return the contract's view of it."""
    async with running_lab(folder, nodes=_WrittenLogs(), bookmark_every_s=0.5) as lab:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(_lab_kubeconfig(lab)))

        async def compact() -> None:
            hub = lab.api._context.hub
            await until(lambda: hub.distributed == lab.store.revision)
            lab.faults.set("watch-410")
            lab.faults.clear("watch-410")

        yield Subject("lab", kubeconfig, compact)


def _lab_kubeconfig(lab: Lab) -> Object:
    authority = base64.b64encode((lab.folder / "ca.crt").read_bytes()).decode()
    tokens = {"admin": ADMIN, "viewer": NOBODY, "stranger": "nobody-knows-this-token"}
    return {
        "clusters": [{"name": "lab", "cluster": {"server": lab.url, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
        "contexts": [{"name": name, "context": {"cluster": "lab", "user": name}} for name in tokens],
    }


class _WrittenLogs(NoNodes):
    """Nodes on which every container named `web` wrote the same lines as the real plane's kubelet writes."""

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        if previous:
            message = f'previous terminated container "{container}" in pod "{pod}" not found'
            raise ContainerUnavailable(message, 400)
        began = SystemClock().now() - LINES_AT_ONCE
        return [LogEntry(began + number, f"{pod} line {number}") for number in range(LINES_AT_ONCE)]
