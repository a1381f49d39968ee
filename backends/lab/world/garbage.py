"""What is left behind: dependents of deleted owners, orphans, foreground deletions, and namespaces that end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.clock import rfc3339
from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.shapes import Key, is_deleting, key_of, new_object, with_metadata

_UNOWNED = ("events", "endpoints", "leases.coordination.k8s.io")


class GarbageCollector:
    """Deletes dependents after (or, in the foreground, before) their owner, for every resource."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._store = cluster.store
        cluster.store.listen(self._hear)

    def reconcile(self, key: Key) -> None:
        """Look at an owner's dependents; `key` is ("gone", uid) or (RESOURCE/NAMESPACE/NAME, uid) while it ends."""
        kind, uid = key
        dependents = self._cluster.index.dependents(uid)
        if kind == "gone":
            for resource, obj in dependents:
                self._drop_owner(resource, obj, uid)
            return
        resource, namespace, name = kind.split("/", 2)
        owner = self._store.find(resource, namespace, name)
        if owner is None or owner["metadata"]["uid"] != uid:
            return
        finalizers = owner["metadata"].get("finalizers") or []
        if "orphan" in finalizers:
            for each, obj in dependents:
                self._orphan(each, obj, uid)
            self._finish(resource, owner, "orphan")
        elif "foregroundDeletion" in finalizers:
            blocking = [(each, obj) for each, obj in dependents if _blocks(obj, uid)]
            for each, obj in blocking:
                self._delete(each, obj, foreground=True)
            if not blocking:
                self._finish(resource, owner, "foregroundDeletion")
            else:
                self._cluster.driver.enqueue_after(1.0, self, key)

    def _hear(self, change: Change) -> None:
        if change.resource in _UNOWNED:
            return
        uid = change.object["metadata"]["uid"]
        if change.type == "DELETED":
            if self._cluster.index.dependents(uid):
                self._cluster.driver.enqueue(self, ("gone", uid))
        elif is_deleting(change.object) and change.object["metadata"].get("finalizers"):
            namespace, name = key_of(change.object)
            self._cluster.driver.enqueue(self, (f"{change.resource}/{namespace}/{name}", uid))

    def _drop_owner(self, resource: str, obj: Object, uid: str) -> None:
        others = [each for each in obj["metadata"]["ownerReferences"] if each["uid"] != uid]
        if others:
            self._store.replace(resource, with_metadata(obj, ownerReferences=others), owned=True)
        else:
            self._delete(resource, obj)

    def _orphan(self, resource: str, obj: Object, uid: str) -> None:
        others = [each for each in obj["metadata"]["ownerReferences"] if each["uid"] != uid]
        self._store.replace(resource, with_metadata(obj, ownerReferences=others or None), owned=True)

    def _delete(self, resource: str, obj: Object, *, foreground: bool = False) -> None:
        namespace, name = key_of(obj)
        if resource == "pods":
            self._cluster.delete_pod(obj)
        elif foreground and self._cluster.index.dependents(obj["metadata"]["uid"]):
            if not is_deleting(obj):
                from_now = with_metadata(
                    obj,
                    deletionTimestamp=stamp(self._cluster),
                    deletionGracePeriodSeconds=0,
                    finalizers=[*(obj["metadata"].get("finalizers") or ()), "foregroundDeletion"],
                )
                self._store.replace(resource, from_now, owned=True)
        elif obj["metadata"].get("finalizers"):
            if not is_deleting(obj):
                self._store.replace(resource, with_metadata(obj, deletionTimestamp=stamp(self._cluster)), owned=True)
        else:
            self._store.remove(resource, namespace, name)

    def _finish(self, resource: str, owner: Object, finalizer: str) -> None:
        left = [each for each in owner["metadata"].get("finalizers") or () if each != finalizer]
        namespace, name = key_of(owner)
        if left:
            self._store.replace(resource, with_metadata(owner, finalizers=left), owned=True)
        else:
            self._store.remove(resource, namespace, name)


class Namespaces(Controller):
    """Empties a namespace that is being deleted, then lets it go; gives new ones what every namespace has."""

    name: ClassVar[str] = "namespace-controller"
    watches: ClassVar[tuple[str, ...]] = ("namespaces",)

    def notice(self, change: Change) -> Iterable[Key]:
        if change.type == "DELETED":
            return ()
        return (key_of_change(change),)

    def reconcile(self, key: Key) -> None:
        namespace = self.store.find("namespaces", *key)
        if namespace is None:
            return
        name = key[1]
        if not is_deleting(namespace):
            if self.store.find("serviceaccounts", name, "default") is None:
                self.store.create("serviceaccounts", new_object("serviceaccounts", "default", name), owned=True)
            return
        left = False
        for resource in self.store.resources():
            for obj in self.store.listing(resource, name) if resource != "namespaces" else ():
                if resource == "pods":
                    left = True
                    self.cluster.delete_pod(obj)
                else:
                    self.store.remove(resource, *key_of(obj))
        if left:
            self.again(1.0, key)
        else:
            self.store.remove("namespaces", *key)


def stamp(cluster: Cluster) -> str:
    """Return the cluster's time as metav1.Time."""
    return rfc3339(cluster.now)


def _blocks(obj: Object, uid: str) -> bool:
    return any(
        each["uid"] == uid and each.get("blockOwnerDeletion") for each in obj["metadata"].get("ownerReferences") or ()
    )
