"""The probe against real servers: what it asks, what it makes of each answer, and how it fails."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from backends.clock import SystemClock
from backends.model.fleet import ProbeSample
from backends.model.stamp import ApplicationAccess
from backends.probe import HttpProbe
from tests.probe import servers
from tests.probe.servers import Answer, answering, raw_server
from tests.support.authority import Authority


async def ask(access: ApplicationAccess, stamp: str = "orlando") -> ProbeSample:
    probe = HttpProbe(stamp, access, SystemClock())
    try:
        return await probe.ask()
    finally:
        await probe.close()


def to(port: int, scheme: str = "http") -> ApplicationAccess:
    return ApplicationAccess(url=f"{scheme}://127.0.0.1:{port}/items", timeout_s=5)


async def test_a_good_answer_is_a_sample_with_its_latency_and_who_served_it() -> None:
    async with raw_server(answering(X_Stamp="orlando")) as server:
        sample = await ask(to(server.port))
    assert (sample.ok, sample.status, sample.reason, sample.served_by) == (True, 200, "", "orlando")
    assert sample.latency_s is not None and 0 < sample.latency_s < 5


async def test_the_question_is_http_1_1_with_the_given_host_and_its_own_connection_each_time() -> None:
    async with raw_server(answering()) as server:
        probe = HttpProbe("orlando", replace(to(server.port), host="ratings.example.com"), SystemClock())
        assert (await probe.ask()).ok and (await probe.ask()).ok
        await probe.close()
        assert server.connections == 2
    head = server.requests[0]
    assert head.startswith("GET /items HTTP/1.1\r\n")
    assert "\r\nHost: ratings.example.com\r\n" in head
    assert head.lower().count("\r\nhost:") == 1
    assert "\r\nConnection: close\r\n" in head


async def test_no_cookie_ties_the_next_question_to_the_pod_of_the_last() -> None:
    async with raw_server(answering(Set_Cookie="affinity=pod-1; Path=/")) as server:
        probe = HttpProbe("orlando", to(server.port), SystemClock())
        assert (await probe.ask()).ok and (await probe.ask()).ok
        await probe.close()
    assert not [head for head in server.requests if "cookie:" in head.lower()]


async def test_an_answer_of_another_stamp_is_well_but_said() -> None:
    async with raw_server(answering(X_Stamp="seattle")) as server:
        sample = await ask(to(server.port))
    assert sample.ok
    assert sample.reason == "answered by seattle, not orlando"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering("503 Service Temporarily Unavailable"), "503 Service Temporarily Unavailable"),
        (answering("500 "), "500 Internal Server Error"),
        (
            answering("302 Found", Location="https://login.example.com/"),
            "302 Found to https://login.example.com/, expected 200",
        ),
        (answering("204 No Content", body=b""), "204 No Content, expected 200"),
        (servers.hang_up, "the connection was closed before an answer came"),
        (servers.reset, "connection reset"),
        (servers.speak_smtp, "the answer is not HTTP"),
    ],
    ids=["503", "500 without phrase", "redirect", "204", "hang-up", "reset", "not http"],
)
async def test_what_is_wrong_is_said_in_words(answer: Answer, reason: str) -> None:
    async with raw_server(answer) as server:
        sample = await ask(to(server.port))
    assert (sample.ok, sample.reason) == (False, reason)


async def test_another_status_can_be_expected() -> None:
    async with raw_server(answering("302 Found", Location="/x")) as server:
        assert (await ask(replace(to(server.port), expect_status=302))).ok


async def test_the_expected_text_must_be_there() -> None:
    async with raw_server(answering(body=b"<h1>Ratings</h1>")) as server:
        assert (await ask(replace(to(server.port), expect_text="Ratings"))).ok
        sample = await ask(replace(to(server.port), expect_text="Welcome"))
    assert (sample.ok, sample.reason) == (False, "200 without the expected text 'Welcome'")


async def test_an_endless_body_is_read_only_to_its_limit() -> None:
    async with raw_server(servers.flood) as server:
        sample = await ask(to(server.port))
    assert sample.ok


@pytest.mark.parametrize("answer", [servers.say_nothing, servers.trickle], ids=["silent", "trickle"])
async def test_the_whole_answer_has_to_come_in_time(answer: Answer) -> None:
    async with raw_server(answer) as server:
        sample = await ask(replace(to(server.port), timeout_s=0.3))
    assert (sample.ok, sample.reason) == (False, "no answer within 0.3 s")
    assert sample.latency_s is None


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        sample = await ask(to(unused.getsockname()[1]))
    assert (sample.ok, sample.reason) == (False, "connection refused")


async def test_a_name_that_does_not_exist() -> None:
    sample = await ask(ApplicationAccess(url="http://ratings.invalid/", timeout_s=5))
    assert (sample.ok, sample.reason) == (False, "name ratings.invalid not found")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    async with raw_server(answering()) as server:
        assert (await ask(to(server.port))).ok


@pytest.mark.parametrize(
    ("names", "wrong", "reason"),
    [
        (("127.0.0.1",), "", ""),
        (("127.0.0.1",), "expired", "certificate expired"),
        (("127.0.0.1",), "future", "certificate not valid yet"),
        (("other.example.com",), "", "certificate is not for 127.0.0.1"),
    ],
)
async def test_certificates_are_verified(tmp_path: Path, names: tuple[str, ...], wrong: str, reason: str) -> None:
    authority = Authority()
    (tmp_path / "ca.crt").write_text(authority.pem)
    pair = authority.server(*names, expired=wrong == "expired", future=wrong == "future")
    async with raw_server(answering(), pair, tmp_path) as server:
        sample = await ask(replace(to(server.port, "https"), ca_file=tmp_path / "ca.crt"))
    assert (sample.ok, sample.reason) == (not reason, reason)


async def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    async with raw_server(answering(), Authority().server("127.0.0.1"), tmp_path) as server:
        sample = await ask(to(server.port, "https"))
    assert (sample.ok, sample.reason) == (False, "certificate is from an authority that is not trusted")


async def test_the_host_is_also_the_name_the_certificate_must_have(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.crt").write_text(authority.pem)
    async with raw_server(answering(), authority.server("ratings.example.com"), tmp_path) as server:
        access = replace(to(server.port, "https"), ca_file=tmp_path / "ca.crt")
        assert (await ask(replace(access, host="ratings.example.com:443"))).ok
        sample = await ask(replace(access, host="items.example.com"))
    assert (sample.ok, sample.reason) == (False, "certificate is not for items.example.com")


async def test_a_missing_authority_file_is_said_and_may_come_later(tmp_path: Path) -> None:
    authority = Authority()
    file = tmp_path / "later.crt"
    async with raw_server(answering(), authority.server("127.0.0.1"), tmp_path) as server, AsyncExitStack() as stack:
        probe = HttpProbe("orlando", replace(to(server.port, "https"), ca_file=file), SystemClock())
        stack.push_async_callback(probe.close)
        sample = await probe.ask()
        assert (sample.ok, sample.reason) == (False, f"ca_file {file} does not exist")
        file.write_text("not a certificate")
        sample = await probe.ask()
        assert (sample.ok, sample.reason) == (False, f"ca_file {file} is not a PEM certificate")
        file.write_text(authority.pem)
        assert (await probe.ask()).ok


async def test_plain_http_behind_an_https_address() -> None:
    async def greet(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        sample = await ask(to(server.sockets[0].getsockname()[1], "https"))
    assert (sample.ok, sample.reason) == (False, "the server does not speak TLS")


async def test_cancelling_a_question_leaves_nothing_behind() -> None:
    async with raw_server(servers.say_nothing) as server:
        probe = HttpProbe("orlando", to(server.port), SystemClock())
        task = asyncio.create_task(probe.ask())
        async with asyncio.timeout(5):
            while not server.requests:
                await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await probe.close()
