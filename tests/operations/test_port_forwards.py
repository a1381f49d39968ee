"""Forwarded ports with fakes: which pod, when none is ready, who ends what, and what is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.errors import NotFound, Unreachable, UsageError
from backends.model.forward import Forward, ForwardState
from backends.model.table import Row
from backends.operations.forward_link import HALF_CLOSED_S
from backends.operations.port_forwards import PortForwards
from tests.support.clock import ManualClock
from tests.support.fakes import POD_COLUMNS, FakeCluster, FakeReflection, a_row
from tests.support.waiting import until

LABELS = {"matchLabels": {"app": "web"}}
DEPLOYMENT = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": LABELS}}
SERVICE = {
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "targetPort": "web"}, {"port": 81, "targetPort": 8081}, {"port": 82}],
    },
}
POD = {"spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8080}]}]}}


class FakeStream:
    """One connection to a pod: what the test says comes, what was sent is kept."""

    def __init__(self, pod: str, port: int) -> None:
        self.pod = pod
        self.port = port
        self.sent = b""
        self.coming: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.taking = asyncio.Event()
        self.taking.set()
        self.is_open = True

    async def read(self) -> bytes | None:
        item = await self.coming.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def write(self, data: bytes) -> None:
        await self.taking.wait()
        self.sent += data


class ForwardingFake(FakeCluster):
    """A cluster whose pods' ports a test answers; `refusing` names pods that cannot be reached."""

    def __init__(self, stamp: str) -> None:
        super().__init__(stamp)
        self.streams: list[FakeStream] = []
        self.refusing: dict[str, Exception] = {}

    @property
    def pods(self) -> FakeReflection:
        return self.reflection("pods", "shop", "app=web")

    def show(self, clock: ManualClock, *rows: Row) -> None:
        """Let these be the pods there are."""
        self.pods.store.set_columns(POD_COLUMNS)
        self.pods.store.keep_only([row.uid for row in rows])
        self.pods.live(clock.now(), *rows)

    @asynccontextmanager
    async def open_port(self, namespace: str, pod: str, port: int) -> AsyncIterator[FakeStream]:
        if pod in self.refusing:
            raise self.refusing[pod]
        stream = FakeStream(f"{namespace}/{pod}", port)
        self.streams.append(stream)
        try:
            yield stream
        finally:
            stream.is_open = False


class Setting:
    """One stamp with a deployment and a service, and forwards to it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = ForwardingFake("orlando")
        self.cluster.objects[("deployment", "shop", "web")] = DEPLOYMENT
        self.cluster.objects[("service", "shop", "web")] = SERVICE
        self.cluster.objects[("pods", "shop", "web-1")] = POD
        self.forwards = PortForwards({"orlando": self.cluster}, self.clock)

    @property
    def forward(self) -> Forward:
        (only,) = self.forwards.forwards.value
        return only

    async def until(self, condition: Any) -> None:
        """Let time pass until something holds, real sockets included."""
        async with asyncio.timeout(20):
            while not condition():
                await self.clock.advance(0.25)
                await asyncio.sleep(0.002)

    async def start(self, target: str = "deployment/web", port: int | str = 8080) -> Forward:
        self.cluster.show(self.clock, _pod("web-1"))
        await self.forwards.start("orlando", target, "shop", port)
        await self.until(lambda: self.forward.state is ForwardState.READY)
        return self.forward

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, FakeStream]:
        before = len(self.cluster.streams)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.forward.local_port)
        await self.until(lambda: len(self.cluster.streams) > before)
        return reader, writer, self.cluster.streams[-1]


def _pod(name: str, ready: str = "1/1", status: str = "Running", *, deleting: bool = False) -> Row:
    return a_row("orlando", name, ready, status, 0, "3d", "10.0.0.1", "node-1", namespace="shop", deleting=deleting)


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    made = Setting()
    async with made.forwards:
        yield made
    assert made.forwards.forwards.value == ()
    assert not any(stream.is_open for stream in made.cluster.streams), "they end with the console"


async def test_bytes_both_ways_and_an_end_in_order(setting: Setting) -> None:
    forward = await setting.start()
    assert (forward.target, forward.port, forward.pod) == ("deployment/web", "8080", "web-1")
    reader, writer, stream = await setting.connect()
    assert (stream.pod, stream.port) == ("shop/web-1", 8080)
    writer.write(b"question")
    await until(lambda: stream.sent == b"question")
    stream.coming.put_nowait(b"answer")
    assert await reader.readexactly(6) == b"answer"
    assert setting.forward.connections == 1
    await setting.until(lambda: (setting.forward.sent, setting.forward.received) == (8, 6))
    stream.coming.put_nowait(None)
    assert await reader.read() == b""
    await until(lambda: setting.forward.connections == 0)
    assert (setting.forward.served, setting.forward.problem) == (1, "")
    writer.close()


async def test_bytes_are_told_while_they_flow_but_not_with_every_piece(setting: Setting) -> None:
    await setting.start()
    reader, writer, stream = await setting.connect()
    told = 0

    async def count() -> None:
        nonlocal told
        async for _ in setting.forwards.forwards.follow():
            told += 1

    counting = asyncio.create_task(count())
    await until(lambda: told)
    for _ in range(50):
        stream.coming.put_nowait(b"x" * 1000)
        await reader.readexactly(1000)
    await setting.until(lambda: setting.forward.received == 50_000)
    assert told <= 4
    counting.cancel()
    ended = await setting.forwards.stop(setting.forward.number)
    assert ended is not None and (ended.sent, ended.received, ended.connections) == (0, 50_000, 0)
    writer.close()


@pytest.mark.parametrize(
    ("target", "port", "wanted"),
    [
        ("deployment/web", 9000, 9000),
        ("deployment/web", "web", 8080),
        ("service/web", 80, 8080),
        ("service/web", "http", 8080),
        ("service/web", "81", 8081),
        ("service/web", 82, 82),
    ],
)
async def test_which_port_of_the_pod_is_meant(setting: Setting, target: str, port: int | str, wanted: int) -> None:
    await setting.start(target, port)
    _, writer, stream = await setting.connect()
    assert stream.port == wanted
    writer.close()


async def test_what_cannot_be_started(setting: Setting) -> None:
    async def refusal(target: str, port: int | str = 80, local_port: int = 0) -> str:
        with pytest.raises((NotFound, UsageError)) as refused:
            await setting.forwards.start("orlando", target, "shop", port, local_port)
        return str(refused.value)

    assert "it has no port 83, but 80 (http), 81 (without a name)" in await refusal("service/web", 83)
    assert "deployment/none" in await refusal("deployment/none")
    assert "name pod/NAME, deployment/NAME or service/NAME" in await refusal("a/b/c")
    setting.cluster.objects[("configmap", "shop", "web")] = {"kind": "ConfigMap", "metadata": {"name": "web"}}
    assert "has no pods of its own" in await refusal("configmap/web")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = await refusal("deployment/web", local_port=taken.getsockname()[1])
    assert "is taken — take another, or 0 for any free one" in said
    assert "is no port" in await refusal("deployment/web", local_port=70_000)
    assert setting.forwards.forwards.value == ()


async def test_a_port_that_no_container_has_by_that_name(setting: Setting) -> None:
    await setting.start(port="metrics")
    reader, writer = await asyncio.open_connection("127.0.0.1", setting.forward.local_port)
    await setting.until(lambda: setting.forward.problem)
    assert "no container of web-1 has a port named metrics" in setting.forward.problem
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_without_a_ready_pod_a_connection_waits_and_is_then_refused(setting: Setting) -> None:
    await setting.start()
    setting.cluster.show(setting.clock, _pod("web-1", ready="0/1"), _pod("web-2", status="Pending"))
    await setting.until(lambda: setting.forward.state is ForwardState.WAITING)
    reader, writer = await asyncio.open_connection("127.0.0.1", setting.forward.local_port)
    await setting.until(lambda: setting.forward.connections)
    await setting.clock.advance(5)
    assert setting.forward.connections == 1
    await setting.until(lambda: setting.forward.problem)
    assert setting.forward.problem == "a connection was refused: none of its 2 pods is ready"
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    _, writer = await asyncio.open_connection("127.0.0.1", setting.forward.local_port)
    await setting.until(lambda: setting.forward.connections)
    setting.cluster.show(setting.clock, _pod("web-2"))
    await setting.until(lambda: setting.cluster.streams)
    assert setting.cluster.streams[-1].pod == "shop/web-2", "it came in time"
    writer.close()


async def test_a_replaced_pod(setting: Setting) -> None:
    await setting.start()
    reader, writer, first = await setting.connect()
    setting.cluster.show(setting.clock, _pod("web-1", deleting=True), _pod("web-2"))
    await setting.until(lambda: setting.forward.pod == "web-2")
    assert first.is_open, "it may finish what it does while the old pod ends"
    _, other_writer, second = await setting.connect()
    assert second.pod == "shop/web-2"
    setting.cluster.show(setting.clock, _pod("web-2"))
    await setting.until(lambda: setting.forward.problem)
    assert setting.forward.problem == "1 connection ended: the pod is gone; new connections go to web-2"
    assert not first.is_open
    assert second.is_open
    with pytest.raises(ConnectionResetError):
        await reader.read()
    for each in (writer, other_writer):
        each.close()


async def test_a_pod_is_kept_while_it_is_ready_and_when_the_api_does_not_answer(setting: Setting) -> None:
    await setting.start()
    setting.cluster.show(setting.clock, _pod("web-0"), _pod("web-1"))
    await setting.clock.advance(1)
    assert setting.forward.pod == "web-1"
    _, writer, stream = await setting.connect()
    assert stream.pod == "shop/web-1"
    writer.close()


async def test_a_pod_that_just_went_away_is_not_insisted_on(setting: Setting) -> None:
    await setting.start()
    setting.cluster.refusing["web-1"] = NotFound("cannot reach web-1", why='pods "web-1" not found')
    _, writer = await asyncio.open_connection("127.0.0.1", setting.forward.local_port)
    await setting.until(lambda: setting.forward.connections)
    setting.cluster.show(setting.clock, _pod("web-2"))
    await setting.until(lambda: setting.cluster.streams)
    assert setting.cluster.streams[-1].pod == "shop/web-2"
    assert setting.forward.problem == ""
    writer.close()


async def test_what_the_kubelet_or_the_link_says_is_told(setting: Setting) -> None:
    await setting.start()
    reader, writer, stream = await setting.connect()
    stream.coming.put_nowait(Unreachable("cannot reach port 8080 of shop/web-1", why="connection refused"))
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert setting.forward.problem == "cannot reach port 8080 of shop/web-1: connection refused"
    assert setting.forward.problem_at >= setting.forward.since
    writer.close()
    setting.cluster.refusing["web-1"] = Unreachable("the API cannot be reached", why="connection refused")
    _, writer = await asyncio.open_connection("127.0.0.1", setting.forward.local_port)
    await setting.until(lambda: "the API cannot be reached" in setting.forward.problem)
    writer.close()


async def test_a_client_that_ended_its_input_still_gets_the_answer(setting: Setting) -> None:
    await setting.start()
    reader, writer, stream = await setting.connect()
    writer.write(b"question")
    writer.write_eof()
    await until(lambda: stream.sent == b"question")
    await setting.clock.advance(HALF_CLOSED_S - 1)
    stream.coming.put_nowait(b"late ")
    assert await reader.readexactly(5) == b"late "
    await setting.clock.advance(HALF_CLOSED_S - 1)
    stream.coming.put_nowait(b"answer")
    assert await reader.readexactly(6) == b"answer"
    await setting.until(lambda: not stream.is_open)
    assert setting.forward.problem == ""
    writer.close()


async def test_a_pod_that_does_not_read_holds_the_client_back(setting: Setting) -> None:
    await setting.start()
    _, writer, stream = await setting.connect()
    stream.taking.clear()
    writer.write(b"x" * (16 << 20))
    draining = asyncio.create_task(writer.drain())
    done, _ = await asyncio.wait((draining,), timeout=0.3)
    assert not done, "nobody keeps sixteen megabytes for a pod that does not read"
    stream.taking.set()
    await draining
    await until(lambda: len(stream.sent) == 16 << 20)
    writer.close()


async def test_several_are_listed_and_stopped_each_for_itself(setting: Setting) -> None:
    first = await setting.start()
    second = await setting.forwards.start("orlando", "service/web", "shop", 80)
    assert [each.number for each in setting.forwards.forwards.value] == [first.number, second.number]
    assert first.address == f"127.0.0.1:{first.local_port}"
    await setting.forwards.stop(first.number)
    await setting.forwards.stop(first.number)
    assert setting.forward.number == second.number
