"""Distribution of the store's changes to watchers: each change is looked at once, however many watch."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from backends.lab.objects import Change, ObjectStore, TooOld

_GATHER_S = 0.004  # changes of the same moment go out in one chunk; less than any client can tell
_BEHIND = 50_000  # a watcher that lags this many changes is cut off, as the server does with slow ones
_KEPT_ENCODINGS = 8_192

Encoding = tuple[int, str, tuple[str, ...]]
"""What an encoded event is remembered by: revision, event type, and the form it is in."""


class Subscription:
    """The changes of one resource for one watcher, from a revision on."""

    def __init__(self, resource: str, after: int) -> None:
        self.resource = resource
        self.after = after
        self.lagging = False
        self.ended = False
        self._pending: list[Change] = []
        self._ready = asyncio.Event()

    def offer(self, changes: list[Change]) -> None:
        """Take changes in, oldest first; those the watcher knows already are dropped."""
        fresh = [change for change in changes if change.revision > self.after]
        if not fresh:
            return
        self._pending += fresh
        self.after = fresh[-1].revision
        self.lagging = self.lagging or len(self._pending) > _BEHIND
        self._ready.set()

    def wake(self) -> None:
        """Let `take` return at once, with nothing: the watcher shall look around."""
        self._ready.set()

    async def take(self, timeout_s: float) -> list[Change]:
        """Return what is pending, waiting at most `timeout_s` for something."""
        if not self._pending:
            try:
                async with asyncio.timeout(max(timeout_s, 0)):
                    await self._ready.wait()
            except TimeoutError:
                return []
        self._ready.clear()
        taken, self._pending = self._pending, []
        return taken


class WatchHub:
    """One pump per API server, and the encodings its watchers share."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)
        self._encoded: dict[Encoding, bytes] = {}
        self.distributed = store.revision

    def subscribe(self, resource: str, after: int) -> Subscription:
        """Begin to collect what changes after revision `after`; TooOld when that is forgotten."""
        subscription = Subscription(resource, after)
        missed = [change for change in self._store.since(after) if change.resource == resource]
        subscription.offer(missed)
        subscription.after = max(self._store.revision, after)
        self._subscriptions[resource].add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Stop collecting."""
        self._subscriptions[subscription.resource].discard(subscription)

    def wake_all(self) -> None:
        """Let every watcher look around (a fault began or ended)."""
        for watchers in self._subscriptions.values():
            for subscription in watchers:
                subscription.wake()

    def encoded(self, key: Encoding, encode: Callable[[], bytes]) -> bytes:
        """Return the bytes of an event, encoding it only for the first who asks."""
        found = self._encoded.get(key)
        if found is None:
            if len(self._encoded) >= _KEPT_ENCODINGS:
                for old in list(self._encoded)[: _KEPT_ENCODINGS // 2]:
                    del self._encoded[old]
            found = self._encoded[key] = encode()
        return found

    def end_all(self) -> None:
        """End every watch cleanly, as an API server does that is restarted: the callers have to ask again."""
        for watchers in self._subscriptions.values():
            for subscription in watchers:
                subscription.ended = True
                subscription.wake()

    def _cut_off(self) -> None:
        """Changes were forgotten before they were distributed: whoever watches has to begin anew."""
        for watchers in self._subscriptions.values():
            for subscription in watchers:
                subscription.lagging = True
                subscription.wake()

    async def run(self) -> None:
        """Distribute until cancelled; whoever watches when this fails has to begin anew."""
        try:
            while True:
                await self._store.wait(self.distributed)
                await asyncio.sleep(_GATHER_S)
                self._distribute()
        except Exception:
            # Begun again it goes on from here: who subscribes meanwhile misses nothing.
            self.distributed = self._store.revision
            self._cut_off()
            raise

    def _distribute(self) -> None:
        by_resource: dict[str, list[Change]] = defaultdict(list)
        seen = self.distributed
        try:
            for change in self._store.since(seen):
                by_resource[change.resource].append(change)
                seen = change.revision
        except TooOld:
            seen = self._store.revision
            self._cut_off()
        for resource, changes in by_resource.items():
            for subscription in tuple(self._subscriptions.get(resource, ())):
                subscription.offer(changes)
        self.distributed = seen
