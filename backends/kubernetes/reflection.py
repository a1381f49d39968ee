"""One followed collection: LIST by pages, then WATCH from there for ever, every trouble turned into a state.

Protocol: Kubernetes API concepts, "Efficient detection of changes". Old rows stay while a list is taken again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from backends.clock import pause
from backends.errors import CertificateRejected, Expired, NotFound, SourceError, Unreachable
from backends.kubernetes import failures, hearing, pulse
from backends.kubernetes.connection import Connection
from backends.kubernetes.hearing import Silence
from backends.kubernetes.lines import LineSplitter
from backends.kubernetes.listing import Listing, promised
from backends.kubernetes.pulse import Beat, Pulse
from backends.kubernetes.query import Query
from backends.kubernetes.quiet import Quiet
from backends.kubernetes.standing import Standing
from backends.kubernetes.tables import ACCEPT_METADATA_EVENTS, ACCEPT_TABLE, Page, RowReader
from backends.model.health import Health, SourceState
from backends.model.kinds import ResourceKind
from backends.model.table import RowStore
from backends.streams import Cell

_log = logging.getLogger(__name__)

_SLICE_S = 0.004
"""Work on the event loop is given up after so long, so that keys are answered during a storm."""
_LINE_LIMIT = 32 << 20
"""A longer line is no event: objects are at most a few megabytes (etcd's limit), and memory has an end."""


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
        self._listing = Listing(query, connection, self._reader)
        self._is_following = False
        self._standing = Standing(connection)
        self._quiet = Quiet(connection, self._standing)
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
        while True:
            if self._version is None:
                await self._list(self._kind)
            await self._watch(self._kind, self._version or "")

    async def _list(self, kind: ResourceKind) -> None:
        """Read the whole collection by pages behind the rows there are, then drop those that were not in it."""
        version = None
        async with aclosing(self._listing.pages(kind.path(self.query.namespace), self._doing("list"))) as pages:
            async for page in pages:
                self._is_table = page.is_table
                self._take(page)
                version = page.version if version is None else version
        self.store.keep_only(self._listing.listed)
        self._version = version
        self._quiet.listed()
        self._standing.listed()

    def _take(self, page: Page) -> None:
        rows, known = page.rows, self.store.rows
        if page.columns and page.columns != self.store.columns:
            self.store.set_columns(page.columns)
        elif known:
            # An unchanged object keeps its row, so that nothing is drawn anew for it.
            rows = [
                row
                for row in rows
                if (before := known.get(row.uid)) is None or before.version != row.version or not row.version
            ]
        self.store.put_all(rows)

    async def _watch(self, kind: ResourceKind, version: str) -> None:
        """Follow changes from `version` until the server ends the watch in order, or it turns out to miss some.

        Anything else raises.
        """
        doing = self._doing("watch")
        keep_s = self._timing.watch_s * (1 + random.random())
        query = {
            **self._selectors(),
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(keep_s)),
        }
        path = kind.path(self.query.namespace)
        # After a deaf watch a kept connection may be as deaf.
        fresh = self._standing.is_silent
        async with self._connection.stream(path, query, accept=self._accept, doing=doing, fresh=fresh) as stream:
            self._connection.expect_json(stream.content_type, b"", doing)
            self._is_following = True
            if not self._standing.is_doubtful:
                self._standing.live()
            # Else the beginning of an answer proves nothing: an event or the next beat must confirm it.
            reading = asyncio.create_task(self._read_changes(stream.chunks, doing))
            doubting = asyncio.create_task(self._quiet.until_doubted(lambda: self._examine(path, doing)))
            try:
                await asyncio.wait((reading, doubting), return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    reading.result()
                elif not doubting.result():
                    self._version = None
            finally:
                self._is_following = False
                for each in (reading, doubting):
                    each.cancel()
                await asyncio.gather(reading, doubting, return_exceptions=True)

    async def _examine(self, path: str, doing: str) -> Silence:
        """Ask whether the open watch missed something."""
        if not self._version:
            raise Expired(doing)  # a list without a version: nothing can go on from it
        query, version = self._selectors(), self._version
        return await hearing.examine(self._connection, path, query, version, accept=self._accept, doing=doing)

    @property
    def _accept(self) -> str:
        return ACCEPT_TABLE if self._is_table else ACCEPT_METADATA_EVENTS

    def _selectors(self) -> dict[str, str]:
        include = {"includeObject": "Metadata"} if self._is_table else {}
        return {**self.query.parameters(), **include}

    async def _read_changes(self, chunks: AsyncIterator[bytes], doing: str) -> None:
        splitter = LineSplitter()
        opened_at = worked_since = self._quiet.since = self._clock.monotonic()
        async for chunk in chunks:
            lines = splitter.push(chunk)
            if lines:
                self._apply(lines, doing)
            if splitter.size > _LINE_LIMIT:
                raise self._connection.malformed(doing)
            now = self._quiet.since = self._clock.monotonic()
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
        with promised(self._connection, doing):
            changes = self._reader.changes(lines, is_table=self._is_table, now=self._clock.now())
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
        self._quiet.spoken()
        self._standing.heard()

    async def _recover(self, error: SourceError) -> None:
        """Turn a failure into a state, then wait until another attempt makes sense."""
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
