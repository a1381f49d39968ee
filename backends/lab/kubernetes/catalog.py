"""Every resource the simulated API servers offer, as data: what discovery lists at each server version.

Source of the facts: the discovery documents of kube-apiserver 1.20.2, and the API deprecation guide of
Kubernetes for what came and went with which minor version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from backends.lab.kubernetes.catalog_entries import CORE_ENTRIES, GROUP_ENTRIES, SUBRESOURCES, Entry, SubEntry


@dataclass(frozen=True, slots=True)
class Subresource:
    """One path below an object; `group`/`version` say where its kind lives when that is another group."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as one group version serves it.

    `storage` is the ObjectStore's name of what is behind it: the same for all versions and views of one
    kind (`events` for both event APIs, `deployments.apps` for the old `extensions` one), empty for
    resources that store nothing (reviews, bindings, metrics).
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    short_names: tuple[str, ...]
    namespaced: bool
    verbs: tuple[str, ...]
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    storage: str = ""

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """`pods` or `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def list_kind(self) -> str:
        """The kind of a list of them, `PodList`."""
        return f"{self.kind}List"

    def subresource(self, name: str) -> Subresource | None:
        """Return the subresource of that name, or None."""
        return next((each for each in self.subresources if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Group:
    """One API group; versions are in the server's order of preference, the preferred one first."""

    name: str
    versions: tuple[str, ...]

    @property
    def preferred(self) -> str:
        """The version clients use when they do not ask for one."""
        return self.versions[0]


def minor_of(version: str) -> int:
    """Return 20 for `v1.20.2`; ValueError when it is not a version of Kubernetes 1."""
    found = re.match(r"v?1\.(\d+)", version)
    if not found:
        raise ValueError(f"server version {version!r} is not of the form 1.MINOR.PATCH")
    return int(found.group(1))


def resources(version: str) -> tuple[Resource, ...]:
    """Return what a server of that version serves: core first, then groups in the order of /apis."""
    return _resources(minor_of(version))


def groups(version: str) -> tuple[Group, ...]:
    """Return the named groups (core is not among them) in the order of /apis."""
    return _groups(minor_of(version))


def find(version: str, group: str, api_version: str, plural: str) -> Resource | None:
    """Return the resource at /apis/GROUP/VERSION/PLURAL (group empty: /api/v1), or None."""
    return _index(minor_of(version)).get((group, api_version, plural))


def preferred(version: str, storage: str) -> Resource | None:
    """Return the preferred served resource over a storage name: `deployments.apps` → apps/v1 Deployment."""
    return _preferred(minor_of(version)).get(storage)


def names_singulars(version: str) -> bool:
    """Tell whether discovery fills `singularName` (older servers leave it empty)."""
    return minor_of(version) >= 27


def serves_aggregated_discovery(version: str) -> bool:
    """Tell whether /api and /apis answer with APIGroupDiscoveryList when asked (on by default since 1.27)."""
    return minor_of(version) >= 27


def serves_openapi_v3(version: str) -> bool:
    """Tell whether /openapi/v3 is there (on by default since 1.24)."""
    return minor_of(version) >= 24


@lru_cache
def _resources(minor: int) -> tuple[Resource, ...]:
    found = [_resource("", "v1", entry, minor) for entry in CORE_ENTRIES if _in_window(entry.window, minor)]
    for group, versions in GROUP_ENTRIES:
        for version, entries in versions:
            found += [_resource(group, version, entry, minor) for entry in entries if _in_window(entry.window, minor)]
    return tuple(found)


@lru_cache
def _groups(minor: int) -> tuple[Group, ...]:
    versions: dict[str, list[str]] = {}
    for resource in _resources(minor):
        if resource.group and resource.version not in versions.setdefault(resource.group, []):
            versions[resource.group].append(resource.version)
    return tuple(Group(name, tuple(found)) for name, found in versions.items())


@lru_cache
def _index(minor: int) -> dict[tuple[str, str, str], Resource]:
    return {(each.group, each.version, each.plural): each for each in _resources(minor)}


@lru_cache
def _preferred(minor: int) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for resource in _resources(minor):
        if resource.storage and (resource.storage not in found or resource.full_name == resource.storage):
            held = found.get(resource.storage)
            if held is None or held.full_name != resource.storage:
                found[resource.storage] = resource
    return found


def _resource(group: str, version: str, entry: Entry, minor: int) -> Resource:
    subresources = tuple(
        _subresource(entry, name, minor) for name in entry.subresources if _in_window(SUBRESOURCES[name].window, minor)
    )
    plural = entry.plural
    own = f"{plural}.{group}" if group else plural
    verbs = (
        entry.verbs
        if minor >= entry.deletecollection_since
        else tuple(verb for verb in entry.verbs if verb != "deletecollection")
    )
    return Resource(
        group=group,
        version=version,
        plural=plural,
        singular=entry.kind.lower(),
        kind=entry.kind,
        short_names=entry.short_names,
        namespaced=entry.namespaced,
        verbs=verbs,
        categories=entry.categories,
        subresources=subresources,
        storage=own if entry.storage is None else entry.storage,
    )


def _subresource(entry: Entry, name: str, minor: int) -> Subresource:
    shape: SubEntry = SUBRESOURCES[name]
    version = shape.version
    if name == "eviction":
        version = "v1" if minor >= 22 else "v1beta1"
    return Subresource(name.rpartition(":")[2], shape.kind or entry.kind, shape.verbs, shape.group, version)


def _in_window(window: tuple[int, int], minor: int) -> bool:
    return window[0] <= minor <= window[1]
