"""Which resources one server serves now: the catalog of its version and the custom ones its CRDs define."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.catalog import Group, Resource, Subresource
from backends.lab.objects import ObjectStore

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class Served:
    """The catalog plus custom resources; cheap to ask, it looks again only when a CRD changed."""

    def __init__(self, store: ObjectStore, version: str) -> None:
        self._store = store
        self.version = version
        self._seen: tuple[str, ...] = ()
        self._custom: dict[tuple[str, str, str], Resource] = {}
        self._preferred: dict[str, str] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource at a path, or None."""
        found = catalog.find(self.version, group, version, plural)
        return found or self._refreshed().get((group, version, plural))

    def resources(self) -> tuple[Resource, ...]:
        """Return everything served, catalog first."""
        return (*catalog.resources(self.version), *self._refreshed().values())

    def groups(self) -> tuple[Group, ...]:
        """Return every named group, catalog first."""
        known = list(catalog.groups(self.version))
        custom: dict[str, list[str]] = {}
        for group, version, _ in self._refreshed():
            versions = custom.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return (*known, *(Group(name, tuple(versions)) for name, versions in custom.items()))

    def stored_as(self, resource: Resource) -> Resource:
        """Return the resource in whose version the store keeps the objects of this one."""
        if preferred := self._preferred.get(resource.storage):
            return self._custom.get((resource.group, preferred, resource.plural), resource)
        return catalog.preferred(self.version, resource.storage) or resource

    def is_custom(self, resource: Resource) -> bool:
        """Tell whether a CRD defines it."""
        return resource.storage in self._preferred

    def printer_columns(self, resource: Resource) -> list[dict[str, Any]] | None:
        """Return additionalPrinterColumns of a custom resource's version, None when it has none or is built in."""
        definition = self._store.find(CRDS, "", resource.full_name)
        if definition is None:
            return None
        for version in definition["spec"].get("versions", ()):
            if version["name"] == resource.version:
                return version.get("additionalPrinterColumns") or None
        return None

    def _refreshed(self) -> dict[tuple[str, str, str], Resource]:
        definitions = self._store.listing(CRDS)
        seen = tuple(each["metadata"]["resourceVersion"] for each in definitions)
        if seen != self._seen:
            self._seen = seen
            self._custom = {}
            self._preferred = {}
            for definition in definitions:
                self._add(definition)
        return self._custom

    def _add(self, definition: dict[str, Any]) -> None:
        spec, names = definition["spec"], definition["spec"]["names"]
        for version in spec.get("versions", ()):
            if not version.get("served", True):
                continue
            subresources = version.get("subresources") or {}
            own = []
            if "status" in subresources:
                own.append(Subresource("status", names["kind"], ("get", "patch", "update")))
            if "scale" in subresources:
                own.append(Subresource("scale", "Scale", ("get", "patch", "update"), "autoscaling", "v1"))
            resource = Resource(
                group=spec["group"],
                version=version["name"],
                plural=names["plural"],
                singular=names.get("singular") or names["kind"].lower(),
                kind=names["kind"],
                short_names=tuple(names.get("shortNames") or ()),
                namespaced=spec.get("scope") == "Namespaced",
                verbs=_VERBS,
                categories=tuple(names.get("categories") or ()),
                subresources=tuple(own),
                storage=f"{names['plural']}.{spec['group']}",
            )
            self._custom[resource.group, resource.version, resource.plural] = resource
            if version.get("storage") or resource.storage not in self._preferred:
                self._preferred[resource.storage] = resource.version
