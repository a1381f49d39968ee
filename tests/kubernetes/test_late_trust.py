"""The trust store is read with the first connection that needs it, and then trusted as ever."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backends.kubernetes.late_trust import LateTrust, reading_trust_late
from tests.support.authority import Authority

_TRUST = """
import ssl
import backends.kubernetes
import aiohttp.connector

for late in (aiohttp.connector._SSL_CONTEXT_VERIFIED, aiohttp.connector._SSL_CONTEXT_UNVERIFIED):
    assert late.cert_store_stats()["x509"] == 0
    late.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    now = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    now.set_default_verify_paths()
    assert type(late) is ssl.SSLContext and late.cert_store_stats() == now.cert_store_stats()
verified = aiohttp.connector._SSL_CONTEXT_VERIFIED
assert verified.verify_mode is ssl.CERT_REQUIRED and verified.check_hostname
assert "set_default_verify_paths" not in vars(ssl.SSLContext)
"""


def test_the_trust_store_is_read_with_the_first_connection_that_needs_it() -> None:
    subprocess.run([sys.executable, "-c", _TRUST], check=True, timeout=60)


def test_another_thread_reads_the_trust_store_at_once() -> None:
    made: list[ssl.SSLContext] = []
    with reading_trust_late():
        other = threading.Thread(target=lambda: made.append(ssl.create_default_context()))
        other.start()
        other.join()
        late = ssl.create_default_context()
    assert [type(made[0]), type(late)] == [ssl.SSLContext, LateTrust]
    assert made[0].cert_store_stats() == ssl.create_default_context().cert_store_stats()


async def test_a_context_that_reads_late_trusts_what_the_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*authority.server("127.0.0.1").write(tmp_path, "server"))
    with reading_trust_late():
        doubting, trusting = ssl.create_default_context(), ssl.create_default_context()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=doubting)
        bundle = tmp_path / "bundle.pem"
        bundle.write_text(authority.pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.close()
        await writer.wait_closed()
