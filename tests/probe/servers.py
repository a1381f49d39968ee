"""Small real servers on loopback that answer as told, however wrongly."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.authority import KeyPair

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """A listening server: its port, the requests it read, and how many connections it took."""

    port: int
    requests: list[str] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def raw_server(
    answer: Answer, pair: KeyPair | None = None, folder: Path | None = None
) -> AsyncIterator[RawServer]:
    """Read each request's head, then let `answer` write whatever it wants; TLS when a key pair is given."""
    found = RawServer(0)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        found.connections += 1
        try:
            found.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await answer(writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort() if writer.is_closing() else writer.close()

    context = None
    if pair is not None and folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair.write(folder, "server"))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def answering(status: str = "200 OK", body: bytes = b"ok", **headers: str) -> Answer:
    """Answer a fixed response and close; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close without a word."""


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    """Keep the connection and never answer."""
    await asyncio.sleep(60)


async def reset(writer: asyncio.StreamWriter) -> None:
    """Begin an answer, then reset the connection."""
    import socket
    import struct

    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    # SO_LINGER with zero seconds makes close() send RST.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def speak_smtp(writer: asyncio.StreamWriter) -> None:
    """Greet like a mail server."""
    writer.write(b"220 mail.example.com ESMTP\r\n250 HELP\r\n\r\n")
    await writer.drain()


async def flood(writer: asyncio.StreamWriter) -> None:
    """Answer without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def trickle(writer: asyncio.StreamWriter) -> None:
    """Answer a byte now and then: every single read is in time, the whole never is."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)
