"""HTTPS without a library: connections kept open per thread, failures in Go's words."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from backends.lab.engine.go_text import network_error

_CONNECT_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a server, whole."""

    method: str
    url: str
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, empty when it is not there."""
        return self.headers.get(name) or ""


class WireFailure(Exception):
    """No answer came; `text` is Go's sentence: `Get "https://...": dial tcp ...: connect: connection refused`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Wire:
    """Connections to one server; safe to be used by several threads."""

    def __init__(self, base: str, context: ssl.SSLContext, timeout_s: float) -> None:
        parts = urllib.parse.urlsplit(base)
        self.base = base.rstrip("/")
        self.host = parts.hostname or ""
        self.port = parts.port or 443
        self._context = context
        self._timeout_s = timeout_s
        self._kept = threading.local()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and read its answer whatever its status; raises `WireFailure` when there is none."""
        kept: http.client.HTTPSConnection | None = getattr(self._kept, "connection", None)
        url = f"{self.base}{path}"
        if kept is not None:
            try:
                return self._exchange(kept, method, path, body, headers)
            except (http.client.HTTPException, OSError) as error:
                self._drop()
                # The server may have closed what lay idle; only what may be said twice is said again.
                if method == "POST" or isinstance(error, TimeoutError):
                    raise WireFailure(self._sentence(method, url, error)) from error
        limit_s = min(self._timeout_s, _CONNECT_WITHIN_S)
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=limit_s, context=self._context)
        self._kept.connection = connection
        try:
            connection.connect()
            connection.sock.settimeout(self._timeout_s)
            return self._exchange(connection, method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            raise WireFailure(self._sentence(method, url, error)) from error

    def _exchange(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        content = response.read()
        if response.will_close:
            self._drop()
        return Answer(method, f"{self.base}{path}", response.status, response.reason, response.headers, content)

    def _drop(self) -> None:
        connection = getattr(self._kept, "connection", None)
        if connection is not None:
            connection.close()
            self._kept.connection = None

    def _sentence(self, method: str, url: str, error: Exception) -> str:
        if isinstance(error, http.client.RemoteDisconnected):
            cause = "EOF"
        elif isinstance(error, OSError):
            cause = network_error(error, self.host, self.port)
        else:
            cause = "unexpected EOF"
        return f'{method.capitalize()} "{url}": {cause}'


def trusting_context() -> ssl.SSLContext:
    """Return a context that trusts what the VM trusts: SSL_CERT_FILE and SSL_CERT_DIR, else the system's store."""
    return ssl.create_default_context()
