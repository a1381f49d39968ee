"""One direct HTTP question to a stamp's application, and its answer as a sample."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import httpx

from backends.clock import Clock
from backends.model.fleet import ProbeSample
from backends.model.stamp import ApplicationAccess
from backends.probe.reasons import connection_reason, status_reason

BODY_LIMIT_BYTES = 64 * 1024
"""How much of an answer is read: enough for an expected text, never a download."""


class HttpProbe:
    """Asks the application of one stamp past Traffic Manager, as one of its users would, over HTTP/1.1.

    Every question opens its own connection: a kept one would hide that the listener is gone, that the load
    balancer moved or that the certificate expired; nor are cookies kept. Proxies of the environment are not used,
    redirects are not followed: what is asked is this stamp, not where it sends people.
    """

    def __init__(self, stamp_name: str, access: ApplicationAccess, clock: Clock) -> None:
        self._stamp_name = stamp_name
        self._access = access
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def ask(self) -> ProbeSample:
        """Ask once; a failure is a sample with `ok` False and the reason in words, never an exception."""
        started_s = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._access.timeout_s):
                client = await self._open_client()
                status, phrase, headers, body = await self._exchange(client)
        except TimeoutError:
            return self._failure(f"no answer within {self._access.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return self._failure(connection_reason(error, self._access))
        latency_s = self._clock.monotonic() - started_s
        reason = status_reason(status, phrase, headers.get("Location", ""), self._access.expect_status)
        expected = self._access.expect_text
        if not reason and expected and expected.encode() not in body:
            reason = f"{status} without the expected text {expected!r}"
        served_by = headers.get("X-Stamp", "").strip()[:64]
        ok = not reason
        if ok and served_by and served_by != self._stamp_name:
            reason = f"answered by {served_by}, not {self._stamp_name}"
        return ProbeSample(
            at=self._clock.now(), ok=ok, latency_s=latency_s, status=status, reason=reason, served_by=served_by
        )

    async def close(self) -> None:
        """Let go of the client; the next question would open a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(self, client: httpx.AsyncClient) -> tuple[int, str, httpx.Headers, bytes]:
        access = self._access
        headers = {"Host": access.host} if access.host else {}
        # httpcore names and verifies the certificate by this extension instead of the URL's host.
        extensions = {"sni_hostname": urlsplit(f"//{access.host}").hostname} if access.host else {}
        # A session cookie of the last answer would lead to the same pod for ever, well or not.
        client.cookies.clear()
        async with client.stream("GET", access.url, headers=headers, extensions=extensions) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) >= BODY_LIMIT_BYTES:
                    break
            return response.status_code, response.reason_phrase, response.headers, bytes(body[:BODY_LIMIT_BYTES])

    async def _open_client(self) -> httpx.AsyncClient:
        """Return the client, made at the first question: a CA file that is missing now may be there later."""
        async with self._opening:  # the fleet and the doctor may ask at once
            if self._client is None:
                # Reading the system's authorities takes tens of milliseconds: not on the loop that draws.
                context = await asyncio.to_thread(_trust, self._access)
                self._client = httpx.AsyncClient(
                    verify=context,
                    trust_env=False,
                    follow_redirects=False,
                    timeout=self._access.timeout_s,
                    limits=httpx.Limits(max_keepalive_connections=0),
                    headers={"User-Agent": "stampdeck-probe", "Accept-Encoding": "identity", "Connection": "close"},
                )
            return self._client

    def _failure(self, reason: str) -> ProbeSample:
        return ProbeSample(at=self._clock.now(), ok=False, latency_s=None, reason=reason)


def _trust(access: ApplicationAccess) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(access.ca_file) if access.ca_file else None)
