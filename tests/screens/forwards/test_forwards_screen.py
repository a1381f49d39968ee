"""Ports led to pods from a row, listed with what happens to them, and stopped; refused in the API's words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.model.forward import Forward, read_ports
from backends.model.journal import EventKind
from backends.operations.forwarding import Forwarding
from tests.screens.stage import pod, ready, screen_text, shows, until
from tests.screens.writing_stage import WritingStage
from tests.support.fakes import POD_COLUMNS


class EchoStream:
    """A pod's port that gives back what it gets."""

    def __init__(self) -> None:
        self._coming: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self) -> bytes | None:
        return await self._coming.get()

    async def write(self, data: bytes) -> None:
        self._coming.put_nowait(data)


@asynccontextmanager
async def echo(namespace: str, name: str, port: int) -> AsyncIterator[EchoStream]:
    yield EchoStream()


def stage() -> WritingStage:
    made = WritingStage("orlando")
    rows = {"orlando": [pod("orlando", "web-1")]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "web"}]}}
    made.put_objects("pod", POD_COLUMNS, rows, body)
    made.put("pods", POD_COLUMNS, rows, namespace="default", field_selector="metadata.name=web-1")
    writer: Any = made.writers["orlando"]
    writer.open_port = echo
    services: Any = made.services
    services.forwards = Forwarding(made.writers, made.journal, SystemClock())  # type: ignore[arg-type]
    return made


@pytest.fixture
def made() -> WritingStage:
    return stage()


def open_ports(made: WritingStage) -> tuple[Forward, ...]:
    services: Any = made.services
    found: tuple[Forward, ...] = services.forwards.forwards.value
    return found


async def says(pilot: Any, text: str) -> None:
    """Wait until a message holds a text: on the screen it may be broken anywhere."""
    await until(pilot, lambda: any(text in each.message for each in pilot.app._notifications), text)


async def forward(pilot: Any, ports: str) -> None:
    await ready(pilot)
    await pilot.press("colon", *"pods", "enter")
    await shows(pilot, "web-1")
    await pilot.press("F")
    await until(pilot, lambda: pilot.app.screen.has_open_prompt, "the prompt")
    await pilot.press(*("colon" if key == ":" else key for key in ports), "enter")


async def test_from_the_row_to_the_list_and_its_end(made: WritingStage) -> None:
    async with made.run((120, 24)) as pilot:
        await forward(pilot, ":8080")
        await says(pilot, "leads to port 8080")
        await pilot.press("colon", *"pf", "enter")
        await shows(pilot, "✓ ready", "pod/web-1", "go to pod web-1", "1 port")
        (only,) = open_ports(made)
        reader, writer = await asyncio.open_connection("127.0.0.1", only.local_port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert only.address in screen_text(pilot.app)
        await shows(pilot, "5B/5B")
        await pilot.press("x")
        await until(pilot, lambda: not open_ports(made), "the end")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await shows(pilot, "no port is forwarded", "stopped by the operator")
    assert made.journal.kinds() == [EventKind.FORWARD, EventKind.FORWARD]
    end = made.journal.written[-1].data
    assert (end["sent_bytes"], end["received_bytes"]) == (5, 5) and "5B sent, 5B received" in end["text"]
    assert made.writes == {"orlando": []}, "nothing in the cluster changed, and nothing was armed"


async def test_without_the_right_nothing_is_opened(made: WritingStage) -> None:
    made.writers["orlando"].allowed = lambda verb, kind: (False, "no RBAC policy matched")
    async with made.run() as pilot:
        await forward(pilot, ":8080")
        await says(pilot, "no RBAC policy matched")
        assert open_ports(made) == ()
    assert made.journal.kinds() == []


async def test_without_the_journal_nothing_stays_open(made: WritingStage) -> None:
    made.journal.failing = {EventKind.FORWARD}
    async with made.run() as pilot:
        await forward(pilot, ":8080")
        await says(pilot, "no space left on device")
        assert open_ports(made) == ()


async def test_what_is_wrong_in_the_line_is_said_there(made: WritingStage) -> None:
    async with made.run() as pilot:
        await forward(pilot, "80:")
        await shows(pilot, "write LOCAL:REMOTE")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("8080:80", (8080, "80")),
        (":80", (0, "80")),
        ("80", (80, "80")),
        ("9000:http", (9000, "http")),
        ("web", (0, "web")),
    ],
)
def test_ports_are_read_as_kubectl_reads_them(text: str, read: tuple[int, str]) -> None:
    assert read_ports(text) == read


@pytest.mark.parametrize("text", ["", "80:", ":0", "70000:80", "1:2:3", "-1:80", "٣:80", "80:٣", "80:8 0"])
def test_what_is_no_pair_of_ports(text: str) -> None:
    with pytest.raises(ValueError):
        read_ports(text)
