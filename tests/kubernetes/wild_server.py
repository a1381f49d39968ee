"""A tiny HTTPS server that does exactly what a test wants, down to the bytes and the moment a socket is cut.

It serves `/version` and one collection, configmaps, as Tables with a watch; `misbehave` puts anything in its place.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email.utils
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from backends.clock import SystemClock
from backends.kubernetes import Cluster, Timing
from backends.model.stamp import ClusterAccess, Stamp
from tests.support.authority import Authority, KeyPair

AUTHORITY = Authority("wild")
TOKEN = "a-token-of-the-tests"
CREATED = "2026-01-02T03:04:05Z"
COLUMNS = [{"name": name, "type": "string", "priority": 0} for name in ("Name", "Data", "Age")]

FAST = Timing(
    connect_s=0.5,
    beat_idle_s=0.2,
    beat_answer_s=0.2,
    reconnect_base_s=0.05,
    reconnect_cap_s=0.2,
    refused_base_s=0.05,
    refused_cap_s=0.2,
    steady_s=0.2,
    poll_s=0.1,
    unserved_s=0.2,
    linger_s=0.2,
    plugin_s=2.0,
    reload_s=0.05,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    at: float = field(default_factory=time.monotonic)


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def row(name: str, version: int, data: int = 0, **metadata: Any) -> dict[str, Any]:
    """Return one row of a Table of configmaps."""
    about = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": str(version)}
    about["creationTimestamp"] = CREATED
    return {"cells": [name, data, "3d"], "object": {"kind": "PartialObjectMetadata", "metadata": about | metadata}}


def event(kind: str, *rows: dict[str, Any]) -> bytes:
    """Return one line of a watch of Tables."""
    version = rows[0]["object"]["metadata"]["resourceVersion"]
    table = {"kind": "Table", "metadata": {"resourceVersion": version}, "columnDefinitions": None, "rows": list(rows)}
    return json.dumps({"type": kind, "object": table}).encode() + b"\n"


def is_short(request: Request) -> bool:
    """Whether a watch is only to tell what was missed."""
    return request.query.get("timeoutSeconds") == "1"


class WildServer:
    """`async with` serves on a free port of loopback; `stop` and `start` take it down and bring it back there."""

    def __init__(
        self, pair: KeyPair | None = None, *, client_authority: Authority | None = None, folder: Path | None = None
    ) -> None:
        self._pair = pair or AUTHORITY.server("127.0.0.1", "localhost")
        self._client_authority = client_authority
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._watchers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.requests: list[Request] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.version = 100
        self.date_offset_s = 0.0
        self.script: Script | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self._folder is not None
        context.load_cert_chain(*self._pair.write(self._folder, f"server-{id(self)}"))
        if self._client_authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self._client_authority.pem)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and reset the open ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every open connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def put(self, name: str, data: int = 0, **metadata: Any) -> None:
        """Add or change an object and tell the watches."""
        self.version += 1
        known = name in self.rows
        self.rows[name] = row(name, self.version, data, **metadata)
        self.tell(event("MODIFIED" if known else "ADDED", self.rows[name]))

    def remove(self, name: str) -> None:
        """Delete an object and tell the watches."""
        self.version += 1
        gone = row(name, self.version)
        del self.rows[name]
        self.tell(event("DELETED", gone))

    def tell(self, line: bytes) -> None:
        """Send bytes to every watch."""
        for writer in self._watchers:
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))

    def end_watches(self) -> None:
        """End every watch in order, as a server does when its time is up."""
        for writer in tuple(self._watchers):
            writer.write(b"0\r\n\r\n")
            self._watchers.discard(writer)

    @property
    def watches(self) -> list[Request]:
        """The watches asked for so far that were to go on."""
        return [each for each in self.requests if "watch" in each.query and not is_short(each)]

    @property
    def short_watches(self) -> list[Request]:
        """The watches asked for so far that were to end after a second."""
        return [each for each in self.requests if is_short(each)]

    @property
    def lists(self) -> list[Request]:
        """The lists asked for so far."""
        return [each for each in self.requests if each.path == "/api/v1/configmaps" and "watch" not in each.query]

    @property
    def open_watches(self) -> int:
        """How many watches are open now."""
        return len(self._watchers)

    @contextlib.contextmanager
    def misbehave(self, script: Script) -> Any:
        """Answer every request by a script for a while."""
        self.script = script
        try:
            yield
        finally:
            self.script = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            while request := await _read_request(reader):
                self.requests.append(request)
                await (self.script or self.answer)(request, writer)
                if writer in self._watchers:
                    await reader.read()  # until the client leaves
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._watchers.discard(writer)
            self._writers.discard(writer)
            writer.transport.abort()

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer as a well-behaved server."""
        if request.path == "/version":
            await self.send(writer, {"gitVersion": "v1.29.15"})
        elif request.path != "/api/v1/configmaps":
            known = request.path in ("/api", "/apis")
            await self.send(writer, self._discovery(request.path), status=200 if known else 404)
        elif "watch" in request.query:
            writer.write(self.head(200, "Transfer-Encoding: chunked"))
            after = int(request.query["resourceVersion"])
            self._watchers.add(writer)
            for each in self.rows.values():
                if int(each["object"]["metadata"]["resourceVersion"]) > after:
                    line = event("MODIFIED", each)
                    writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            if is_short(request):
                self._watchers.discard(writer)  # over before it began, to save the tests the second
                writer.write(b"0\r\n\r\n")
            await writer.drain()
        else:
            table = {"kind": "Table", "metadata": {"resourceVersion": str(self.version)}, "columnDefinitions": COLUMNS}
            await self.send(writer, table | {"rows": list(self.rows.values())})

    def _discovery(self, path: str) -> dict[str, Any]:
        if path == "/apis":
            return {"kind": "APIGroupDiscoveryList", "items": []}
        maps = {
            "resource": "configmaps",
            "responseKind": {"kind": "ConfigMap"},
            "scope": "Namespaced",
            "shortNames": ["cm"],
            "verbs": ["get", "list", "watch"],
        }
        versions = [{"version": "v1", "resources": [maps]}]
        return {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": ""}, "versions": versions}]}

    def head(self, status: int, *headers: str, content_type: str = "application/json") -> bytes:
        """Return the beginning of an answer."""
        date = email.utils.formatdate(time.time() + self.date_offset_s, usegmt=True)
        lines = [f"HTTP/1.1 {status} Said", f"Date: {date}", f"Content-Type: {content_type}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    async def send(
        self,
        writer: asyncio.StreamWriter,
        body: Any,
        *headers: str,
        status: int = 200,
        content_type: str = "application/json",
    ) -> None:
        """Send a whole answer."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(self.head(status, f"Content-Length: {len(text)}", *headers, content_type=content_type) + text)
        await writer.drain()

    async def refuse(
        self, writer: asyncio.StreamWriter, status: int, message: str, reason: str = "", *headers: str
    ) -> None:
        """Send a Status."""
        body = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "code": status}
        await self.send(writer, body, *headers, status=status)

    def kubeconfig(self, folder: Path, *, name: str = "kubeconfig", user: Any = None, **cluster: Any) -> Path:
        """Write a kubeconfig with the context `wild`; `user` and `cluster` fields replace the usual ones."""
        authority = base64.b64encode(AUTHORITY.pem.encode()).decode()
        reached = {"server": self.url, "certificate-authority-data": authority} | cluster
        content = {
            "contexts": [
                {"name": "decoy", "context": {"cluster": "decoy", "user": "decoy"}},
                {"name": "wild", "context": {"cluster": "wild", "user": "wild"}},
            ],
            "clusters": [
                {"name": "decoy", "cluster": {"server": "https://127.0.0.1:1"}},
                {"name": "wild", "cluster": {key: value for key, value in reached.items() if value is not None}},
            ],
            "users": [
                {"name": "decoy", "user": {}},
                {"name": "wild", "user": {"token": TOKEN} if user is None else user},
            ],
            "current-context": "decoy",
        }
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content))
        return path


@contextlib.asynccontextmanager
async def opened(
    kubeconfig: Path, timing: Timing = FAST, *, rate: float = 500.0, timeout_s: float = 2.0
) -> AsyncIterator[Cluster]:
    """Open our client on the context `wild`."""
    access = ClusterAccess(kubeconfig, "wild", request_timeout_s=timeout_s, requests_per_second=rate)
    async with Cluster(Stamp("orlando", access), SystemClock(), timing) as cluster:
        yield cluster


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)
