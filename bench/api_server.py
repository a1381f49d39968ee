"""A Kubernetes API whose answers are ready-made bytes, so that what is measured is the client.

Serves discovery, any number of pods as Tables with their metadata (a real server's shape and size, managedFields
included), and a watch that sends a given number of changes a second. Everything else it lists is empty.
Prints its port as the first line, then runs until its standard input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

_COLUMNS = [
    {"name": name, "type": kind, "format": form, "description": "", "priority": priority}
    for name, kind, form, priority in (
        ("Name", "string", "name", 0),
        ("Ready", "string", "", 0),
        ("Status", "string", "", 0),
        ("Restarts", "string", "", 0),
        ("Age", "string", "", 0),
        ("IP", "string", "", 1),
        ("Node", "string", "", 1),
        ("Nominated Node", "string", "", 1),
        ("Readiness Gates", "string", "", 1),
    )
]
_EMPTY_COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Age", "type": "string", "format": "", "description": "", "priority": 0},
]
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_CORE = [("pods", "Pod", True, "po"), ("nodes", "Node", False, "no"), ("events", "Event", True, "ev")]
_CORE += [("namespaces", "Namespace", False, "ns"), ("services", "Service", True, "svc")]
_APPS = [("deployments", "Deployment", True, "deploy"), ("statefulsets", "StatefulSet", True, "sts")]
_APPS += [("daemonsets", "DaemonSet", True, "ds"), ("replicasets", "ReplicaSet", True, "rs")]


def _field_set(number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {f"f:field{index}": {"f:value": {}, f"k:{number}": {}} for index in range(12)}
    return {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "fieldsV1": fields}


class Pods:
    """`count` pods as encoded Table rows, and an endless supply of encoded watch events for them."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._born = datetime.now(UTC) - timedelta(days=3)
        self._count = count
        self.rows = [json.dumps(self._row(number, 1000)).encode() for number in range(count)]
        self.revision = 1000
        self._pages: dict[tuple[int, int, bool], bytes] = {}

    def _row(self, number: int, revision: int, restarts: int = 0, status: str = "Running") -> dict[str, Any]:
        name = f"ratings-web-5b7dfc8797-{number:05d}"
        born = (self._born + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        node = f"k8s-linuxpool-35064155-{number % 100}"
        address = f"10.244.{number // 250 % 250}.{number % 250}"
        return {
            "cells": [name, "1/1", status, str(restarts), "3d", address, node, "<none>", "<none>"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {
                    "name": name,
                    "generateName": "ratings-web-5b7dfc8797-",
                    "namespace": f"team-{number % 20}",
                    "uid": f"00000000-0000-4000-8000-{number:012d}",
                    "resourceVersion": str(revision),
                    "creationTimestamp": born,
                    "labels": {"app": "ratings-web", "pod-template-hash": "5b7dfc8797", "team": f"team-{number % 20}"},
                    "ownerReferences": [
                        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "ratings-web-5b7dfc8797"}
                        | {"uid": "00000000-0000-4000-9000-000000000001", "controller": True}
                    ],
                    "managedFields": [_field_set(number), _field_set(number + 1)],
                },
            },
        }

    def page(self, limit: int, start: int, bare: bool = False) -> bytes:
        """Return the Table of `limit` pods (0: all) from number `start` on, `bare` without their objects."""
        found = self._pages.get((limit, start, bare))
        if found is None:
            end = len(self.rows) if limit == 0 else min(len(self.rows), start + limit)
            meta: dict[str, Any] = {"resourceVersion": "1000"}
            if end < len(self.rows):
                meta |= {"continue": str(end), "remainingItemCount": len(self.rows) - end}
            head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": _COLUMNS}
            rows = [_bare(row) for row in self.rows[start:end]] if bare else self.rows[start:end]
            body = json.dumps(head).encode()[:-1] + b',"rows":[' + b",".join(rows) + b"]}"
            found = self._pages[limit, start, bare] = body
        return found

    def event(self, among: int = 0) -> bytes:
        """Return one MODIFIED event of any of the first pods (`among`, 0: all), as a line."""
        self.revision += 1
        status = self._rng.choice(("Running", "Running", "CrashLoopBackOff", "Pending"))
        row = self._row(self._rng.randrange(among or self._count), self.revision, self._rng.randrange(50), status)
        table: dict[str, Any] = {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {},
            "columnDefinitions": None,
        }
        return json.dumps({"type": "MODIFIED", "object": table | {"rows": [row]}}).encode() + b"\n"


def _bare(row: bytes) -> bytes:
    return json.dumps({"cells": json.loads(row)["cells"], "object": None}).encode()


def _kinds(version: str, listed: list[tuple[str, str, bool, str]]) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": [
            {"name": name, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind}
            | {"verbs": _VERBS, "shortNames": [short]}
            for name, kind, namespaced, short in listed
        ],
    }


class Server:
    """Routes of the API; `rate` changes a second of the first `among` pods (0: all) go to every pod watch."""

    def __init__(self, pods: Pods, rate: float, among: int) -> None:
        self._pods = pods
        self._rate = rate
        self._prepared = [pods.event(among) for _ in range(min(20_000, max(1, int(rate) * 5)))] if rate else []
        self._written_at: dict[int, float] = {}

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application()
        app.router.add_get("/version", self._version)
        app.router.add_get("/api", self._api)
        app.router.add_get("/apis", self._apis)
        app.router.add_get("/api/v1", self._core)
        app.router.add_get("/apis/apps/v1", self._apps)
        app.router.add_get("/bench/behind", self._behind)
        app.router.add_get("/{path:.*}", self._collection)
        return app

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"major": "1", "minor": "29", "gitVersion": "v1.29.15", "platform": "linux/amd64"})

    async def _api(self, _: web.Request) -> web.Response:
        return web.json_response({"kind": "APIVersions", "versions": ["v1"]})

    async def _apis(self, _: web.Request) -> web.Response:
        version = {"groupVersion": "apps/v1", "version": "v1"}
        group = {"name": "apps", "versions": [version], "preferredVersion": version}
        return web.json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]})

    async def _behind(self, _: web.Request) -> web.Response:
        """Answer for how many seconds the slowest reader of changes has not taken what is due to it."""
        now = time.monotonic()
        return web.json_response({"seconds": max((now - at for at in self._written_at.values()), default=0.0)})

    async def _core(self, _: web.Request) -> web.Response:
        return web.json_response(_kinds("v1", _CORE))

    async def _apps(self, _: web.Request) -> web.Response:
        return web.json_response(_kinds("apps/v1", _APPS))

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        # All pods are in the phase Running, whatever their line says.
        selects = "phase!=Running" in request.query.get("fieldSelector", "")
        is_pods = request.path == "/api/v1/pods" and not selects
        if request.query.get("watch") in ("1", "true"):
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            with contextlib.suppress(ConnectionError):  # the client left: the usual end of a watch
                await response.prepare(request)
                try:
                    await self._watch(response, is_pods, float(request.query.get("timeoutSeconds", "inf")))
                finally:
                    self._written_at.pop(id(response), None)
            return response
        if is_pods:
            limit, start = int(request.query.get("limit", 0)), int(request.query.get("continue", 0) or 0)
            bare = request.query.get("includeObject") == "None"
            return web.Response(body=self._pods.page(limit, start, bare), content_type="application/json")
        table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1000"}}
        return web.json_response(table | {"columnDefinitions": _COLUMNS if selects else _EMPTY_COLUMNS, "rows": []})

    async def _watch(self, response: web.StreamResponse, is_pods: bool, timeout_s: float) -> None:
        sent, start, bookmark = 0, time.monotonic(), time.monotonic()
        while (now := time.monotonic()) < start + timeout_s:
            await asyncio.sleep(0.02)
            if is_pods and self._prepared:
                due = int((now - start) * self._rate)
                chosen = [self._prepared[index % len(self._prepared)] for index in range(sent, due)]
                sent = due
                if chosen:
                    await response.write(b"".join(chosen))
                self._written_at[id(response)] = now
            if now - bookmark > 20:
                bookmark = now
                await response.write(self._bookmark())

    def _bookmark(self) -> bytes:
        mark = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        row = {"cells": [], "object": mark | {"metadata": {"resourceVersion": str(self._pods.revision)}}}
        table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "rows": [row]}
        return json.dumps({"type": "BOOKMARK", "object": table}).encode() + b"\n"


async def _serve(pods: int, rate: float, among: int) -> None:
    runner = web.AppRunner(Server(Pods(pods), rate, among).application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.0, help="changes a second on every watch of pods")
    parser.add_argument("--among", type=int, default=0, help="only the first so many pods change; 0: any")
    options = parser.parse_args()
    asyncio.run(_serve(options.pods, options.rate, options.among))


if __name__ == "__main__":
    main()
