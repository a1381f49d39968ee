"""The bytes of a WebSocket server, for servers that misbehave: its handshake and its frames (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib

from tests.kubernetes.wild_server import Request

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GOODBYE = b"\x88\x02\x03\xe8"


def accept(request: Request, protocol: str = "v4.channel.k8s.io") -> bytes:
    """Return the answer that opens the WebSocket a request asks for; empty: without a protocol."""
    key = base64.b64encode(hashlib.sha1(request.headers["sec-websocket-key"].encode() + _MAGIC).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {key}",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def frame(channel: int, data: bytes) -> bytes:
    """Return a binary message of a server: short ones only."""
    body = bytes([channel]) + data
    assert len(body) < 65536
    head = bytes([0x82, len(body)]) if len(body) < 126 else bytes([0x82, 126]) + len(body).to_bytes(2, "big")
    return head + body
