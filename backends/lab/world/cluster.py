"""What every controller of one simulated cluster shares, and the base they stand on."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import ClassVar

from backends.lab.clock import LabClock, rfc3339
from backends.lab.objects import Change, Object, ObjectStore
from backends.lab.world.driver import Driver
from backends.lab.world.events import EventRecorder
from backends.lab.world.index import ClusterIndex
from backends.lab.world.pods import is_ready
from backends.lab.world.shapes import Key, is_deleting, with_metadata


class Cluster:
    """One simulated cluster: its store, clock, dice, driver, index, and events.

    `minor` is the Kubernetes minor version (20 for v1.20.2): event wordings differ by it.
    """

    def __init__(self, name: str, store: ObjectStore, clock: LabClock, rng: random.Random, version: str) -> None:
        self.name = name
        self.store = store
        self.clock = clock
        self.rng = rng
        self.version = version
        self.minor = int(version.split(".")[1])
        self.driver = Driver(clock)
        self.index = ClusterIndex(store)
        self.events = EventRecorder(store, clock)
        self._watching: dict[str, list[Controller]] = {}
        store.listen(self._follow)

    @property
    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return self.clock.now()

    def adopt_version(self, version: str) -> None:
        """Be of another Kubernetes version from now on: its control plane was upgraded."""
        self.version = version
        self.minor = int(version.split(".")[1])

    def attach(self, controller: Controller) -> None:
        """Let a controller hear of changes; what exists already is queued as if it were new."""
        for resource in controller.watches:
            self._watching.setdefault(resource, []).append(controller)
            for obj in self.store.each(resource):
                found = Change(0, "ADDED", resource, obj["metadata"].get("namespace", ""), obj, None)
                for key in controller.notice(found):
                    self.driver.enqueue(controller, key)

    def delete_pod(self, pod: Object, grace_s: float | None = None) -> None:
        """Ask for a pod's end: graceful when a node runs it, at once when none does."""
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        grace_s = float(pod["spec"].get("terminationGracePeriodSeconds", 30)) if grace_s is None else grace_s
        finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        if not pod["spec"].get("nodeName") or grace_s <= 0 or finished:
            self.store.remove("pods", namespace, name)
        elif not is_deleting(pod):
            at = rfc3339(self.now + grace_s)
            gone = with_metadata(pod, deletionTimestamp=at, deletionGracePeriodSeconds=int(grace_s))
            self.store.replace("pods", gone, owned=True)

    def _follow(self, change: Change) -> None:
        self.index.apply(change)
        watching = self._watching.get(change.resource)
        if not watching or (change.resource == "pods" and not _matters(change)):
            return
        for controller in watching:
            for key in controller.notice(change):
                self.driver.enqueue(controller, key)


class Controller:
    """Base of the controllers: hears of changes to what it `watches`, names keys to look at, and looks at them."""

    name: ClassVar[str] = ""
    """The component in its events, such as deployment-controller."""
    watches: ClassVar[tuple[str, ...]] = ()

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.store = cluster.store
        self.index = cluster.index
        cluster.attach(self)

    def notice(self, change: Change) -> Iterable[Key]:
        """Name the keys a change makes worth looking at; must be quick and must not write."""
        return (key_of_change(change),)

    def reconcile(self, key: Key) -> None:
        """Bring one object a step nearer to what it should be."""
        raise NotImplementedError

    def record(self, obj: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """Write an event about an object."""
        self.cluster.events.record(obj, "Warning" if warning else "Normal", reason, message, self.name)

    def again(self, delay_s: float, key: Key) -> None:
        """Look at a key again after simulated seconds."""
        self.cluster.driver.enqueue_after(delay_s, self, key)


def key_of_change(change: Change) -> Key:
    """Return the key of the changed object."""
    meta = change.object["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _matters(change: Change) -> bool:
    """Return whether a change of a pod is one that controllers act on, not only a counter or a probe time."""
    before, after = change.before, change.object
    if before is None or change.type == "DELETED":
        return True
    return _facets(before) != _facets(after)


def _facets(pod: Object) -> tuple[object, ...]:
    meta, status = pod["metadata"], pod.get("status") or {}
    return (
        status.get("phase"),
        is_ready(pod),
        meta.get("deletionTimestamp"),
        pod["spec"].get("nodeName"),
        status.get("podIP"),
        meta.get("labels"),
        meta.get("ownerReferences"),
        pod["spec"]["containers"],
    )
