"""What the contract is proved on: a real control plane, or the whole lab; both behind one small face."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backends.clock import SystemClock
from backends.kubernetes import Cluster, Timing
from backends.lab.control import LabControl
from backends.lab.world.logs import LINES_PER_SECOND
from backends.model.stamp import ClusterAccess, Stamp
from tests.support.control_plane import ControlPlane
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

        # The server refuses pods until its controllers made the account and, before 1.24, the account's token.
        has_tokens = self.name == "real" and int((await cluster.version()).split(".")[1]) < 24

        async def has_account() -> bool:
            accounts = await cluster.list_objects("serviceaccounts", namespace=name)
            return any(each.get("secrets") or not has_tokens for each in accounts)

        await eventually(has_account)
        return name

    async def node(self, cluster: Cluster) -> str:
        """Make sure that there is a node for pods that is Ready and return its name."""
        if not await cluster.list_objects("nodes"):
            await send(cluster, "POST", "/api/v1/nodes", {"metadata": {"name": "node-0"}})
        async with cluster.reflect("nodes") as nodes:

            def ready() -> str:
                free = (row for row in nodes.store.rows.values() if str(row.cells[1]).startswith("Ready"))
                return next((row.name for row in free if "master" not in row.name), "")

            return await until(ready)

    async def pod(self, cluster: Cluster, namespace: str, name: str, *, running: bool = True) -> None:
        """Make a pod `name` with a container `web`, labelled app=web; it is ready, or waits for a node for ever.

        On the lab it writes 20 lines a second; a real kubelet is played by one that writes as many.
        """
        spec: Object = {"containers": [{"name": "web", "image": "registry.example/web:v1"}]}
        if running:
            spec["nodeName"] = await self.node(cluster)
        else:
            spec["nodeSelector"] = {"no-such": "node"}
        meta = {"name": name, "labels": {"app": "web"}, "annotations": {LINES_PER_SECOND: "20"}}
        made = {"metadata": meta, "spec": spec}
        path = f"/api/v1/namespaces/{namespace}/pods"
        await send(cluster, "POST", path, made)
        if not running:
            return

        async def runs() -> bool:
            status = (await cluster.get("pods", name, namespace))["status"]
            return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))

        await eventually(runs)

    async def budget_counted(self, cluster: Cluster, path: str) -> None:
        """Wait until a disruption budget's controller has counted its one pod."""

        async def is_counted() -> bool:
            return bool((await send(cluster, "GET", path)).get("status", {}).get("currentHealthy") == 1)

        await eventually(is_counted)


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


async def lab_subject(folder: Path) -> Subject:
    """Return the contract's view of the first stamp of the lab that runs in `folder`.

    The kubeconfig is the one of the lab's folder; it gains a `viewer`, an account made for the purpose that was
    given no rights, and the `stranger`.
    """
    kubeconfig = folder / "kube" / "contract.yaml"
    if not kubeconfig.exists():
        await _write_kubeconfig(folder / "kube" / "orlando.yaml", kubeconfig)
    control = LabControl.read(folder)

    async def compact() -> None:
        await control.fault("orlando", "watch-410")
        await control.clear("orlando", "watch-410")

    return Subject("lab", kubeconfig, compact)


async def _write_kubeconfig(given: Path, written: Path) -> None:
    config = yaml.safe_load(given.read_text())
    (admin,) = (each["context"] for each in config["contexts"] if each["name"] == "orlando")
    async with Cluster(Stamp("orlando", ClusterAccess(given, "orlando")), SystemClock()) as cluster:
        accounts = "/api/v1/namespaces/default/serviceaccounts"
        await send(cluster, "POST", accounts, {"metadata": {"name": "viewer"}})
        issued = await send(cluster, "POST", f"{accounts}/viewer/token", {"spec": {}})
    tokens = {"viewer": issued["status"]["token"], "stranger": "nobody-knows-this-token"}
    config["users"] += [{"name": name, "user": {"token": token}} for name, token in tokens.items()]
    config["contexts"] += [{"name": name, "context": admin | {"user": name}} for name in tokens]
    config["contexts"].append({"name": "admin", "context": admin})
    written.touch(mode=0o600)
    written.write_text(yaml.safe_dump(config))
