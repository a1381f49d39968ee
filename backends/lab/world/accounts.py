"""The service account `default` that every namespace has, and gets again when somebody deletes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.shapes import Key, is_deleting, new_object

_RESOURCE = "serviceaccounts"


class DefaultAccounts(Controller):
    """Makes the account `default` of namespaces that are not going away."""

    name: ClassVar[str] = "service-account-controller"
    watches: ClassVar[tuple[str, ...]] = ("namespaces", _RESOURCE)

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "namespaces":
            return (key_of_change(change),)
        return (("", change.namespace),) if change.type == "DELETED" else ()

    def reconcile(self, key: Key) -> None:
        namespace = self.store.find("namespaces", *key)
        if namespace is None or is_deleting(namespace) or self.store.find(_RESOURCE, key[1], "default"):
            return
        self.store.create(_RESOURCE, new_object(_RESOURCE, "default", key[1]), owned=True)
