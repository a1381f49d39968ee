"""Plays the kubelet of every node of a real control plane: `python -m tests.support.fake_kubelet KUBECONFIG`.

Keeps nodes Ready, brings bound pods to Running, ends deleted ones, and answers the API server's
`/containerLogs`, `/exec`, `/attach` and `/portForward` over TLS on a free loopback port, so that logs and streams
travel through the real API server.
Its own connection to the API is written with plain aiohttp: it must not share code with what it proves.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from tests.support import fake_kubelet_streams

LINES_AT_ONCE = 20
"""Lines each container wrote before anybody asked; with `follow` it writes more."""

_CAPACITY = {"cpu": "4", "memory": "14Gi", "pods": "110"}
_ALLOCATABLE = {"cpu": "3900m", "memory": "12Gi", "pods": "110"}
_NODE_INFO = {
    "kubeletVersion": "v1.20.2",
    "kubeProxyVersion": "v1.20.2",
    "osImage": "Ubuntu 18.04.5 LTS",
    "kernelVersion": "5.4.0-1039-azure",
    "containerRuntimeVersion": "docker://19.3.14",
    "architecture": "amd64",
    "operatingSystem": "linux",
    "machineID": "",
    "systemUUID": "",
    "bootID": "",
}


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeKubelet:
    """One process for all nodes; `_port` is where the API server asks for logs and streams."""

    def __init__(self, session: aiohttp.ClientSession, server: str, tls: ssl.SSLContext, folder: Path) -> None:
        self._session = session
        self._server = server
        self._tls = tls
        self._folder = folder
        self._port = 0
        self._started = 0

    async def run(self) -> None:
        """Serve logs and keep the cluster's state moving until cancelled."""
        await self._serve_logs()
        while True:
            try:
                await self._pass_once()
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(0.5)
            await asyncio.sleep(0.15)

    async def _serve_logs(self) -> None:
        application = web.Application()
        application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        fake_kubelet_streams.add_routes(application)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "kubelet.crt", self._folder / "kubelet.key")
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self._port = runner.addresses[0][1]

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        follow = request.query.get("follow") == "true"
        stamped = request.query.get("timestamps") == "true"
        tail = int(request.query.get("tailLines", LINES_AT_ONCE))
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=LINES_AT_ONCE)
        number = 0
        while number < LINES_AT_ONCE or follow:
            if number >= LINES_AT_ONCE:
                await asyncio.sleep(0.05)
            if number >= LINES_AT_ONCE - tail:
                at = began + datetime.timedelta(seconds=min(number, LINES_AT_ONCE), milliseconds=number)
                stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{number % 1000:03d}Z "
                await response.write(f"{stamp if stamped else ''}{request.match_info['pod']} line {number}\n".encode())
            number += 1
        return response

    async def _ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        headers = {"Content-Type": kind}
        async with self._session.request(
            method, self._server + path, json=body, headers=headers, ssl=self._tls
        ) as answer:
            return await answer.json()

    async def _pass_once(self) -> None:
        for number, node in enumerate((await self._ask("GET", "/api/v1/nodes"))["items"]):
            if not _is_ready(node):
                await self._make_ready(node, number)
        for pod in (await self._ask("GET", "/api/v1/pods"))["items"]:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
            if "deletionTimestamp" in pod["metadata"]:
                await self._ask("DELETE", path, {"gracePeriodSeconds": 0})
            elif pod["spec"].get("nodeName") and pod["status"].get("phase") == "Pending":
                await self._start(pod, path)

    async def _make_ready(self, node: dict[str, Any], number: int) -> None:
        name = node["metadata"]["name"]
        status = {
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "KubeletReady",
                    "message": "kubelet is posting ready status",
                    "lastHeartbeatTime": _now(),
                    "lastTransitionTime": node["metadata"]["creationTimestamp"],
                }
            ],
            "capacity": _CAPACITY,
            "allocatable": _ALLOCATABLE,
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "nodeInfo": _NODE_INFO,
        }
        patch = "application/strategic-merge-patch+json"
        await self._ask("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, patch)

    async def _start(self, pod: dict[str, Any], path: str) -> None:
        self._started += 1
        at, address = _now(), f"10.244.0.{self._started % 250 + 2}"
        containers = [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": "",
                "containerID": f"docker://{self._started:064x}",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "lastState": {},
                "state": {"running": {"startedAt": at}},
            }
            for each in pod["spec"]["containers"]
        ]
        conditions = [
            {"type": each, "status": "True", "lastProbeTime": None, "lastTransitionTime": at}
            for each in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ]
        status = {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "hostIP": "127.0.0.1",
            "startTime": at,
            "containerStatuses": containers,
            "conditions": conditions,
        }
        await self._ask("PATCH", path + "/status", {"status": status}, "application/strategic-merge-patch+json")


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


async def _main(kubeconfig: Path) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    tls = ssl.create_default_context(cafile=str(kubeconfig.parent / "ca.crt"))
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=5)) as session:
        await FakeKubelet(session, cluster["server"], tls, kubeconfig.parent).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kubeconfig", type=Path)
    asyncio.run(_main(parser.parse_args().kubeconfig))
