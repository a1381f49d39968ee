"""Requests to one stamp's API as bytes: signed, within budget, with deadlines, and every failure mapped."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import functools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
import msgspec
from yarl import URL

from backends.clock import Clock
from backends.errors import BudgetBlocked, CertificateRejected, SourceError, Throttled, Unreachable
from backends.kubernetes import failures
from backends.kubernetes.access import Access, Address
from backends.kubernetes.budget import Budget, Meter
from backends.kubernetes.calls import JSON, Answer, Call, Stream
from backends.kubernetes.credentials import Credentials
from backends.kubernetes.streams_socket import ChannelSocket
from backends.kubernetes.timing import Timing
from backends.kubernetes.transport import Sockets, beginning, drop_unread, keep_alive, new_session
from backends.kubernetes.way import Way
from backends.model.stamp import Stamp

T = TypeVar("T")

_USER_AGENT = "stampdeck"
_CLOSING_TURNS = 6
_PAUSE_S = 5.0
"""However long one answer of 429 asks for, other requests of the stamp wait no longer."""


class Connection:
    """One HTTP session to one API. Every method raises only SourceError, with the stamp's name in it."""

    def __init__(self, stamp: Stamp, clock: Clock, timing: Timing, way: Way | None = None) -> None:
        self.stamp = stamp
        self.clock = clock
        self.timing = timing
        self.meter = Meter(clock)
        self.trouble = asyncio.Event()
        """Set when a connection failed: whoever watches over the API should look at once."""
        self.heard_at = clock.monotonic()
        """When the API last sent us anything, on the monotonic clock."""
        self.skew_s = 0.0
        """How far the API's clock is ahead of ours by its last answer, which is told in whole seconds."""
        self._budget = Budget(stamp.cluster.requests_per_second, clock, self.meter)
        self._credentials = Credentials(stamp, clock, timing)
        self._access: Access | None = None
        self._way = way
        self._instead: Address | None = None
        self._session: aiohttp.ClientSession | None = None
        self._fresh: set[aiohttp.ClientSession] = set()
        self._sockets = Sockets()

    @property
    def where(self) -> str:
        """The API's host and port, once known."""
        return self._access.where if self._access else self.stamp.cluster.context

    @property
    def _timeout_s(self) -> float:
        return self.stamp.cluster.request_timeout_s

    async def close(self) -> None:
        """Close every connection; what is still open ends with an error for its reader."""
        await self._credentials.close()
        for session in (self._session, *self._fresh):
            if session is not None:
                await session.close()
        self._sockets.shut()
        for _ in range(_CLOSING_TURNS):
            # Connections that were given up, also during their handshake, close in the loop's next turns.
            await asyncio.sleep(0)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        doing: str = "",
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request and return its whole answer; `doing` names it in errors ("list pods")."""
        call = Call(method, path, doing or f"{method} {path}", query or {}, accept, body, content_type)
        await self._budget.spend()
        async with self._budget.slots:
            return await self._ask(call, timeout_s or self._timeout_s)

    async def write(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes,
        content_type: str = JSON,
        doing: str,
    ) -> Answer:
        """Send one change, ahead of all reads; it is never sent again unless the API refused who we are.

        It goes on a connection of its own, because one that lay idle may be closed by the API at that moment,
        and then nobody knows what became of the change. `failures.Unsent` when it did not leave us.
        """
        call = Call(method, path, doing, query, JSON, body, content_type, fresh=True, once=True)
        await self._budget.spend_first()
        async with self._budget.write_slots:
            return await self._ask(call, self.timing.write_s)

    async def beat(self, timeout_s: float, *, fresh: bool) -> Answer:
        """Ask for the version past the budget's waiting line; `fresh` asks on a new connection."""
        self.meter.note_request()
        return await self._ask(Call("GET", "/version", "read the version", fresh=fresh), timeout_s)

    async def read(self, path: str, shape: msgspec.json.Decoder[T], *, doing: str, **options: Any) -> T:
        """GET a path and decode its JSON."""
        answer = await self.request("GET", path, doing=doing, **options)
        return self.decode(answer, shape, doing)

    def decode(self, answer: Answer, shape: msgspec.json.Decoder[T], doing: str) -> T:
        """Decode an answer; Malformed when it is not what was promised."""
        self.expect_json(answer.content_type, answer.body, doing)
        try:
            return shape.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self.malformed(doing) from None

    def expect_json(self, content_type: str, body: bytes, doing: str) -> None:
        """Raise Malformed unless the answer says that it is JSON."""
        if "json" not in content_type:
            raise self._named(failures.not_json(content_type, body, doing=doing, where=self.where))

    def closed_early(self, doing: str) -> SourceError:
        """Return the error for a stream that ended as soon as it began."""
        return self._named(failures.closed_early(doing=doing, where=self.where))

    def unanswered(self, after_s: float) -> SourceError:
        """Return the error for an API that accepts connections and does not answer."""
        return self._named(failures.from_exception(TimeoutError(), self.where, timeout_s=after_s))

    def malformed(self, doing: str) -> SourceError:
        """Return the error for JSON that is not what was promised."""
        return self._named(failures.broken_json(doing=doing, where=self.where))

    def failed(self, status: failures.Status, doing: str) -> SourceError:
        """Return the error for a Status found inside a stream."""
        return self._named(failures.from_status(status, doing=doing, where=self.where))

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], *, accept: str = JSON, doing: str, fresh: bool = False
    ) -> AsyncIterator[Stream]:
        """Open a watch or a log, `fresh` on a new connection.

        Only the beginning of the answer has a deadline, and no budget but one request.
        """
        await self._budget.spend()
        with self._mapped(0.0):
            await self._current(self._timeout_s)
        async with contextlib.AsyncExitStack() as stack:
            call = Call("GET", path, doing, query, accept, fresh=fresh)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.timing.connect_s)
            with self._mapped(self._timeout_s):
                async with asyncio.timeout(self._timeout_s):
                    response = await stack.enter_async_context(self._open(call, timeout))
                    await self._check(response, doing)
            keep_alive(response)
            yield Stream(response.content_type, self._chunks(response))

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str], *, doing: str
    ) -> AsyncIterator[ChannelSocket]:
        """Open a WebSocket that speaks one of the protocols, the first preferred, and cut it on leaving.

        Only its beginning has a deadline. It is not asked for twice, unless the API refused who we are: what
        it starts may have been started.
        """
        await self._budget.spend()
        async with contextlib.AsyncExitStack() as stack:
            with self._mapped(self._timeout_s):
                async with asyncio.timeout(self._timeout_s):
                    web, response = await self._upgrade(stack, path, query, protocols, doing)
            keep_alive(response)
            yield await stack.enter_async_context(ChannelSocket(web, response, lambda: self._mapped(0.0)))

    async def _current(self, within_s: float) -> Access:
        """Return what a request is signed with, after finding the way if there has to be one."""
        access = self._access = await self._credentials.current()
        if self._way is not None:
            self._instead = await self._way.reach(*access.address, within_s)
        return access

    async def _upgrade(
        self,
        stack: contextlib.AsyncExitStack,
        path: str,
        query: Sequence[tuple[str, str]],
        protocols: Sequence[str],
        doing: str,
    ) -> tuple[aiohttp.ClientWebSocketResponse, aiohttp.ClientResponse]:
        answers: list[aiohttp.ClientResponse] = []
        while True:
            access = await self._current(self._timeout_s)
            examined = functools.partial(self._examine_upgrade, access, answers, doing)
            session = await stack.enter_async_context(new_session(force_close=True, middlewares=(examined,)))
            try:
                web = await session.ws_connect(
                    URL(access.url(path, self._instead)).with_query(query),
                    protocols=protocols,
                    headers={"User-Agent": _USER_AGENT, **access.signed(self._instead)},
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.0),
                    **access.way(self._instead),
                )
            except aiohttp.WSServerHandshakeError as refused:
                if refused.status != 401:
                    raise
                continue
            if web.protocol not in protocols:
                answers[-1].close()
                raise failures.not_upgraded(101, doing=doing, where=self.where)
            return web, answers[-1]

    async def _examine_upgrade(
        self,
        access: Access,
        answers: list[aiohttp.ClientResponse],
        doing: str,
        request: aiohttp.ClientRequest,
        handler: aiohttp.ClientHandlerType,
    ) -> aiohttp.ClientResponse:
        """Keep the answer; raise a refusal in the API's words, of which the WebSocket client tells only the number."""
        answers.append(response := await self._send_once(request, handler))
        self._note(response)
        if response.status == 101 or (response.status == 401 and self._credentials.refuse(access)):
            return response
        try:
            await self._check(response, doing)
            raise failures.not_upgraded(response.status, doing=doing, where=self.where)
        finally:
            response.close()

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        with self._mapped(0.0):
            try:
                async for chunk in response.content.iter_any():
                    self.heard_at = self.clock.monotonic()
                    yield chunk
            except aiohttp.ClientPayloadError as error:
                # In a stream this is how a connection that ends without goodbye looks.
                raise ConnectionResetError(104, str(error)) from None

    async def _ask(self, call: Call, timeout_s: float) -> Answer:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=self.timing.connect_s)
        with self._mapped(timeout_s):
            async with self._open(call, timeout) as response:
                await self._check(response, call.doing)
                text = await response.read()
                self.heard_at = self.clock.monotonic()
                warnings = tuple(response.headers.getall("Warning", ()))
                return Answer(response.status, text, response.content_type, warnings)

    @contextlib.asynccontextmanager
    async def _open(self, call: Call, timeout: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, once more with new credentials when the API refuses those we have."""
        while True:
            access = await self._current(timeout.total or self._timeout_s)
            headers = {"Accept": call.accept, "User-Agent": _USER_AGENT, **access.signed(self._instead)}
            if call.body is not None:
                headers["Content-Type"] = call.content_type
            async with (
                self._sessions(call.fresh) as session,
                session.request(
                    call.method,
                    URL(access.url(call.path, self._instead)),
                    params=call.query,
                    data=call.body,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                    middlewares=(self._send_once,) if call.once else (),
                    **access.way(self._instead),
                ) as response,
            ):
                self._note(response)
                if response.status == 401 and self._credentials.refuse(access):
                    continue
                try:
                    yield response
                finally:
                    drop_unread(response)
                return

    async def _send_once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Keep the HTTP client from sending PUT and DELETE again by itself when a connection ends without answer.

        The first of them may have been done; the second would then fail with a conflict that is none.
        """
        try:
            return await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            self.trouble.set()
            raise failures.from_exception(error, self.where) from None

    async def _check(self, response: aiohttp.ClientResponse, doing: str) -> None:
        if response.status < 300:
            return
        body = await beginning(response)
        retry_after = response.headers.get("Retry-After", "")
        error = failures.from_answer(
            response.status, body, response.content_type, doing=doing, where=self.where, retry_after=retry_after
        )
        if isinstance(error, Throttled) and not isinstance(error, BudgetBlocked):
            self.meter.note_throttled()
            if response.method == "GET" and error.retry_after_s:
                self._budget.pause(min(error.retry_after_s, _PAUSE_S))
        raise error

    @contextlib.contextmanager
    def _mapped(self, timeout_s: float) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            raise self._named(error) from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            proxy = self._access.proxy_where if self._access else ""
            mapped = failures.from_exception(error, self.where, proxy=proxy, timeout_s=timeout_s)
            if isinstance(mapped, Unreachable | CertificateRejected):
                self.trouble.set()
            if isinstance(mapped, Unreachable) and (why := self._why_no_way()):
                mapped.why, mapped.todo = why, "look from the machine it is reached through"
            raise self._named(mapped) from None

    def _why_no_way(self) -> str:
        if self._way is None or self._access is None:
            return ""
        return self._way.why_broken(*self._access.address)

    def _named(self, error: SourceError) -> SourceError:
        error.stamp = self.stamp.name
        return error

    def _note(self, response: aiohttp.ClientResponse) -> None:
        self.heard_at = self.clock.monotonic()
        try:
            said = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            return
        self.skew_s = said - self.clock.now()

    @contextlib.asynccontextmanager
    async def _sessions(self, fresh: bool) -> AsyncIterator[aiohttp.ClientSession]:
        """Give the session of all requests, or a `fresh` one whose connection ends with it.

        A session that keeps no connections would end them politely, waiting half a minute for a server's consent;
        one that is closed drops what it keeps at once.
        """
        if not fresh:
            if self._session is None:
                self._session = new_session(force_close=False, sockets=self._sockets)
            yield self._session
            return
        async with new_session(force_close=False, sockets=self._sockets) as session:
            self._fresh.add(session)
            try:
                yield session
            finally:
                self._fresh.discard(session)
