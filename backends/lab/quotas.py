"""ResourceQuotas: what a namespace uses, and whether one more object fits, in the words of the admission plugin."""

from __future__ import annotations

from typing import Any

from backends.lab.objects import Object, ObjectStore
from backends.lab.quantities import quantity

QUOTAS = "resourcequotas"
_COUNTED = ("pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "replicationcontrollers", QUOTAS)
_AMOUNTS = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_UNITS = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


class QuotaExceeded(Exception):
    """An object does not fit; the text is what follows "is forbidden: " in the answer."""


def counted_resources(quota: Object) -> set[str]:
    """Return the store's names of the resources a quota counts."""
    return {resource for name in (quota.get("spec") or {}).get("hard") or {} if (resource := _resource(name))}


def check_quota(store: ObjectStore, resource: str, obj: Object, minor: int) -> None:
    """Raise QuotaExceeded when a new object does not fit into a quota of its namespace."""
    namespace = obj["metadata"].get("namespace", "")
    for quota in store.listing(QUOTAS, namespace) if namespace else ():
        hard = (quota.get("spec") or {}).get("hard") or {}
        asked = {name: _usage(name, resource, obj) for name in hard if _resource(name) == resource}
        title = quota["metadata"]["name"]
        if resource == "pods" and (missing := [name for name in sorted(asked) if _is_unsaid(name, obj)]):
            whom = f" for: {','.join(_names(obj))}" if minor >= 22 else ""
            told = ("; " if whom else ",").join(f"{name}{whom}" for name in missing)
            raise QuotaExceeded(f"failed quota: {title}: must specify {told}")
        used = usage_of(store, quota)
        limits = {name: quantity(str(hard[name])) + 1e-9 for name in asked}
        over = sorted(name for name in asked if asked[name] and used[name] + asked[name] > limits[name])
        if over:
            parts = (
                ("requested", {name: shown(name, asked[name]) for name in over}),
                ("used", {name: shown(name, used[name]) for name in over}),
                ("limited", {name: str(hard[name]) for name in over}),
            )
            listed = ", ".join(
                f"{word}: {','.join(f'{name}={values[name]}' for name in over)}" for word, values in parts
            )
            raise QuotaExceeded(f"exceeded quota: {title}, {listed}")


def usage_of(store: ObjectStore, quota: Object) -> dict[str, float]:
    """Return what is used of everything a quota limits."""
    namespace = quota["metadata"].get("namespace", "")
    used = {}
    for name in (quota.get("spec") or {}).get("hard") or {}:
        resource = _resource(name)
        objects = store.listing(resource, namespace) if resource else []
        used[name] = sum(_usage(name, resource, each) for each in objects)
    return used


def shown(name: str, amount: float) -> str:
    """Return an amount as a quantity: cores and thousandths, bytes in the largest unit that fits, or a number."""
    if "memory" in name or "storage" in name:
        unit = next(((text, size) for text, size in _UNITS if amount and amount % size == 0), ("", 1))
        return f"{int(amount // unit[1])}{unit[0]}"
    thousandths = round(amount * 1000)
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"


def _resource(name: str) -> str:
    if name in _COUNTED:
        return name
    if name.startswith("count/"):
        return name.removeprefix("count/")
    return "pods" if _amount(name) else ""


def _amount(name: str) -> str:
    """Return `requests.cpu` for itself and for its short name `cpu`."""
    full = f"requests.{name}" if name in ("cpu", "memory") else name
    return full if full in _AMOUNTS else ""


def _usage(name: str, resource: str, obj: Object) -> float:
    if resource == "pods" and (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0.0
    amount = _amount(name)
    if not amount:
        return 1.0
    kind, _, what = amount.partition(".")
    return sum(quantity(str(each[what])) for each in _resources(obj, kind) if what in each)


def _is_unsaid(name: str, pod: Object) -> bool:
    kind, _, what = _amount(name).partition(".")
    return bool(what) and any(what not in each for each in _resources(pod, kind))


def _resources(pod: Object, kind: str) -> list[dict[str, Any]]:
    return [((each.get("resources") or {}).get(kind)) or {} for each in pod["spec"].get("containers") or ()]


def _names(pod: Object) -> list[str]:
    return [each["name"] for each in pod["spec"].get("containers") or ()]
