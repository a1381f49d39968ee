"""The ConfigMap `kube-root-ca.crt` of every namespace, by which pods know the API server, as 1.20 and newer make it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.shapes import Key, is_deleting, new_object

_RESOURCE, _NAME = "configmaps", "kube-root-ca.crt"
_SINCE_MINOR = 20


class RootCertificates(Controller):
    """Makes it, and makes it again when somebody changes or deletes it; nothing before `publish` was called."""

    name: ClassVar[str] = "root-ca-certificate-publisher"
    watches: ClassVar[tuple[str, ...]] = ("namespaces", _RESOURCE)

    def __init__(self, cluster: Cluster) -> None:
        self._data: dict[str, str] = {}
        super().__init__(cluster)

    def publish(self, certificate: str) -> None:
        """Give every namespace this authority's certificate (PEM)."""
        if self.cluster.minor >= _SINCE_MINOR:
            self._data = {"ca.crt": certificate}
            for namespace in self.store.each("namespaces"):
                self.cluster.driver.enqueue(self, ("", namespace["metadata"]["name"]))

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "namespaces":
            return (key_of_change(change),)
        return (("", change.namespace),) if change.object["metadata"]["name"] == _NAME else ()

    def reconcile(self, key: Key) -> None:
        namespace = self.store.find("namespaces", *key)
        if not self._data or namespace is None or is_deleting(namespace):
            return
        found: Object | None = self.store.find(_RESOURCE, key[1], _NAME)
        if found is None:
            self.store.create(_RESOURCE, new_object(_RESOURCE, _NAME, key[1], data=self._data), owned=True)
        elif found.get("data") != self._data:
            self.store.replace(_RESOURCE, {**found, "data": self._data})
