"""Each fault of the API and its link, seen from a client; and that everything is well afterwards."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import msgspec
import pytest

from tests.lab.api.support import ADMIN, AUTHORITY, Lab, node

NODES = "/api/v1/nodes"
_HEADERS = {"Authorization": f"Bearer {ADMIN}"}


async def _is_well(lab: Lab) -> bool:
    try:
        return (await lab.ask(NODES)).status == 200
    except aiohttp.ClientError:
        return False


async def _recovers(lab: Lab) -> None:
    port = lab.api.port
    lab.faults.clear()
    async with asyncio.timeout(5):
        while not await _is_well(lab):
            await asyncio.sleep(0.02)
    assert lab.api.port == port


async def _refused(lab: Lab) -> None:
    """Wait until connections are refused by the machine itself."""
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", lab.api.port)
            except ConnectionRefusedError:
                return
            except ConnectionError:
                continue  # it was waiting to be accepted when the port closed
            writer.close()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", ["api-down", "link-cut"])
async def test_a_closed_port(lab: Lab, fault: str) -> None:
    url = f"{lab.url}{NODES}?watch=1"
    async with lab.session.get(url, headers=_HEADERS) as watch:
        lab.faults.set(fault)
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(5):
                await watch.content.readline()
    await _refused(lab)
    await _recovers(lab)


async def test_a_fault_that_ends_by_itself(lab: Lab) -> None:
    lab.faults.set("api-down", for_s=0.1)
    await _refused(lab)
    await asyncio.sleep(0.1)
    lab.faults.expire()
    async with asyncio.timeout(5):
        while not await _is_well(lab):
            await asyncio.sleep(0.02)


async def test_a_slow_server(lab: Lab) -> None:
    lab.faults.set("api-slow", "0.3")
    began = time.monotonic()
    assert (await lab.ask(NODES)).status == 200
    assert time.monotonic() - began >= 0.3


async def test_clearing_a_slow_server_frees_who_waits(lab: Lab) -> None:
    lab.faults.set("api-slow", "60")
    asked = asyncio.create_task(lab.ask(NODES))
    await asyncio.sleep(0.1)
    lab.faults.clear()
    async with asyncio.timeout(5):
        assert (await asked).status == 200


async def test_a_throttling_server(lab: Lab) -> None:
    lab.faults.set("api-429", "7")
    answer = await lab.ask(NODES)
    assert (answer.status, answer.headers["Retry-After"], answer.json["reason"]) == (429, "7", "TooManyRequests")
    assert answer.json["details"]["retryAfterSeconds"] == 7
    await _recovers(lab)


async def test_a_failing_server(lab: Lab) -> None:
    lab.faults.set("api-500")
    answer = await lab.ask(NODES)
    assert (answer.status, answer.json["reason"]) == (500, "InternalError")


async def test_a_proxy_in_its_place(lab: Lab) -> None:
    lab.faults.set("api-html")
    answer = await lab.ask(NODES)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.json is None


async def test_answers_cut_in_the_middle(lab: Lab) -> None:
    lab.store.create("nodes", node("node-0"))
    lab.faults.set("api-truncated")
    with pytest.raises(aiohttp.ClientPayloadError):
        await lab.ask(NODES)
    await _recovers(lab)


async def test_a_storm_of_410(lab: Lab) -> None:
    url = f"{lab.url}{NODES}?watch=1"
    revision = lab.store.revision
    async with lab.session.get(f"{url}&resourceVersion={revision}", headers=_HEADERS) as watch:
        lab.faults.set("watch-410")
        async with asyncio.timeout(5):
            event = msgspec.json.decode(await watch.content.readline())
            assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
            assert await watch.content.readline() == b""
    listed = await lab.ask(NODES)
    again = f"{url}&resourceVersion={listed.json['metadata']['resourceVersion']}"
    async with lab.session.get(again, headers=_HEADERS) as watch:
        event = msgspec.json.decode(await watch.content.readline())
        assert event["object"]["reason"] == "Expired"
    await _recovers(lab)


async def test_silent_watches_say_later_what_they_kept(lab: Lab) -> None:
    url = f"{lab.url}{NODES}?watch=1&resourceVersion={lab.store.revision}"
    async with lab.session.get(url, headers=_HEADERS) as watch:
        lab.faults.set("watch-silent")
        lab.store.create("nodes", node("node-0"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await watch.content.readline()
        assert len((await lab.ask(NODES)).json["items"]) == 1
        lab.faults.clear()
        async with asyncio.timeout(5):
            assert b"node-0" in await watch.content.readline()


async def test_an_expired_certificate(lab: Lab) -> None:
    assert await _is_well(lab)
    lab.faults.set("cert-expired")
    async with asyncio.timeout(5):
        while True:
            try:
                await lab.ask(NODES)
            except aiohttp.ClientConnectorCertificateError as error:
                assert "certificate has expired" in str(error)
                break
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)
    assert AUTHORITY.pem
    await _recovers(lab)


async def test_revoked_credentials(lab: Lab) -> None:
    lab.faults.set("token-revoked")
    answer = await lab.ask(NODES)
    assert (answer.status, answer.json["message"]) == (401, "Unauthorized")
    await _recovers(lab)


@pytest.mark.parametrize("fault", ["token-revoked", "forbidden", "api-429", "api-500", "api-html"])
async def test_watches_end_so_that_their_callers_meet_the_fault(lab: Lab, fault: str) -> None:
    url = f"{lab.url}{NODES}?watch=1&resourceVersion={lab.store.revision}"
    async with lab.session.get(url, headers=_HEADERS) as watch:
        lab.faults.set(fault)
        async with asyncio.timeout(5):
            assert await watch.content.readline() == b""


async def test_only_nodes_may_be_read(lab: Lab) -> None:
    lab.faults.set("forbidden")
    assert (await lab.ask(NODES)).status == 200
    answer = await lab.ask("/api/v1/namespaces/default/pods")
    assert answer.status == 403
    assert answer.json["message"] == (
        'pods is forbidden: User "admin" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert (await lab.ask("/apis")).status == 200


async def test_resets_in_mid_stream(lab: Lab) -> None:
    url = f"{lab.url}{NODES}?watch=1"
    async with lab.session.get(url, headers=_HEADERS) as watch:
        lab.faults.set("link-reset")
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(5):
                await watch.content.readline()
    await _recovers(lab)


async def test_a_black_hole_takes_connections_and_never_answers(lab: Lab) -> None:
    assert await _is_well(lab)
    lab.faults.set("link-black-hole")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await lab.ask(NODES)
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.api.port)
    writer.write(b"\x16\x03\x01")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    writer.close()
    await _recovers(lab)


async def test_metrics_that_are_not_served(lab: Lab) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/nodes"
    assert (await lab.ask(path)).status == 200
    lab.faults.set("metrics-down")
    assert (await lab.ask(path)).status == 503
    groups = (await lab.ask("/apis")).json["groups"]
    assert "metrics.k8s.io" not in [group["name"] for group in groups]
