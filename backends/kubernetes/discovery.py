"""Which kinds a server offers: aggregated discovery where served (1.26 and newer), else group by group.

One group that fails (an aggregated API whose server is gone) never hides the others. Formats: apidiscovery.k8s.io
v2 and v2beta1 APIGroupDiscoveryList; metav1 APIGroupList and APIResourceList.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from backends.errors import NotFound, SourceError, Unreachable
from backends.kubernetes.connection import Connection
from backends.kubernetes.single_flight import SingleFlight
from backends.model.kinds import ResourceKind, find_kind

_ACCEPT = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_ACCEPT_EITHER = f"{_ACCEPT},application/json"
_DOING = "list the kinds of the API"


class _Names(msgspec.Struct, gc=False):
    """A resource in either form; the classic one calls it `name`, the aggregated one `resource`."""

    name: str = ""
    resource: str = ""
    kind: str = ""
    singular: str = msgspec.field(default="", name="singularName")
    singular_new: str = msgspec.field(default="", name="singularResource")
    namespaced: bool = False
    scope: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = msgspec.field(default=None, name="shortNames")
    subresources: list[_Subresource] | None = None
    response_kind: _Kind | None = msgspec.field(default=None, name="responseKind")


class _Subresource(msgspec.Struct, gc=False):
    subresource: str = ""


class _Kind(msgspec.Struct, gc=False):
    kind: str = ""


class _Version(msgspec.Struct, gc=False):
    version: str = ""
    resources: list[_Names] | None = None


class _GroupMetadata(msgspec.Struct, gc=False):
    name: str = ""


class _Group(msgspec.Struct, gc=False):
    """A group in either form; versions come in the server's order of preference, newest first."""

    metadata: _GroupMetadata | None = None
    name: str = ""
    versions: list[_Version] | None = None
    preferred: _Version | None = msgspec.field(default=None, name="preferredVersion")


class _Root(msgspec.Struct, gc=False):
    """What `/api` and `/apis` answer, in any of their forms."""

    kind: str = ""
    items: list[_Group] | None = None
    groups: list[_Group] | None = None
    versions: list[str] | None = None


class _Resources(msgspec.Struct, gc=False):
    resources: list[_Names] | None = None


_ROOT = msgspec.json.Decoder(_Root)
_RESOURCES = msgspec.json.Decoder(_Resources)


class Discovery:
    """The kinds of one server, asked once and kept; a name that is not found makes it ask again, now and then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kinds: tuple[ResourceKind, ...] | None = None
        self._asked_at = 0.0
        self._asking = SingleFlight(self._ask)

    @property
    def known(self) -> tuple[ResourceKind, ...]:
        """What was found so far, without asking."""
        return self._kinds or ()

    async def kinds(self, refresh: bool = False) -> tuple[ResourceKind, ...]:
        """Return every kind that can be listed, core first, each in its preferred version."""
        if self._kinds is None or refresh:
            return await self._asking.result()
        return self._kinds

    async def find(self, name: str) -> ResourceKind:
        """Return the kind kubectl would mean by `name`; NotFound when the server does not offer it."""
        found = find_kind(await self.kinds(), name)
        if found is None and self._is_old():
            found = find_kind(await self.kinds(refresh=True), name)
        if found is None:
            why = f"this stamp serves no kind named {name}"
            todo = "see `stampdeck get --kinds` or install its CustomResourceDefinition"
            raise NotFound(f"cannot find {name}", why=why, todo=todo, stamp=self._connection.stamp.name)
        return found

    def _is_old(self) -> bool:
        return self._connection.clock.monotonic() - self._asked_at > self._connection.timing.unserved_s / 2

    async def close(self) -> None:
        """Stop asking."""
        await self._asking.close()

    async def _ask(self) -> tuple[ResourceKind, ...]:
        core, named = await asyncio.gather(self._root("/api"), self._root("/apis"))
        found = [*await self._resolved(core, "/api"), *await self._resolved(named, "/apis")]
        self._kinds = tuple(_preferred(found))
        self._asked_at = self._connection.clock.monotonic()
        return self._kinds

    async def _root(self, path: str) -> _Root:
        return await self._connection.read(path, _ROOT, doing=_DOING, accept=_ACCEPT_EITHER)

    async def _resolved(self, root: _Root, path: str) -> list[ResourceKind]:
        if root.items is not None:
            return [kind for group in root.items for kind in _aggregated(group)]
        if root.versions is not None:
            wanted = [("", version, f"{path}/{version}") for version in root.versions]
        else:
            wanted = [
                (group.name, version, f"{path}/{group.name}/{version}")
                for group in root.groups or ()
                for version in _versions(group)
            ]
        lists = await asyncio.gather(*(self._resources(*each) for each in wanted))
        return [kind for listed in lists for kind in listed]

    async def _resources(self, group: str, version: str, path: str) -> list[ResourceKind]:
        try:
            listed = await self._connection.read(path, _RESOURCES, doing=_DOING)
        except Unreachable:
            raise
        except SourceError:
            return []
        return _classic(group, version, listed.resources or [])


def _versions(group: _Group) -> list[str]:
    listed = [each.version for each in group.versions or ()]
    first = group.preferred.version if group.preferred else ""
    return sorted(listed, key=lambda version: version != first)


def _aggregated(group: _Group) -> Iterable[ResourceKind]:
    name = group.metadata.name if group.metadata else ""
    for version in group.versions or ():
        for each in version.resources or ():
            yield ResourceKind(
                group=name,
                version=version.version,
                resource=each.resource,
                kind=each.response_kind.kind if each.response_kind else "",
                namespaced=each.scope == "Namespaced",
                singular=each.singular_new,
                short_names=tuple(each.short_names or ()),
                verbs=tuple(each.verbs or ()),
                subresources=tuple(part.subresource for part in each.subresources or ()),
            )


def _classic(group: str, version: str, resources: list[_Names]) -> list[ResourceKind]:
    parts: dict[str, list[str]] = {}
    for each in resources:
        whole, _, part = each.name.partition("/")
        if part:
            parts.setdefault(whole, []).append(part)
    return [
        ResourceKind(
            group=group,
            version=version,
            resource=each.name,
            kind=each.kind,
            namespaced=each.namespaced,
            singular=each.singular or each.kind.lower(),  # old servers leave it out for their own kinds
            short_names=tuple(each.short_names or ()),
            verbs=tuple(each.verbs or ()),
            subresources=tuple(parts.get(each.name, ())),
        )
        for each in resources
        if "/" not in each.name
    ]


def _preferred(kinds: Iterable[ResourceKind]) -> Iterable[ResourceKind]:
    """Yield each listable resource once: the first version that has it, as `kubectl api-resources` does."""
    seen: set[tuple[str, str]] = set()
    for kind in kinds:
        key = (kind.group, kind.resource)
        if key not in seen and "list" in kind.verbs:
            seen.add(key)
            yield kind
