"""One stamp's API as far as the team lock sees it: Leases with versions, shared by every console of a test."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from typing import Any

from backends.errors import Conflict, NotFound, Unreachable
from tests.support.fakes import FakeCluster


class LeaseApi:
    """What one API keeps; `view` gives each console its own way to it."""

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.leases: dict[str, dict[str, Any]] = {}
        self.version = 0

    def view(self) -> LeaseView:
        """Return a console's way to this API."""
        return LeaseView(self)

    def holder(self, name: str) -> str:
        """Return who holds a Lease, empty when nobody does."""
        return str(self.leases.get(name, {}).get("spec", {}).get("holderIdentity", ""))

    def store(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        kept = copy.deepcopy(body)
        kept["metadata"]["resourceVersion"] = str(self.version)
        self.leases[name] = kept
        return copy.deepcopy(kept)


class LeaseView(FakeCluster):
    """Implements what the lock needs of a ClusterWriter.

    `dead`: every call fails. `hangs`: no call is answered. `mute`: writes are done, their answers lost.
    """

    def __init__(self, api: LeaseApi) -> None:
        super().__init__(api.stamp)
        self.api = api
        self.dead = self.hangs = self.mute = False
        self.writes = 0

    async def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        await self._reach()
        return copy.deepcopy(self._found(name))

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[dict[str, Any]]:
        await self._reach()
        return copy.deepcopy(list(self.api.leases.values()))

    async def create(self, kind: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        await self._reach()
        name = body["metadata"]["name"]
        if name in self.api.leases:
            raise Conflict("cannot create lease", why=f'leases "{name}" already exists', stamp=self.api.stamp)
        return self._done(name, body)

    async def replace(self, kind: str, name: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        await self._reach()
        found = self._found(name)
        if body["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
            raise Conflict("cannot replace lease", why="the object has been modified", stamp=self.api.stamp)
        return self._done(name, body)

    async def patch(self, kind: str, name: str, body: object, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def delete(self, kind: str, name: str, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        raise NotImplementedError

    def _done(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.writes += 1
        kept = self.api.store(name, body)
        if self.mute:
            raise Unreachable("cannot write", why="cut off; whether it was done is not known", stamp=self.api.stamp)
        return kept

    def _found(self, name: str) -> dict[str, Any]:
        found = self.api.leases.get(name)
        if found is None:
            raise NotFound("cannot read lease", why=f'leases "{name}" not found', stamp=self.api.stamp)
        return found

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.dead:
            raise Unreachable("cannot ask", why="connection refused", stamp=self.api.stamp)
