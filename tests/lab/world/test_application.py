"""The application's endpoint over real sockets: as well as its pods, and broken by faults."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from backends.lab.application import ApplicationServer
from backends.lab.certificates import Authority
from tests.lab.world.conftest import Living


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a running application."""

    server: ApplicationServer
    session: aiohttp.ClientSession
    authority: bytes

    async def ask(self, path: str, timeout_s: float = 5.0) -> tuple[int, str, str]:
        """Return status, X-Stamp and text."""
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=timeout_s)) as response:
            return response.status, response.headers["X-Stamp"], await response.text()


@pytest.fixture
async def asker(lab: Living, tmp_path: Path) -> AsyncIterator[Asker]:
    authority = Authority("test")
    pair = authority.server(("127.0.0.1", "localhost"))
    (tmp_path / "crt").write_bytes(pair.certificate)
    (tmp_path / "key").write_bytes(pair.key)
    server = ApplicationServer("orlando", lab.world, lab.board, random.Random(1))
    await server.start(tmp_path / "crt", tmp_path / "key")
    async with aiohttp.ClientSession() as session:
        yield Asker(server, session, authority.certificate)
    await server.stop()


async def test_pages(asker: Asker) -> None:
    assert await asker.ask("/healthz") == (200, "orlando", "ok\n")
    assert (await asker.ask("/"))[0] == 200
    assert "Mango" in (await asker.ask("/items/3"))[2]
    assert '"name": "Mango"' in (await asker.ask("/api/items"))[2]
    assert (await asker.ask("/items/99"))[0] == 404
    assert (await asker.ask("/nothing"))[:2] == (404, "orlando")


async def test_https_with_the_stamps_authority(asker: Asker) -> None:
    context = ssl.create_default_context(cadata=asker.authority.decode())
    url = f"https://localhost:{asker.server.tls_port}/healthz"
    async with asker.session.get(url, ssl=context) as response:
        assert (response.status, response.headers["X-Stamp"]) == (200, "orlando")


async def test_no_ready_pod_of_a_tier_is_503(lab: Living, asker: Asker) -> None:
    lab.edit("deployments.apps", "ratings-api", replicas=0)
    await lab.until(lambda: not lab.world.tiers()["api"].listed, "no API pod")
    status, _, text = await asker.ask("/healthz")
    assert (status, "no api pod is ready" in text) == (503, True)
    lab.edit("deployments.apps", "ratings-api", replicas=2)
    await lab.until(lambda: lab.world.tiers()["api"].listed == 2, "back")
    assert (await asker.ask("/healthz"))[0] == 200


async def test_pods_on_a_dead_node_cost_requests_until_they_are_taken_out(lab: Living, asker: Asker) -> None:
    lab.board.set("node-notready")
    answers = [(await asker.ask("/items/1"))[0] for _ in range(30)]
    assert 200 in answers
    assert 502 in answers
    await lab.until(lambda: not any(tier.dead for tier in lab.world.tiers().values()), "taken out")
    await lab.until(lambda: len(lab.ready("ratings-")) == 6, "replaced")
    assert {(await asker.ask("/items/1"))[0] for _ in range(20)} == {200}


async def test_busy_pods_answer_later(lab: Living) -> None:
    quick = lab.world.load.latency_s(lab.world.load.now)
    lab.edit("deployments.apps", "ratings-web", replicas=1)
    await lab.until(lambda: lab.world.tiers()["web"].listed == 1, "one pod left")
    assert lab.world.load.latency_s(lab.world.load.now) > 2 * quick


async def test_application_fault(lab: Living, asker: Asker) -> None:
    lab.board.set("app-error")
    assert (await asker.ask("/"))[0] == 500
    lab.board.clear()
    assert (await asker.ask("/"))[0] == 200


async def test_link_faults_and_their_end(lab: Living, asker: Asker) -> None:
    await asker.ask("/healthz")
    lab.board.set("link-cut")
    async with asyncio.timeout(5):
        while True:
            try:
                await asker.ask("/healthz")
            except aiohttp.ClientConnectorError:
                break
            except aiohttp.ClientError:
                continue
    lab.board.clear()
    async with asyncio.timeout(5):
        while True:
            try:
                assert (await asker.ask("/healthz"))[0] == 200
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0)

    lab.board.set("link-black-hole")
    with pytest.raises(TimeoutError):
        await asker.ask("/healthz", timeout_s=0.3)
    lab.board.clear()
    assert (await asker.ask("/healthz"))[0] == 200

    lab.board.set("link-reset")
    with pytest.raises(aiohttp.ClientError):
        await asker.ask("/healthz")
    lab.board.clear()
    assert (await asker.ask("/healthz"))[0] == 200
