"""The two ways a fact travels up: `Cell`, where the newest value wins, and `Feed`, where every item counts.

Both belong to one event loop; nothing here is thread-safe. Writers never wait for readers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Cell(Generic[T]):
    """One current value; a slow reader skips to the newest."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def value(self) -> T:
        """The newest value."""
        return self._value

    @property
    def version(self) -> int:
        """How many times the value was set; a cheap test for "anything new?"."""
        return self._version

    def set(self, value: T) -> None:
        """Replace the value and wake all readers; setting an equal value wakes nobody."""
        if value == self._value:
            return
        self._value = value
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncIterator[T]:
        """Yield the current value at once, then the newest value after each change."""
        while True:
            seen, changed = self._version, self._changed
            yield self._value
            if self._version == seen:
                await changed.wait()

    async def changed(self, since: int) -> int:
        """Wait until `version` differs from `since` and return it."""
        while self._version == since:
            await self._changed.wait()
        return self._version


class Batch(msgspec.Struct, Generic[T], frozen=True):
    """Items of a feed in order, the number of the first one, and how many were lost before it."""

    first: int
    items: tuple[T, ...]
    lost: int = 0

    @property
    def next(self) -> int:
        """The number to continue reading from."""
        return self.first + len(self.items)


class Feed(Generic[T]):
    """A numbered stream in a bounded ring: late readers replay what is kept and learn what was lost."""

    def __init__(self, capacity: int) -> None:
        self._ring: deque[T] = deque(maxlen=capacity)
        self._end = 0
        self._changed = asyncio.Event()

    @property
    def end(self) -> int:
        """The number the next item will get."""
        return self._end

    def append(self, *items: T) -> None:
        """Add items at the end and wake all readers."""
        self.extend(items)

    def extend(self, items: Iterable[T]) -> None:
        """Add many items with one wake-up."""
        before = self._end
        for item in items:
            self._ring.append(item)
            self._end += 1
        if self._end != before:
            self._changed.set()
            self._changed = asyncio.Event()

    def read(self, since: int = 0) -> Batch[T]:
        """Return everything kept from number `since` on, without waiting."""
        start = self._end - len(self._ring)
        first = max(since, start)
        kept = tuple(self._ring)[first - start :] if first < self._end else ()
        return Batch(first=min(first, self._end), items=kept, lost=max(0, start - since))

    async def follow(self, since: int = 0) -> AsyncIterator[Batch[T]]:
        """Yield batches of what is new, starting at number `since`, for as long as the reader asks."""
        while True:
            changed = self._changed
            batch = self.read(since)
            if batch.items:
                since = batch.next
                yield batch
            else:
                await changed.wait()
