"""Ports of pods through the API: what listens answers, what does not says so, and a replaced pod is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from backends.clock import SystemClock
from backends.errors import Forbidden, Invalid, NotFound, ServerFailed, SourceError, Unreachable, UsageError
from backends.kubernetes import Cluster
from backends.model.forward import Forward, ForwardState
from backends.operations.port_forwards import PortForwards
from tests.contract.subject import Object, Subject
from tests.support.control_plane import free_ports
from tests.support.waiting import eventually, until

_REQUEST = b"GET / HTTP/1.0\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """Listen on loopback, where the fake kubelet's pods have their ports: `GET` gets a page, all else its echo.

    As in HTTP, 1.0 ends the connection and 1.1 does not.
    """

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65536):
            if not data.startswith(b"GET "):
                writer.write(data)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                if b"HTTP/1.0" in data:
                    break
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Served:
    """A workload whose pods answer HTTP on a port."""

    namespace: str
    deployment: str
    service: str
    port: int

    async def pod(self, cluster: Cluster) -> str:
        """Return a ready pod of it."""

        async def ready() -> str:
            labels = f"app={self.deployment}"
            for pod in await cluster.list_objects("pods", namespace=self.namespace, selector=labels):
                conditions = pod["status"].get("conditions") or ()
                if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
                    return str(pod["metadata"]["name"])
            return ""

        return await eventually(ready)


@pytest.fixture
async def served(subject: Subject, cluster: Cluster, namespace: str) -> AsyncIterator[Served]:
    """On the lab a workload it has; on the real control plane a deployment and its service."""
    if subject.name == "lab":
        yield Served("default", "ratings-web", "ratings-web", 8080)
        return
    await subject.node(cluster)
    async with listening() as port:
        found = Served(namespace, "web", "web", port)
        await cluster.create("deployments", _deployment(), namespace=namespace)
        ports = [{"name": "http", "port": 80, "targetPort": port}]
        service: Object = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
        await cluster.create("services", service, namespace=namespace)
        yield found


def _deployment() -> Object:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x.example/web:v1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


async def test_what_listens_answers(cluster: Cluster, served: Served) -> None:
    pod = await served.pod(cluster)
    async with cluster.open_port(served.namespace, pod, served.port) as stream:
        await stream.write(_REQUEST)
        answer = b""
        while (data := await stream.read()) is not None:
            answer += data
    assert answer.startswith(b"HTTP/1.")
    assert b"200" in answer.split(b"\r\n")[0]


async def test_where_nothing_listens(cluster: Cluster, served: Served) -> None:
    pod = await served.pod(cluster)
    (silent,) = free_ports(1)
    async with cluster.open_port(served.namespace, pod, silent) as stream:
        with pytest.raises(Unreachable, match=r"error .*forwarding") as refused:
            await stream.read()
    assert refused.value.what == f"cannot reach port {silent} of {served.namespace}/{pod}"


async def test_what_cannot_be_reached(subject: Subject, cluster: Cluster, namespace: str, served: Served) -> None:
    async def reach(client: Cluster, place: str, pod: str) -> SourceError:
        with pytest.raises(SourceError) as refused:
            async with client.open_port(place, pod, 80) as stream:
                await stream.read()
        return refused.value

    assert isinstance(await reach(cluster, namespace, "no-such-pod"), NotFound)
    await subject.pod(cluster, namespace, "waiting", running=False)
    assert isinstance(await reach(cluster, namespace, "waiting"), Invalid | ServerFailed)
    async with subject.cluster("viewer") as viewer:
        forbidden = await reach(viewer, served.namespace, await served.pod(cluster))
        assert isinstance(forbidden, Forbidden)
        assert "pods/portforward" in forbidden.why


async def test_much_both_ways(subject: Subject, cluster: Cluster, served: Served) -> None:
    if subject.name == "lab":
        pytest.skip("nothing in the simulated containers echoes")
    given = bytes(range(256)) * 16384
    async with PortForwards({"orlando": cluster}, SystemClock()) as forwards:
        forward = await forwards.start("orlando", "deployment/web", served.namespace, served.port)
        async with _connected(forward) as (reader, writer):

            async def send() -> None:
                writer.write(given)
                await writer.drain()

            _, received = await asyncio.gather(send(), reader.readexactly(len(given)))
        assert received == given


@pytest.mark.parametrize("kind", ["deployment", "service", "pod"])
async def test_a_port_of_this_machine_leads_there(cluster: Cluster, served: Served, kind: str) -> None:
    target = {"deployment": served.deployment, "service": served.service}.get(kind) or await served.pod(cluster)
    port: int | str = served.port
    if kind == "service":
        service = await cluster.get("services", served.service, served.namespace)
        port = service["spec"]["ports"][0]["port"]
    async with PortForwards({"orlando": cluster}, SystemClock()) as forwards:
        forward = await forwards.start("orlando", f"{kind}/{target}", served.namespace, port)
        assert b"200" in await _asked(forward)
        await until(lambda: forwards.forwards.value[0].served == 1)
        now = forwards.forwards.value[0]
        assert (now.state, now.problem, now.connections) == (ForwardState.READY, "", 0)
        with pytest.raises(UsageError, match="is taken"):
            await forwards.start("orlando", f"{kind}/{target}", served.namespace, port, forward.local_port)
        with pytest.raises(NotFound):
            await forwards.start("orlando", f"{kind}/no-such", served.namespace, port)
        await forwards.stop(forward.number)
        assert forwards.forwards.value == ()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", forward.local_port)


async def test_when_its_pod_is_replaced_the_next_is_followed(cluster: Cluster, served: Served) -> None:
    async with PortForwards({"orlando": cluster}, SystemClock()) as forwards:
        target = f"deployment/{served.deployment}"
        forward = await forwards.start("orlando", target, served.namespace, served.port)
        first = await until(lambda: forwards.forwards.value[0].pod)
        async with _connected(forward) as (reader, writer):
            writer.write(_REQUEST.replace(b"HTTP/1.0", b"HTTP/1.1"))
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            await cluster.delete("pods", first, namespace=served.namespace, grace_s=0)
            with suppress(ConnectionResetError):  # whether the kubelet says goodbye or we cut it: it ends
                await reader.read()
        await until(lambda: forwards.forwards.value[0].pod not in ("", first))
        assert b"200" in await _asked(forward)


async def _asked(forward: Forward) -> bytes:
    async with _connected(forward) as (reader, writer):
        writer.write(_REQUEST)
        return (await reader.read()).split(b"\r\n")[0]


@asynccontextmanager
async def _connected(forward: Forward) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
