"""Writing to one stamp's API: create, replace, patch, delete and evict, each sent once, each failure told apart.

Sources: Kubernetes API conventions and reference ("Dry run", "Patch", "DeleteOptions", "Eviction"); RFC 7234, 5.5, for
`Warning` headers.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import msgspec

from backends.errors import Invalid, Malformed, NotFound, ServerFailed, SourceError, Throttled, Unreachable
from backends.kubernetes import failures
from backends.kubernetes.calls import JSON
from backends.kubernetes.connection import Connection
from backends.model.kinds import ResourceKind
from backends.model.server_warnings import tell_warning

FIELD_MANAGER = "stampdeck"
"""Whom the server notes as owner of the fields we write."""

_STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_UNKNOWN = "whether it was done is not known"
_UNKNOWN_TODO = "look at the object before you try again"


class _Resource(msgspec.Struct):
    name: str = ""
    group: str = ""
    version: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] | None = None


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_RESOURCES = msgspec.json.Decoder(_Resources)


class Writing(ABC):
    """The writing half of a cluster; every call raises only `backends.errors.SourceError`.

    A write is sent once. When no answer came, Unreachable says in its `why` whether nothing was sent or whether
    the outcome is not known. Warnings of the server are told to `backends.model.server_warnings`.
    """

    connection: Connection
    _evictions: str = ""
    """The apiVersion of evictions here, once asked."""

    @abstractmethod
    async def find(self, kind: str) -> ResourceKind:
        """Return the kind kubectl would mean by a name; NotFound when the server does not offer it."""

    async def create(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        namespace: str | None = None,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """POST an object, or a subresource of the named one; Conflict when the name is taken."""
        found = _served(await self.find(kind), body, subresource)
        if not subresource:
            body = {"apiVersion": found.api_version, "kind": found.kind} | body
        metadata = body.get("metadata") or {}
        of = name or str(metadata.get("name") or metadata.get("generateName") or "")
        doing = _doing("create", found, of, subresource, dry_run)
        place = namespace or metadata.get("namespace")
        path = self._path(found, place, name if subresource else "", subresource, doing)
        return await self._write("POST", path, body, doing, _query(dry_run))

    async def replace(
        self,
        kind: str,
        name: str,
        body: dict[str, Any],
        *,
        namespace: str | None = None,
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """PUT an object; Conflict when its resourceVersion is no longer the newest."""
        found = _served(await self.find(kind), body, subresource)
        if not subresource:
            body = {"apiVersion": found.api_version, "kind": found.kind} | body
        doing = _doing("replace", found, name, subresource, dry_run)
        path = self._path(found, namespace or (body.get("metadata") or {}).get("namespace"), name, subresource, doing)
        return await self._write("PUT", path, body, doing, _query(dry_run))

    async def patch(
        self,
        kind: str,
        name: str,
        body: object,
        *,
        namespace: str | None = None,
        patch: str = _STRATEGIC_PATCH,
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """PATCH an object with one of the four kinds of patch, named by their content types."""
        found = _served(await self.find(kind), body, subresource)
        doing = _doing("patch", found, name, subresource, dry_run)
        path = self._path(found, namespace, name, subresource, doing)
        return await self._write("PATCH", path, body, doing, _query(dry_run), str(patch))

    async def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: str = "Background",
        grace_s: int | None = None,
        uid: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """DELETE an object, if it still has that `uid` (Conflict when not); answers it, or a Status when it is gone."""
        found = await self.find(kind)
        doing = _doing("delete", found, name, "", dry_run)
        options = _delete_options(uid, grace_s, dry_run) | {"propagationPolicy": propagation}
        return await self._write("DELETE", self._path(found, namespace, name, "", doing), options, doing, {})

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        """Evict a pod by the Eviction API; BudgetBlocked when a disruption budget forbids it now.

        Conflict when the name is another pod's meanwhile, Invalid when more than one budget selects the pod.
        """
        found = await self.find("pods")
        doing = f"evict pod {namespace}/{pod}" + (" (dry run)" if dry_run else "")
        eviction = {
            "apiVersion": await self._version_of_evictions(),
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": _delete_options(uid, grace_s, dry_run),
        }
        query = {"dryRun": "All"} if dry_run else {}
        await self._write("POST", self._path(found, namespace, pod, "eviction", doing), eviction, doing, query)

    def _path(self, found: ResourceKind, namespace: str | None, name: str, subresource: str, doing: str) -> str:
        stamp = self.connection.stamp.name
        if found.namespaced and not namespace:
            why = f"{found.resource} live in namespaces, and none was given"
            raise Invalid(f"cannot {doing}", why=why, todo="name the namespace", stamp=stamp)
        if subresource and not name:
            why = f"{subresource} belongs to an object, and none was named"
            raise Invalid(f"cannot {doing}", why=why, todo="name the object", stamp=stamp)
        return found.path(namespace, name or None, subresource or None)

    async def _version_of_evictions(self) -> str:
        """Return `policy/v1`, or `policy/v1beta1` before 1.22: not the version of budgets, which came with 1.21."""
        if not self._evictions:
            doing = "find how pods are evicted here"
            listed = await self.connection.read("/api/v1", _RESOURCES, doing=doing)
            served = next((each for each in listed.resources or () if each.name == "pods/eviction"), None)
            if served is None:
                why = "this API has no evictions"
                raise NotFound(f"cannot {doing}", why=why, todo="delete pods instead", stamp=self.connection.stamp.name)
            self._evictions = f"{served.group or 'policy'}/{served.version or 'v1beta1'}"
        return self._evictions

    async def _write(
        self, method: str, path: str, body: object, doing: str, query: dict[str, str], content_type: str = JSON
    ) -> dict[str, Any]:
        try:
            answer = await self.connection.write(
                method, path, query=query, body=msgspec.json.encode(body), content_type=content_type, doing=doing
            )
            for header in answer.warnings:
                _tell(header)
            return self.connection.decode(answer, _OBJECT, doing)
        except SourceError as error:
            error.stamp = self.connection.stamp.name
            raise _with_consequence(error, doing) from None


def _with_consequence(error: SourceError, doing: str) -> SourceError:
    """Say of a failed write what became of it, as far as it is known: refusals did nothing."""
    if isinstance(error, failures.Unsent):
        error.what, error.why = f"cannot {doing}", f"{error.why}; nothing was sent"
    elif isinstance(error, Unreachable | Malformed) or (isinstance(error, ServerFailed) and _is_open(error)):
        error.what = f"cannot {doing}"
        error.why, error.todo = f"{error.why}; {_UNKNOWN}", f"{_UNKNOWN_TODO}; {error.todo}".removesuffix("; ")
    elif type(error) is Throttled:
        error.todo = "nothing was done: try again later"
    return error


def _is_open(error: ServerFailed) -> bool:
    """Whether a failure of the server (5xx) leaves open what it did: all but a webhook that refused to answer."""
    return "nothing was done" not in error.todo


def _served(found: ResourceKind, body: object, subresource: str) -> ResourceKind:
    """Return the kind in the version the body is written in, which need not be the preferred one."""
    version = body.get("apiVersion") if isinstance(body, dict) else None
    group, _, number = str(version or "").rpartition("/")
    if subresource or not number or group != found.group or number == found.version:
        return found
    return replace(found, version=number)


def _doing(verb: str, found: ResourceKind, name: str, subresource: str, dry_run: bool) -> str:
    of = f"{subresource} of " if subresource else ""
    return f"{verb} {of}{found.singular or found.resource} {name}".rstrip() + (" (dry run)" if dry_run else "")


def _query(dry_run: bool) -> dict[str, str]:
    return {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})


def _delete_options(uid: str, grace_s: int | None, dry_run: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if uid:
        options["preconditions"] = {"uid": uid}
    if grace_s is not None:
        options["gracePeriodSeconds"] = grace_s
    if dry_run:
        options["dryRun"] = ["All"]
    return options


def _tell(header: str) -> None:
    quoted = _WARNING.findall(header)
    for text in quoted or (header,):
        tell_warning(failures.clean(re.sub(r"\\(.)", r"\1", text)))
