"""SPDY/3.1 as kubectl speaks it for port-forward and exec: over an upgraded connection, or inside a WebSocket."""

from backends.lab.kubernetes.spdy.carriers import asks_for_spdy, serve_tunnelled, serve_upgraded
from backends.lab.kubernetes.spdy.session import SpdySession, SpdyStream

__all__ = ["SpdySession", "SpdyStream", "asks_for_spdy", "serve_tunnelled", "serve_upgraded"]
