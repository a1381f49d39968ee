"""A stamp with its world, Kubernetes API and Resource Manager, at hundreds of times the machine's speed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from backends.lab.accounts import make_accounts
from backends.lab.arm.lab_arm import LabArm
from backends.lab.arm.principals import Credentials, make_engine_credentials
from backends.lab.certificates import Authority
from backends.lab.clock import LabClock
from backends.lab.estate import StampPlan, build_estate, node_shape, plan_stamps
from backends.lab.faults import FaultBoard
from backends.lab.folder import LabFolder
from backends.lab.kubernetes.server import KubernetesApi
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.shapes import condition
from backends.lab.world.world import World
from tests.support.waiting import eventually

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/k8s-orlando"
VM = "providers/Microsoft.Compute/virtualMachines"
NIC = "providers/Microsoft.Network/networkInterfaces"
DISK = "providers/Microsoft.Compute/disks"
DEPLOYMENTS = "providers/Microsoft.Resources/deployments"
COMPUTE, NETWORK, RESOURCES = "2020-06-01", "2018-11-01", "2018-05-01"
ENGINE = make_engine_credentials()
SPEED = 900.0
IMAGE = ("microsoft-aks", "aks", "aks-engine-azurestack-ubuntu-2204", "2026.139.1")


def machine(name: str, version: str = "1.34.4", image: Sequence[str] = IMAGE, **more: Any) -> dict[str, Any]:
    """Return a virtual machine as the engine's template asks for it."""
    _, pool, suffix, _ = name.split("-")
    reference = dict(zip(("publisher", "offer", "sku", "version"), image, strict=True))
    return {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": COMPUTE,
        "name": name,
        "location": "orlando",
        "tags": {
            "orchestrator": f"Kubernetes:{version}",
            "poolName": pool,
            "resourceNameSuffix": suffix,
            "aksEngineVersion": "v0.85.0",
            "creationSource": f"aksengine-{name}",
        },
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_DS2_v2" if pool == "master" else "Standard_DS3_v2"},
            "storageProfile": {"imageReference": reference, "osDisk": {"name": f"{name}_OsDisk_1_abc"}},
            "osProfile": {"computerName": name},
        },
        **more,
    }


def template(*machines: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a deployment."""
    return {"properties": {"mode": "Incremental", "template": {"resources": list(machines)}, "parameters": {}}}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A running stamp, and a client of its Resource Manager that trusts its authority and follows nothing by itself."""

    plan: StampPlan
    world: World
    store: ObjectStore
    board: FaultBoard
    arm: LabArm
    api: KubernetesApi
    http: httpx.AsyncClient
    folder: LabFolder

    async def token(self, who: Credentials | None = None) -> str:
        """Return a token of the engine, or of another principal."""
        who = who or self.arm.engine
        form = {
            "grant_type": "client_credentials",
            "client_id": who.client_id,
            "client_secret": who.secret,
            "scope": f"{self.arm.server.audience}/.default",
        }
        home = "adfs/oauth2" if self.arm.identity_system == "adfs" else TENANT_FORM
        answer = await self.http.post(f"/{home}/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def ask(
        self, method: str, path: str, version: str = RESOURCES, *, who: Credentials | None = None, **more: Any
    ) -> httpx.Response:
        """Send one request with a new token; `path` below the subscription's group unless it begins with a slash."""
        url = path if path.startswith("/") else f"{GROUP}/{path}".rstrip("/")
        headers = {"Authorization": f"Bearer {await self.token(who)}", **more.pop("headers", {})}
        query = {"api-version": version} | more.pop("params", {})
        return await self.http.request(method, url, params=query, headers=headers, **more)

    async def finish(self, begun: httpx.Response) -> dict[str, Any]:
        """Poll an operation until it has ended, and return what is said of it then."""
        assert begun.status_code in (200, 201, 202), begun.text
        headers = {"Authorization": f"Bearer {await self.token()}"}

        async def ended() -> dict[str, Any] | None:
            answer = await self.http.get(begun.headers["Azure-AsyncOperation"], headers=headers)
            assert answer.status_code == 200, answer.text
            said: dict[str, Any] = answer.json()
            return said if said["status"] != "InProgress" else None

        return await eventually(ended)

    async def deploy(self, name: str, *machines: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a deployment and return how its operation ended."""
        return await self.finish(await self.ask("PUT", f"{DEPLOYMENTS}/{name}", json=template(*machines)))

    async def remove(self, name: str) -> None:
        """Delete a machine, then its interface and disk, as the engine does."""
        found = (await self.ask("GET", f"{VM}/{name}", COMPUTE)).json()["properties"]
        nic = found["networkProfile"]["networkInterfaces"][0]["id"]
        disk = found["storageProfile"]["osDisk"]["managedDisk"]["id"]
        for path, version in ((f"{VM}/{name}", COMPUTE), (nic, NETWORK), (disk, COMPUTE)):
            said = await self.finish(await self.ask("DELETE", path, version))
            assert said["status"] == "Succeeded"

    async def ask_api(self, path: str) -> httpx.Response | None:
        """Ask the Kubernetes API on a new connection, None when it refuses it."""
        trust = ssl.create_default_context(cafile=str(self.folder.path / "pki" / f"{self.plan.name}-ca.crt"))
        async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
            try:
                return await http.get(f"https://127.0.0.1:{self.api.port}{path}")
            except httpx.ConnectError:
                return None

    def node(self, name: str) -> Object | None:
        """Return a node."""
        return self.store.find("nodes", "", name)

    def status(self, name: str) -> str:
        """Return a node's Ready condition, empty when there is no such node."""
        node = self.node(name)
        return str((condition(node, "Ready") or {}).get("status")) if node else ""

    def events(self, reason: str, name: str) -> list[str]:
        """Return the messages of events of a reason about an object."""
        found = [each for each in self.store.each("events") if each["reason"] == reason]
        return [each["message"] for each in found if each["involvedObject"]["name"] == name]

    def name(self, pool: str, index: int) -> str:
        """Return the name of a machine."""
        return self.plan.node_name(pool, index)

    async def until(self, seen: Callable[[], object], what: str, within_s: float = 20.0) -> None:
        """Wait for a condition on the cluster; it is looked at after every write."""
        try:
            async with asyncio.timeout(within_s):
                while not seen():
                    await self.store.wait(self.store.revision)
        except TimeoutError:
            pytest.fail(f"never happened: {what}")


TENANT_FORM = "44444444-5555-4666-8777-888888888888/oauth2/v2.0"


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, speed: float = SPEED, adfs: bool = False, page_size: int = 50, **planned: Any
) -> AsyncIterator[Stamp]:
    """Run one stamp; its world must not have failed at the end."""
    planned.setdefault("version", "v1.33.10")
    clock, plan = LabClock(speed), plan_stamps(1, **planned)[0]
    store, board = ObjectStore(clock, random.Random(1)), FaultBoard(plan.name)
    build_estate(plan, store)
    world = World(plan.name, store, clock, board, version=plan.version, network=plan.network, incidents=False)
    arm = LabArm(node_shape(plan), plan.version, world, board, adfs=adfs, page_size=page_size)
    files = LabFolder(folder / "lab")
    files.make()
    accounts = make_accounts()
    written = files.write_stamp(plan.name, Authority(f"{plan.name}-ca"), accounts)
    control_plane = arm.life.control_plane
    api = KubernetesApi(
        plan.name, store, clock, board, world, plan.version, written.serving, accounts, up=lambda: control_plane.is_up
    )
    control_plane.listen(api.look_again)
    control_plane.listen(lambda: api.adopt_version(world.cluster.version))
    life = asyncio.create_task(world.run())
    try:
        await api.start()
        await arm.start(files, ENGINE)
        trust = ssl.create_default_context(cafile=str(arm.authority_file))
        async with httpx.AsyncClient(base_url=arm.url, verify=trust, trust_env=False, timeout=20) as http:
            yield Stamp(plan, world, store, board, arm, api, http, files)
        assert world.cluster.driver.failures == []
    finally:
        await arm.stop()
        await api.stop()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


@pytest.fixture
async def stamp(tmp_path: Path) -> AsyncIterator[Stamp]:
    """A stamp where what takes minutes is soon done."""
    async with running(tmp_path) as found:
        yield found


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Stamp]:
    """A stamp where what takes minutes is not done before the test is."""
    async with running(tmp_path, speed=1) as found:
        yield found
