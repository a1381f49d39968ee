"""All objects of one simulated cluster, with one revision sequence and a bounded history, as etcd keeps them."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backends.lab.clock import LabClock, rfc3339

Object = dict[str, Any]
"""A Kubernetes object as JSON. Objects inside the store are never changed in place: they are replaced."""

UNCOUNTED = frozenset(
    (
        *("pods", "nodes", "services", "namespaces", "persistentvolumes", "persistentvolumeclaims"),
        *("resourcequotas", "limitranges", "leases.coordination.k8s.io", "volumeattachments.storage.k8s.io"),
        *("horizontalpodautoscalers.autoscaling", "certificatesigningrequests.certificates.k8s.io"),
        *("csinodes.storage.k8s.io", "apiservices.apiregistration.k8s.io"),
    )
)
"""Resources with a spec whose changes the real server does not count in metadata.generation."""

_NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # apimachinery's rand.SafeEncodeString alphabet


def copy_json(value: Any) -> Any:
    """Return a deep copy of a JSON value; several times quicker than copy.deepcopy, which knows any type."""
    if isinstance(value, dict):
        return {key: copy_json(each) if isinstance(each, dict | list) else each for key, each in value.items()}
    if isinstance(value, list):
        return [copy_json(each) if isinstance(each, dict | list) else each for each in value]
    return value


class NoSuchObject(KeyError):
    """There is no object of that resource, namespace and name."""


class ObjectExists(ValueError):
    """An object of that name exists already."""


class VersionConflict(ValueError):
    """The object was changed since the caller read it."""


class TooOld(ValueError):
    """The asked revision is no longer in the history; `oldest` is the first one that is."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")
        self.asked = asked
        self.oldest = oldest


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `type` is ADDED, MODIFIED or DELETED; `before` is the object it replaced, None for ADDED."""

    revision: int
    type: str
    resource: str
    namespace: str
    object: Object
    before: Object | None


class ObjectStore:
    """Objects by full resource name (`pods`, `deployments.apps`), namespace ("" when cluster-wide) and name.

    Reads return the stored objects themselves: treat them as frozen. Writes bump the one revision, stamp it
    into `metadata.resourceVersion`, go into the history, and wake all watchers.
    """

    def __init__(self, clock: LabClock, rng: random.Random, history: int = 20_000, first_revision: int = 1000) -> None:
        self.clock = clock
        self.rng = rng
        self.revision = first_revision
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._history: deque[Change] = deque(maxlen=history)
        self._compacted = first_revision
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Change], None]] = []

    # reading

    def get(self, resource: str, namespace: str, name: str) -> Object:
        """Return one object; NoSuchObject when it is not there."""
        try:
            return self._objects[resource][namespace, name]
        except KeyError:
            raise NoSuchObject(f'{resource} "{name}" not found') from None

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        """Return one object or None."""
        return self._objects.get(resource, {}).get((namespace, name))

    def listing(self, resource: str, namespace: str | None = None) -> list[Object]:
        """Return the objects of a resource, of one namespace or (None) of all, in key order as etcd does."""
        found = self._objects.get(resource, {})
        keys = found if namespace is None else (key for key in found if key[0] == namespace)
        return [found[key] for key in sorted(keys)]

    def each(self, resource: str) -> Iterator[Object]:
        """Return all objects of a resource in no particular order, for controllers."""
        return iter(list(self._objects.get(resource, {}).values()))

    def resources(self) -> list[str]:
        """Return the full names of the resources that hold, or once held, an object."""
        return list(self._objects)

    def count(self, resource: str) -> int:
        """Return how many objects of a resource there are, without building a list."""
        return len(self._objects.get(resource, {}))

    # writing

    def create(self, resource: str, obj: Object, *, owned: bool = False) -> Object:
        """Store a new object; fills name (from generateName), uid, creationTimestamp, generation and revision.

        `owned` gives the object itself away instead of a copy: its metadata is changed, deeper parts may be
        shared with other stored objects (none is ever changed in place).
        """
        if not owned:
            obj = copy_json(obj)
        meta = obj.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + self.suffix()
        key = (meta.get("namespace", ""), meta["name"])
        held = self._objects.setdefault(resource, {})
        if key in held:
            raise ObjectExists(f'{resource} "{meta["name"]}" already exists')
        meta["uid"] = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        meta.setdefault("creationTimestamp", rfc3339(self.clock.now()))
        if "spec" in obj and resource not in UNCOUNTED:
            meta["generation"] = 1
        return self._write("ADDED", resource, key, obj, None)

    def replace(
        self,
        resource: str,
        obj: Object,
        expect_revision: str | None = None,
        *,
        owned: bool = False,
        keep_generation: bool = True,
    ) -> Object:
        """Store a changed object, given whole; identity fields are kept from the stored one.

        `generation` grows when the spec changed. The same content again writes nothing, as the real server.
        Raises VersionConflict when `expect_revision` is given and is not the stored one. `owned` gives the
        object and its metadata away instead of a copy; deeper parts may be shared with the stored one. Without
        `keep_generation` the object's own is stored: a deletion counts as a change of what is wanted.
        """
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        before = self.get(resource, *key)
        old = before["metadata"]
        if expect_revision and expect_revision != old["resourceVersion"]:
            raise VersionConflict(f'{resource} "{meta["name"]}" has been modified')
        if not owned:
            obj = copy_json(obj)
        meta = obj["metadata"]
        for identity in ("uid", "creationTimestamp", "generation", "resourceVersion"):
            if identity in old and (keep_generation or identity != "generation"):
                meta[identity] = old[identity]
        if obj == before:
            return before
        if obj.get("spec") != before.get("spec") and "generation" in old:
            meta["generation"] = old["generation"] + 1
        return self._write("MODIFIED", resource, key, obj, before)

    def preview(self, resource: str, obj: Object) -> Object:
        """Return a private copy as `replace` would store it, without storing it: for dry runs."""
        meta = obj["metadata"]
        before = self.get(resource, meta.get("namespace", ""), meta["name"])
        shown: Object = copy_json(obj)
        shown["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
        if obj.get("spec") != before.get("spec") and "generation" in before["metadata"]:
            shown["metadata"]["generation"] = before["metadata"]["generation"] + 1
        return shown

    def change(self, resource: str, namespace: str, name: str, edit: Callable[[Object], None]) -> Object:
        """Apply `edit` to a private copy and store it; the way controllers write."""
        obj = copy_json(self.get(resource, namespace, name))
        edit(obj)
        return self.replace(resource, obj, owned=True)

    def remove(self, resource: str, namespace: str, name: str) -> Object:
        """Take an object out for good (graceful deletion and finalizers are the API's and the kubelet's)."""
        before = self.get(resource, namespace, name)
        del self._objects[resource][namespace, name]
        last = {**before, "metadata": dict(before["metadata"])}
        return self._write("DELETED", resource, None, last, before, namespace)

    def suffix(self, length: int = 5) -> str:
        """Return a random name suffix in Kubernetes' alphabet."""
        return "".join(self.rng.choices(_NAME_ALPHABET, k=length))

    def _write(
        self,
        change: str,
        resource: str,
        key: tuple[str, str] | None,
        obj: Object,
        before: Object | None,
        namespace: str = "",
    ) -> Object:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        if key is not None:
            self._objects[resource][key] = obj
            namespace = key[0]
        if len(self._history) == self._history.maxlen:
            self._compacted = self._history[0].revision
        made = Change(self.revision, change, resource, namespace, obj, before)
        self._history.append(made)
        self._changed.set()
        self._changed = asyncio.Event()
        for listener in self._listeners:
            listener(made)
        return obj

    # watching

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` with every write, before the write returns: for indexes. It must not write itself."""
        self._listeners.append(listener)

    def compact(self) -> None:
        """Forget the whole history: every watch that resumes from before now gets TooOld (the 410 storm)."""
        self._history.clear()
        self._compacted = self.revision

    def since(self, revision: int) -> list[Change]:
        """Return every change after `revision`, oldest first; TooOld when some are forgotten."""
        if revision < self._compacted:
            raise TooOld(revision, self._compacted)
        if revision >= self.revision:
            return []
        history = self._history
        found = []
        for change in reversed(history):
            if change.revision <= revision:
                break
            found.append(change)
        found.reverse()
        return found

    async def wait(self, revision: int) -> None:
        """Return when there is a change after `revision`."""
        while self.revision <= revision:
            await self._changed.wait()
