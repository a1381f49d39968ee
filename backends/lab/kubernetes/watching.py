"""WATCH: a stream of events, one JSON line each, from a revision on."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

from aiohttp import web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.hub import Subscription
from backends.lab.kubernetes.list_options import ListOptions, parse_list_options
from backends.lab.kubernetes.negotiation import choose_form
from backends.lab.kubernetes.reading import check_revision, select
from backends.lab.kubernetes.representations import Representation, encode
from backends.lab.kubernetes.statuses import ApiError, gone
from backends.lab.objects import Change, Object, TooOld

_LOOK_AROUND_S = 5.0
_LAST_BOOKMARK_S = 2.0  # a last bookmark comes this long before a watch times out
_SILENT_LOOK_S = 0.1
_SHORTEST_S = 1800.0  # --min-request-timeout: watches without a timeout end at a random time after this


class Watch:
    """One caller's watch of one collection."""

    def __init__(self, context: ApiContext, call: Call, resource: Resource, accept: str) -> None:
        self._context = context
        self._call = call
        self._resource = resource
        self._options: ListOptions = parse_list_options(call, resource.storage, context.version)
        form = choose_form(accept, collection=True)
        self._shown = Representation(context, resource, form, call.query.get("includeObject", ""))
        self._first = True
        self._revision = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stream until the timeout, the caller, or a fault ends it."""
        subscription, backlog = self._begin()
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            if backlog:
                await response.write(backlog)
            if subscription is not None:
                await self._stream(response, subscription)
            await response.write_eof()
        except ConnectionError:
            pass  # the caller went away
        finally:
            if subscription is not None:
                self._context.hub.leave(subscription)
        return response

    def _begin(self) -> tuple[Subscription | None, bytes]:
        options, store = self._options, self._context.store
        revision = options.revision
        initial = not revision if "sendInitialEvents" not in self._call.query else options.initial_events
        if initial:
            objects = select(self._context, self._call, self._resource, options)
            revision = store.revision
        else:
            if revision is not None and revision > store.revision:
                check_revision(self._context, options)
            objects = []
            revision = store.revision if revision is None else revision
        self._revision = revision
        if not initial and self._context.faults.active("watch-410"):
            return None, self._error(gone(f"too old resource version: {revision} ({store.revision})"))
        try:
            subscription = self._context.hub.subscribe(self._resource.storage, revision)
        except TooOld as error:
            return None, self._error(gone(str(error)))
        lines = [self._line("ADDED", obj, obj["metadata"]["resourceVersion"]) for obj in objects]
        if options.initial_events and options.bookmarks:
            lines.append(self._shown.bookmark(revision, first=self._first, initial_end=True))
        return subscription, b"".join(lines)

    async def _stream(self, response: web.StreamResponse, subscription: Subscription) -> None:
        faults = self._context.faults
        timeout_s = self._options.timeout_s or _SHORTEST_S * (1 + random.random())
        began = time.monotonic()
        bookmark_at = began + min(self._context.bookmark_every_s, max(timeout_s - _LAST_BOOKMARK_S, 0))
        while (left_s := began + timeout_s - time.monotonic()) > 0:
            changes = await subscription.take(min(left_s, _LOOK_AROUND_S, max(bookmark_at - time.monotonic(), 0.01)))
            while faults.active("watch-silent") or faults.active("link-black-hole"):
                await asyncio.sleep(_SILENT_LOOK_S)
                changes += await subscription.take(0)
            if faults.active("watch-410") or subscription.lagging:
                await response.write(self._error(gone("The resourceVersion for the provided watch is too old.")))
                return
            if subscription.ended:
                return
            chunk = b"".join(self._lines(changes))
            now = time.monotonic()
            if self._options.bookmarks and now >= bookmark_at:
                self._revision = max(self._revision, self._context.hub.distributed)
                chunk += self._shown.bookmark(self._revision, first=self._first)
                self._first = False
            if now >= bookmark_at:
                bookmark_at = now + self._context.bookmark_every_s
            if chunk:
                await response.write(chunk)

    def _lines(self, changes: list[Change]) -> Iterator[bytes]:
        for change in changes:
            self._revision = change.revision
            if self._call.namespace and change.namespace != self._call.namespace:
                continue
            kind, obj = self._effect(change)
            if kind:
                yield self._line(kind, obj, str(change.revision))

    def _effect(self, change: Change) -> tuple[str, Object]:
        """Return what a change means to this watch: an object that leaves the selector is deleted for it."""
        if not self._options.selects:
            return change.type, change.object
        was = change.before is not None and self._options.matches(change.before)
        if change.type == "DELETED":
            return ("DELETED", change.object) if was else ("", change.object)
        if self._options.matches(change.object):
            return ("MODIFIED" if was else "ADDED"), change.object
        if was and change.before is not None:
            meta = {**change.before["metadata"], "resourceVersion": str(change.revision)}
            return "DELETED", {**change.before, "metadata": meta}
        return "", change.object

    def _line(self, kind: str, obj: Object, revision: str) -> bytes:
        if self._first:
            self._first = False
            return self._shown.event(kind, obj, first=True)
        key = (int(revision), kind, self._shown.key)
        return self._context.hub.encoded(key, lambda: self._shown.event(kind, obj, first=False))

    def _error(self, error: ApiError) -> bytes:
        return b'{"type":"ERROR","object":' + encode(error.status) + b"}\n"
