"""Paged lists: what a continue token stands for, kept for a while so that all pages show one revision."""

from __future__ import annotations

import base64
import binascii
import time
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from backends.lab.kubernetes.statuses import bad_request, gone
from backends.lab.objects import Object

_KEPT = 64
_KEPT_S = 300.0  # etcd's compaction interval in a stock cluster

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, the token of the next one (empty at the end), and how many objects follow."""

    objects: list[Object]
    revision: int
    token: str
    remaining: int


@dataclass(frozen=True, slots=True)
class _Held:
    objects: list[Object]
    revision: int
    at: float


class Snapshots:
    """The lists that are being paged through; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._count = 0

    def first(self, what: str, objects: list[Object], revision: int, limit: int) -> Page:
        """Return the first page of a list and keep the rest, if there is one."""
        if not limit or len(objects) <= limit:
            return Page(objects, revision, "", 0)
        self._count += 1
        key = f"{what}#{self._count}"
        self._held[key] = _Held(objects, revision, time.monotonic())
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return self._page(key, self._held[key], 0, limit)

    def next(self, token: str, what: str, limit: int) -> Page:
        """Return the page a token stands for; 400 for nonsense, 410 when it is too old."""
        try:
            key, start = msgspec.json.decode(
                base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=tuple[str, int]
            )
        except (binascii.Error, msgspec.DecodeError, ValueError):
            why = "invalid character 'i' looking for beginning of value"
            raise bad_request(f"invalid continue token: continue key is not valid: {why}") from None
        held = self._held.get(key)
        if key.partition("#")[0] != what:
            raise bad_request("invalid continue token: continue key is not valid: it is of another collection")
        if held is None or time.monotonic() - held.at > _KEPT_S:
            raise gone(_TOO_OLD)
        return self._page(key, held, start, limit or len(held.objects))

    def forget(self) -> None:
        """Forget every list, as compaction does."""
        self._held.clear()

    def _page(self, key: str, held: _Held, start: int, limit: int) -> Page:
        end = start + limit
        remaining = max(0, len(held.objects) - end)
        token = ""
        if remaining:
            token = base64.urlsafe_b64encode(msgspec.json.encode((key, end))).decode().rstrip("=")
        return Page(held.objects[start:end], held.revision, token, remaining)
