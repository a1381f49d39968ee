from __future__ import annotations

import asyncio
import socket

import pytest

from backends.lab.ssh.wire import Wire
from tests.support.waiting import until

_PIECE = b"x" * 65_536
_PLENTY = 64_000_000


async def test_a_caller_who_does_not_read_stops_the_server_also_after_silence() -> None:
    sent = 0

    async def pour(connection: socket.socket, caller: tuple[str, int]) -> None:
        nonlocal sent
        _, writer = await asyncio.open_connection(sock=connection)
        while sent < _PLENTY:
            writer.write(_PIECE)
            sent += len(_PIECE)
            await writer.drain()
        writer.close()

    wire = Wire("test", pour)
    wire.open()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port, limit=4096)

        async def at_rest() -> int:
            """Return how much was sent when a hundred turns of the loop change nothing any more."""
            while True:
                before = sent
                for _ in range(100):
                    await asyncio.sleep(0.001)
                if sent == before and sent > 0:
                    return sent

        assert await at_rest() < _PLENTY / 2
        for _ in range(3):
            wire.hang(True)
            wire.hang(False)
        assert await at_rest() < _PLENTY / 2
        assert len(await reader.read(-1)) == _PLENTY + (-_PLENTY % len(_PIECE))
        writer.close()
    finally:
        await wire.close()


async def test_the_port_stays_the_same_and_nobody_else_gets_it() -> None:
    served = 0

    async def serve(connection: socket.socket, caller: tuple[str, int]) -> None:
        nonlocal served
        served += 1
        connection.close()

    wire = Wire("test", serve)
    wire.open()
    port = wire.port
    try:
        for _ in range(3):
            wire.refuse()
            wire.refuse()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            wire.listen()
            wire.listen()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read(-1) == b""
            writer.close()
        await until(lambda: served == 3)
    finally:
        await wire.close()
