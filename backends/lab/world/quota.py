"""The ResourceQuota controller: how much of each quota is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change
from backends.lab.quotas import QUOTAS, counted_resources, shown, usage_of
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.shapes import Key, is_deleting, key_of, with_status


class QuotaController(Controller):
    """Keeps the status of quotas; admission looks at the objects themselves."""

    name: ClassVar[str] = "resourcequota-controller"
    watches: ClassVar[tuple[str, ...]] = (
        QUOTAS, "pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "deployments.apps",
    )  # fmt: skip

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == QUOTAS:
            return (key_of_change(change),)
        quotas = self.index.in_namespace(QUOTAS, change.object["metadata"].get("namespace", ""))
        return tuple(key_of(each) for each in quotas if change.resource in counted_resources(each))

    def reconcile(self, key: Key) -> None:
        quota = self.store.find(QUOTAS, *key)
        if quota is None or is_deleting(quota):
            return
        hard = (quota.get("spec") or {}).get("hard") or {}
        used = {name: shown(name, amount) for name, amount in usage_of(self.store, quota).items()}
        status = {"hard": hard, "used": used}
        if quota.get("status") != status:
            self.store.replace(QUOTAS, {**with_status(quota), "status": status}, owned=True)
