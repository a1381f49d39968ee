"""A cluster a test writes the objects of, that takes writes and remembers them."""

from __future__ import annotations

import copy
from typing import Any

from backends.errors import Conflict, NotFound
from backends.model.stamp import Stamp
from backends.operations.ports import KubernetesObject, PatchKind
from tests.support.fakes import FakeCluster


class FakeWriter(FakeCluster):
    """Implements ClusterWriter on `objects`; every write that was kept is in `writes`, in its order.

    `failing` maps `create`, `replace`, `patch`, `delete` and `evict` to what they raise too; `failing_once`
    raises only the first time. `answer_lost` does the write and raises what it holds instead of answering.
    Merge and strategic patches are merged as JSON (RFC 7386).
    """

    def __init__(self, stamp: Stamp | str) -> None:
        super().__init__(stamp)
        self.writes: list[tuple[Any, ...]] = []
        self.dry_runs: list[tuple[Any, ...]] = []
        self.failing_once: dict[str, Exception] = {}
        self.answer_lost: Exception | None = None
        self._versions = 100

    def put(self, kind: str, obj: KubernetesObject) -> KubernetesObject:
        """Keep an object as if another had written it."""
        metadata = obj["metadata"]
        self._versions += 1
        kept = {**obj, "metadata": {"uid": f"uid-{metadata['name']}", **metadata, "resourceVersion": self._version()}}
        self.objects[kind, metadata.get("namespace") or "", metadata["name"]] = kept
        return kept

    async def create(
        self,
        kind: str,
        body: KubernetesObject,
        *,
        namespace: str | None = None,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        await self._write("create", dry_run, kind, name or body["metadata"]["name"], namespace, subresource)
        metadata = {**body.get("metadata", {}), **({"namespace": namespace} if namespace else {})}
        made = {**copy.deepcopy(body), "metadata": metadata}
        if not dry_run and not subresource:
            made = self.put(kind, made)
        return self._answer(dry_run, made)

    async def replace(
        self,
        kind: str,
        name: str,
        body: KubernetesObject,
        *,
        namespace: str | None = None,
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        await self._write("replace", dry_run, kind, name, namespace, subresource)
        before = self._existing(kind, name, namespace)
        version = body["metadata"].get("resourceVersion")
        if version and version != before["metadata"]["resourceVersion"]:
            raise Conflict(f"cannot replace {name}", why="the object has been modified", stamp=self.stamp.name)
        after = {**before, "spec": {**before["spec"], **body["spec"]}} if subresource else copy.deepcopy(body)
        if not dry_run:
            self.put(kind, after)
        return self._answer(dry_run, body if subresource else after)

    async def patch(
        self,
        kind: str,
        name: str,
        body: object,
        *,
        namespace: str | None = None,
        patch: PatchKind = PatchKind.STRATEGIC,
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        await self._write("patch", dry_run, kind, name, namespace, subresource)
        after = _merged(self._existing(kind, name, namespace), body)
        if not dry_run:
            after = self.put(kind, after)
        return self._answer(dry_run, after)

    async def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: str = "Background",
        grace_s: int | None = None,
        uid: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        await self._write("delete", dry_run, kind, name, namespace, "")
        found = self._existing(kind, name, namespace)
        if uid and found["metadata"].get("uid") != uid:
            raise Conflict(f"cannot delete {name}", why="the uid is another", stamp=self.stamp.name)
        if not dry_run:
            del self.objects[kind, namespace or "", name]
        return self._answer(dry_run, found)

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        await self._write("evict", dry_run, "pods", pod, namespace, "eviction")
        self._existing("pods", pod, namespace)
        if not dry_run:
            del self.objects["pods", namespace, pod]
        self._answer(dry_run, {})

    def _existing(self, kind: str, name: str, namespace: str | None) -> KubernetesObject:
        found = self.objects.get((kind, namespace or "", name))
        if found is None:
            raise NotFound(f"{kind}/{name}", why="not found", stamp=self.stamp.name)
        return found

    async def _write(
        self, call: str, dry_run: bool, kind: str, name: str, namespace: str | None, subresource: str
    ) -> None:
        await self._called(call, kind, name, namespace, dry_run)
        if not dry_run and call in self.failing_once:
            raise self.failing_once.pop(call)
        listed = self.dry_runs if dry_run else self.writes
        listed.append((call, kind, name, namespace, subresource))

    def _answer(self, dry_run: bool, obj: KubernetesObject) -> KubernetesObject:
        if not dry_run and self.answer_lost is not None:
            raise self.answer_lost
        return copy.deepcopy(obj)

    def _version(self) -> str:
        return str(self._versions)


def _merged(before: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(before, dict):
        return copy.deepcopy(patch)
    after = {key: value for key, value in before.items() if patch.get(key, value) is not None}
    return after | {key: _merged(before.get(key, {}), value) for key, value in patch.items() if value is not None}
