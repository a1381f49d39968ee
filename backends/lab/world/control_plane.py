"""A cluster's control plane as a whole: up while enough masters are there, of the version all of them have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster


class ControlPlane:
    """Follows etcd: the API answers while more than half of the masters that ever joined are there.

    A cluster that never had a master of its own, such as one of a single node, always answers.
    """

    def __init__(self, cluster: Cluster, masters: Iterable[str]) -> None:
        self._cluster = cluster
        self._members = set(masters)
        self._up = set(self._members)
        self._has_masters = bool(self._members)
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_up(self) -> bool:
        """Whether the masters that are there are enough for the Kubernetes API to answer."""
        return not self._has_masters or len(self._up) * 2 > len(self._members)

    def listen(self, listener: Callable[[], None]) -> None:
        """Hear when it may have gone down, come up, or be of another version."""
        self._listeners.append(listener)

    def arrive(self, master: str) -> None:
        """A master serves from now on; one that never did becomes a member."""
        self._has_masters = True
        self._members.add(master)
        self._up.add(master)
        self._tell()

    def leave(self, master: str) -> None:
        """A master is down; it stays a member, whose data are on a disk of their own."""
        self._up.discard(master)
        self._tell()

    def forget_members(self) -> None:
        """Every disk of the masters is gone: the next master begins a new etcd."""
        self._members.clear()
        self._tell()

    def follow_versions(self) -> None:
        """Be of the oldest version the masters have, and let the addons follow."""
        nodes = (self._cluster.store.find("nodes", "", name) for name in self._up)
        versions = [node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes if node is not None]
        if not versions:
            return
        oldest = min(versions, key=lambda each: [int(part) for part in each.removeprefix("v").split(".")])
        if oldest != self._cluster.version:
            self._cluster.adopt_version(oldest)
            self._update_proxies(oldest)
            self._tell()

    def _update_proxies(self, version: str) -> None:
        if self._cluster.store.find("daemonsets.apps", "kube-system", "kube-proxy") is None:
            return

        def edit(workload: Object) -> None:
            for container in workload["spec"]["template"]["spec"]["containers"]:
                container["image"] = f"{container['image'].rpartition(':')[0]}:{version}"

        self._cluster.store.change("daemonsets.apps", "kube-system", "kube-proxy", edit)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
