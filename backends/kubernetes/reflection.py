"""One followed collection: LIST by pages, then WATCH from there for ever, every trouble turned into a state.

Protocol: Kubernetes API concepts, "Efficient detection of changes". Old rows stay while a list is taken again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from backends.clock import pause
from backends.errors import CertificateRejected, Expired, NotFound, SourceError, Unreachable
from backends.kubernetes import failures, pulse
from backends.kubernetes.connection import Connection
from backends.kubernetes.failures import NotAcceptable
from backends.kubernetes.lines import LineSplitter
from backends.kubernetes.pulse import Beat, Pulse
from backends.kubernetes.standing import Standing
from backends.kubernetes.tables import (
    ACCEPT_METADATA,
    ACCEPT_METADATA_EVENTS,
    ACCEPT_TABLE,
    Page,
    RowReader,
    WrongShape,
)
from backends.model.health import Health, SourceState
from backends.model.kinds import ResourceKind
from backends.model.table import RowStore
from backends.streams import Cell

_log = logging.getLogger(__name__)

_PAGE = 500
_SLICE_S = 0.004
"""Work on the event loop is given up after so long, so that keys are answered during a storm."""
_LINE_LIMIT = 32 << 20
"""A longer line is no event: objects are at most a few megabytes (etcd's limit), and memory has an end."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is followed: one collection, whole or by namespace and selectors."""

    kind: str
    namespace: str | None = None
    selector: str = ""
    field_selector: str = ""

    def parameters(self) -> dict[str, str]:
        """Return the selectors as a query string's fields."""
        fields = {"labelSelector": self.selector, "fieldSelector": self.field_selector}
        return {name: value for name, value in fields.items() if value}


class Reflection:
    """Follows one collection into `store`; `state` says how far the rows can be trusted.

    `run` never ends by itself and raises nothing but its own cancellation.
    """

    def __init__(
        self,
        query: Query,
        connection: Connection,
        heart: Pulse,
        find: Callable[[str], Awaitable[ResourceKind]],
    ) -> None:
        self.query = query
        self.store = RowStore()
        self._connection = connection
        self._clock = connection.clock
        self._timing = connection.timing
        self._pulse = heart
        self._find = find
        self._reader = RowReader(connection.stamp.name, query.kind)
        self._kind: ResourceKind | None = None
        self._version: str | None = None
        self._is_table = True
        self._tables_refused = False
        self._is_following = False
        self._standing = Standing(connection)
        self._hurry = asyncio.Event()

    @property
    def state(self) -> Cell[SourceState]:
        """How far the rows can be trusted."""
        return self._standing.state

    def refresh(self) -> None:
        """Stop waiting for the next attempt: try now."""
        self._hurry.set()
        self._pulse.check()

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            await self._wait_for_api()
            try:
                await self._follow_while_reachable()
            except SourceError as error:
                await self._recover(error)
            except Exception:
                # Whatever a server can provoke, the other kinds and stamps go on.
                _log.exception("following %s on %s", self.query.kind, self._connection.stamp.name)
                await self._recover(self._connection.malformed(self._doing("follow")))

    def note_beat(self, beat: Beat) -> None:
        """Take over what the stamp's pulse found, while a watch is open."""
        if not self._is_following or beat.error is not None:
            return
        if beat.doubt:
            self._standing.become(Health.STALE, pulse.reason(beat), "wait, or look at the API server's load")
        else:
            self._standing.live()

    async def _wait_for_api(self) -> None:
        async for beat in self._pulse.beats.follow():
            if beat.error is None:
                return
            health = Health.DOWN if beat.is_down else Health.RETRYING
            self._standing.become(health, pulse.reason(beat), beat.error.todo, beat.retry_at)

    async def _follow_while_reachable(self) -> None:
        """Follow until that fails, or until the stamp's pulse knows that the API is lost."""
        follow = asyncio.create_task(self._follow())
        lost = asyncio.create_task(self._pulse.lost())
        try:
            await asyncio.wait((follow, lost), return_when=asyncio.FIRST_COMPLETED)
            if follow.done() and not lost.done():
                follow.result()
        finally:
            self._is_following = False
            for each in (follow, lost):
                each.cancel()
            await asyncio.gather(follow, lost, return_exceptions=True)

    async def _follow(self) -> None:
        if self._kind is None:
            self._kind = await self._find(self.query.kind)
        while "watch" not in self._kind.verbs:
            await self._list(self._kind)
            self._standing.steady()
            self._standing.live()
            await self._pause(self._timing.poll_s)
        if self._version is None:
            await self._list(self._kind)
        while True:
            await self._watch(self._kind, self._version or "")

    async def _list(self, kind: ResourceKind) -> None:
        """Read the whole collection by pages behind the rows there are, then drop those that were not in it."""
        doing = self._doing("list")
        path = kind.path(self.query.namespace)
        listed: set[str] = set()
        version = None
        coming: asyncio.Task[bytes] | None = asyncio.create_task(self._page(path, "", doing))
        try:
            while coming is not None:
                with self._promised(doing):
                    decoded = self._reader.decode_page(await coming)
                coming = None
                if decoded.continues:
                    coming = asyncio.create_task(self._page(path, decoded.continues, doing))
                # The next request leaves now: the server prints that page while the rows of this one are made.
                await asyncio.sleep(0)
                with self._promised(doing):
                    page = self._reader.rows_of(decoded, self._clock.now())
                self._is_table = page.is_table
                self._take(page, listed)
                version = page.version if version is None else version
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        self.store.keep_only(listed)
        self._version = version
        self._standing.listed()

    async def _page(self, path: str, continues: str, doing: str) -> bytes:
        query = {**self.query.parameters(), "limit": str(_PAGE)}
        if not self._tables_refused:
            query["includeObject"] = "Metadata"
        if continues:
            query["continue"] = continues
        accept = ACCEPT_METADATA if self._tables_refused else ACCEPT_TABLE
        try:
            answer = await self._connection.request("GET", path, query=query, accept=accept, doing=doing)
        except NotAcceptable:
            if self._tables_refused:
                raise
            self._tables_refused = True
            return await self._page(path, continues, doing)
        self._connection.expect_json(answer.content_type, answer.body, doing)
        return answer.body

    @contextmanager
    def _promised(self, doing: str) -> Iterator[None]:
        """Tell a list that is not what the protocol promises as one."""
        try:
            yield
        except WrongShape:
            raise self._connection.malformed(doing) from None

    def _take(self, page: Page, listed: set[str]) -> None:
        has_new_columns = bool(page.columns) and page.columns != self.store.columns
        if has_new_columns:
            self.store.set_columns(page.columns)
        known = self.store.rows
        for row in page.rows:
            listed.add(row.uid)
            before = known.get(row.uid)
            # An unchanged object keeps its row, so that nothing is drawn anew for it.
            if before is None or before.version != row.version or not row.version or has_new_columns:
                self.store.put(row)

    async def _watch(self, kind: ResourceKind, version: str) -> None:
        """Follow changes from `version` until the server ends the watch in order; anything else raises."""
        doing = self._doing("watch")
        keep_s = self._timing.watch_s * (1 + random.random())
        query = {
            **self.query.parameters(),
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(keep_s)),
        }
        accept = ACCEPT_METADATA_EVENTS
        if self._is_table:
            query["includeObject"] = "Metadata"
            accept = ACCEPT_TABLE
        path = kind.path(self.query.namespace)
        async with self._connection.stream(path, query, accept=accept, doing=doing) as stream:
            self._connection.expect_json(stream.content_type, b"", doing)
            self._is_following = True
            if not self._standing.is_doubtful:
                self._standing.live()
            # Else the beginning of an answer proves nothing: an event or the next beat must confirm it.
            try:
                await self._read_changes(stream.chunks, doing)
            finally:
                self._is_following = False

    async def _read_changes(self, chunks: AsyncIterator[bytes], doing: str) -> None:
        splitter = LineSplitter()
        opened_at = worked_since = self._clock.monotonic()
        silence_s = self._timing.silence_s * (1 + random.random() / 4)
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                self._doubt_silence(silence_s)
            if chunk is None:
                break
            lines = splitter.push(chunk)
            if lines:
                self._apply(lines, doing)
            if splitter.size > _LINE_LIMIT:
                raise self._connection.malformed(doing)
            now = self._clock.monotonic()
            if now - opened_at > self._timing.steady_s:
                self._standing.steady()
            if now - worked_since > _SLICE_S:
                await asyncio.sleep(0)
                worked_since = self._clock.monotonic()
        if splitter.take().strip():
            raise self._connection.malformed(doing)
        if self._clock.monotonic() - opened_at < 1.0:
            # A server that ends watches at once must not be asked in a circle.
            raise self._connection.closed_early(doing)
        self._standing.steady()

    def _apply(self, lines: bytes, doing: str) -> None:
        try:
            changes = self._reader.changes(lines, is_table=self._is_table, now=self._clock.now())
        except WrongShape:
            raise self._connection.malformed(doing) from None
        store = self.store
        for change in changes:
            if change.failure is not None:
                raise self._connection.failed(change.failure, doing)
            if change.row is not None:
                if change.columns is not None:
                    store.set_columns(change.columns)
                store.put(change.row)
            elif change.gone:
                store.remove(change.gone)
            if change.version:
                self._version = change.version
        self._standing.heard()

    def _doubt_silence(self, silence_s: float) -> NoReturn:
        """Take the list again: a watch that lost its server looks like one in which nothing happens."""
        why = f"the watch said nothing for {silence_s:.0f} s, not even a bookmark; listing again"
        self._standing.silent(why)
        self._version = None
        raise _Silent

    async def _recover(self, error: SourceError) -> None:
        """Turn a failure into a state, then wait until another attempt makes sense."""
        if isinstance(error, _Silent):
            return
        self._standing.failed()
        if isinstance(error, Unreachable | CertificateRejected):
            seen = self._pulse.beats.value
            if seen.error is not None:
                return
            self._standing.become(Health.RETRYING, failures.reason(error), error.todo)
            self._connection.trouble.set()
            if (await self._pulse.checked(seen.number)).error is not None:
                return
            # The API is there: only this connection broke.
        if isinstance(error, Expired) or self._standing.is_doubtful:
            # After several failures the version itself may be what the server cannot stand.
            self._version = None
        if isinstance(error, NotFound):
            self._kind = None
        await self._pause(self._standing.refused(error))

    async def _pause(self, delay_s: float) -> None:
        """Sleep until the delay is over or someone asks to hurry."""
        self._hurry.clear()
        await pause(self._clock, delay_s, unless=self._hurry)

    def _doing(self, verb: str) -> str:
        return f"{verb} {self.query.kind}"


class _Silent(SourceError):
    """A watch was silent for too long; not a failure, but a reason to look again."""

    def __init__(self) -> None:
        super().__init__("silent")
