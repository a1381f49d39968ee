"""Requests to a stamp's Resource Manager and to where it has its tokens from: over TLS that is verified, always."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx

from backends.azure_stack import failures
from backends.errors import CertificateRejected, Malformed
from backends.model.azure_stack import AzureStackAccess

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_WHOLE_S = 60.0
_MOST_BYTES = 16 * 2**20


class Sending:
    """Two HTTP clients of one stamp, opened at the first request.

    Redirects are never followed: a token would go with them. The proxies of the environment are used for a login
    elsewhere (Entra ID is on the internet), not for the stamp's own addresses.
    """

    def __init__(self, stamp: str, access: AzureStackAccess) -> None:
        self._stamp = stamp
        self._access = access
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._opening = asyncio.Lock()

    async def send(
        self, method: str, url: str, what: str, *, headers: dict[str, str] | None = None, form: Any = None
    ) -> httpx.Response:
        """Send and read the answer whole; raises SourceError when none came."""
        if httpx.URL(url).scheme != "https":
            raise Malformed(what, why=f"{url[:100]} is no https address", stamp=self._stamp)
        client = await self._client(elsewhere=origin(url)[1] != origin(self._access.management)[1])
        try:
            async with (
                asyncio.timeout(_WHOLE_S),
                client.stream(method, url, headers=headers, data=form) as response,
            ):
                await self._read(response, what)
                return response
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise failures.of_connection(error, what, url, self._stamp) from None

    async def close(self) -> None:
        """Let go of the connections; the next request would open new ones."""
        clients, self._clients = list(self._clients.values()), {}
        for each in clients:
            await each.aclose()

    async def _read(self, response: httpx.Response, what: str) -> None:
        length = response.headers.get("Content-Length", "0")
        if length.isdigit() and int(length) > _MOST_BYTES:
            raise Malformed(what, why=f"an answer of {int(length):,} bytes", stamp=self._stamp)
        await response.aread()

    async def _client(self, *, elsewhere: bool) -> httpx.AsyncClient:
        async with self._opening:
            if elsewhere not in self._clients:
                # Reading the system's authorities takes tens of milliseconds: not on the loop that draws.
                context = await asyncio.to_thread(_trust, self._access.ca_file, self._stamp)
                self._clients[elsewhere] = httpx.AsyncClient(
                    verify=context,
                    trust_env=elsewhere,
                    follow_redirects=False,
                    timeout=_TIMEOUT,
                    headers={"User-Agent": "stampdeck", "Accept": "application/json"},
                )
            return self._clients[elsewhere]


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address, the usual port written out."""
    parts = httpx.URL(url)
    return parts.scheme, parts.host.lower(), parts.port or 443


def _trust(ca_file: Path | None, stamp: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:
            # ssl.SSLError is an OSError too: a file that is no certificate.
            why = (
                error.strerror if error.errno and not isinstance(error, ssl.SSLError) else "it is no certificate in PEM"
            )
            what = f"azure_stack.ca_file {ca_file} cannot be used"
            raise CertificateRejected(what, why=why or "", todo="correct it in fleet.yaml", stamp=stamp) from None
    return context
