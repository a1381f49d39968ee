"""POST, PUT and PATCH: from what a caller sent to what is stored."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies, managed_fields
from backends.lab.kubernetes.allocation import allocate
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.conversion import accept, present
from backends.lab.kubernetes.decoding import decode_object
from backends.lab.kubernetes.defaults import fill_defaults
from backends.lab.kubernetes.defaults.nodes import taint_unready
from backends.lab.kubernetes.defaults.pods import admit_pod
from backends.lab.kubernetes.defaults.services import prepare_namespace
from backends.lab.kubernetes.defaults.workloads import begin_status, count_template
from backends.lab.kubernetes.immutability import validate_update
from backends.lab.kubernetes.managed_fields import Writer
from backends.lab.kubernetes.negotiation import choose_form
from backends.lab.kubernetes.patches.shapes import Shape, shape_of
from backends.lab.kubernetes.reading import answer, stored_object
from backends.lab.kubernetes.representations import Representation
from backends.lab.kubernetes.statuses import (
    ApiError,
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    modified,
    not_found,
)
from backends.lab.kubernetes.validation import validate, validate_metadata
from backends.lab.kubernetes.write_options import check_write_options
from backends.lab.objects import UNCOUNTED, Object, ObjectExists, VersionConflict
from backends.lab.quotas import QuotaExceeded, check_quota

_CONDITIONAL = (
    *("leases.coordination.k8s.io", "poddisruptionbudgets.policy", "runtimeclasses.node.k8s.io"),
    *("customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io"),
)
_UPSERTED = ("leases.coordination.k8s.io", "endpoints", "events", "endpointslices.discovery.k8s.io")


class Write:
    """One write request: the resource, the caller's options, and the steps every write takes."""

    def __init__(self, context: ApiContext, call: Call, request: web.Request, resource: Resource) -> None:
        self.context = context
        self.call = call
        self.request = request
        self.resource = resource
        self.stored = context.served.stored_as(resource)
        self.shape: Shape = shape_of(resource.group, resource.version, resource.kind)
        self.warnings: list[str] = []
        self._form = choose_form(request.headers.get("Accept", ""), collection=False)
        minor = minor_of(context.version)
        check_write_options(call, minor, applies=request.content_type == "application/apply-patch+yaml")

    # steps

    def writer(self) -> Writer:
        """Return who writes: the fieldManager parameter, or what the User-Agent begins with."""
        agent = self.request.headers.get("User-Agent", "").partition("/")[0] or "unknown"
        manager = self.call.query.get("fieldManager") or agent
        # Before 1.22 managedFields did not tell which subresource a field was written through.
        told = minor_of(self.context.version) >= 22 and self.call.subresource in ("status", "scale")
        sub = self.call.subresource if told else ""
        return Writer(manager, self.resource.api_version, sub, rfc3339(self.context.clock.now()))

    def decode(self, obj: Object) -> Object:
        """Check a body against its type."""
        validation = self.call.query.get("fieldValidation", "Warn")
        known, warnings = decode_object(obj, self.resource, validation, self.context.version)
        self.warnings += warnings
        return known

    def answer(self, obj: Object, status: int = 200) -> web.Response:
        """Show a stored object to the caller."""
        shown = Representation(self.context, self.resource, self._form, self.call.query.get("includeObject", ""))
        response = answer(shown.one(obj), self._form, status)
        for warning in self.warnings:
            quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{quoted}"')
        return response

    def refuse(self, name: str, causes: list[Cause]) -> None:
        """Raise 422 when there are causes."""
        if causes:
            raise invalid(self.resource.kind, self.resource.group, name, causes)

    # writes

    def create(self, body: Object) -> Object:
        """Store a new object; the steps of admission in the server's order."""
        meta = _metadata_of(body)
        if meta.get("resourceVersion"):
            raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
        if self.resource.namespaced:
            if meta.get("namespace", self.call.namespace) != self.call.namespace:
                text = "the namespace of the provided object does not match the namespace sent on the request"
                raise bad_request(text)
            meta["namespace"] = self.call.namespace
            self.check_namespace(meta.get("name", ""))
        else:
            meta.pop("namespace", None)
        for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
            meta.pop(key, None)
        meta.pop("selfLink", None)
        meta.pop("managedFields", None)
        if self.resource.subresource("status") is not None:
            body.pop("status", None)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + self.context.store.suffix()
        return self.store_new(body, record=True)

    def store_new(self, body: Object, *, record: bool = False) -> Object:
        """Convert, default, validate, allocate and store; `record` notes the writer as owner of every field."""
        obj = copy.deepcopy(accept(body, self.resource, self.stored))
        # Defaults of some kinds are made from the identity, which the store gives at the end: known early here.
        meta = obj["metadata"]
        meta["creationTimestamp"] = rfc3339(self.context.clock.now())
        fill_defaults(self.resource.storage, obj, minor_of(self.context.version))
        self.refuse(meta.get("name", ""), validate(self.resource.storage, obj))
        if self.context.store.find(self.resource.storage, meta.get("namespace", ""), meta["name"]) is not None:
            raise already_exists(self.resource.plural, self.resource.group, meta["name"])
        if record:
            # Before what the server itself allocates, after the defaults: those count as the writer's.
            shown = {**present(obj, self.resource), "metadata": meta}
            managed_fields.record_update(None, shown, self.writer(), self.shape)
        self._admit(obj)
        if self.call.dry_run:
            obj["metadata"] |= {"uid": str(uuid.uuid4())}
            obj["metadata"].setdefault("resourceVersion", "")
            if "spec" in obj and self.resource.storage not in UNCOUNTED:
                meta["generation"] = 1
            return obj
        try:
            return self.context.store.create(self.resource.storage, obj)
        except ObjectExists:
            raise already_exists(self.resource.plural, self.resource.group, meta["name"]) from None

    def _admit(self, obj: Object) -> None:
        """Add what allocators and admission plugins give a new object, in nobody's name."""
        storage = self.resource.storage
        if storage == "services":
            allocate(self.context.store, obj)
        elif storage == "pods":
            admit_pod(obj)
        elif storage == "namespaces":
            prepare_namespace(obj, minor_of(self.context.version))
        elif storage == "nodes":
            taint_unready(obj)
        if self.resource.namespaced:
            try:
                check_quota(self.context.store, storage, obj, minor_of(self.context.version))
            except QuotaExceeded as excess:
                raise forbidden(
                    self.resource.plural, self.resource.group, obj["metadata"]["name"], str(excess)
                ) from None
        if storage not in ("services", "pods", "namespaces", "nodes"):
            begin_status(storage, obj, minor_of(self.context.version))

    def check_namespace(self, name: str) -> None:
        """404 when the namespace is not there, 403 when it is going."""
        namespace = self.context.store.find("namespaces", "", self.call.namespace)
        if namespace is None:
            raise not_found("namespaces", "", self.call.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {self.call.namespace} because it is being terminated"
            raise forbidden(self.resource.plural, self.resource.group, name, why)

    def update(self, live: Object, edit: Callable[[Object], Object], *, record: bool = True) -> Object:
        """Store what `edit` makes of the live object as this resource's version shows it.

        `edit` gets a private copy. Identity and, but for the status subresource, the status are kept.
        """
        shown = copy.deepcopy(present(live, self.resource))
        wanted = edit(shown)
        meta, old = _metadata_of(wanted), live["metadata"]
        self.check_name(meta, old)
        self._check_version(meta, old)
        for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
            meta.pop(key, None)
            if key in old:
                meta[key] = old[key]
        if self.call.subresource == "status":
            wanted = self._only_status(live, wanted)
        elif self.resource.subresource("status") is not None:
            _keep(wanted, present(live, self.resource), "status")
        if record:
            # What the caller sent as managedFields is not his to say.
            wanted["metadata"]["managedFields"] = old.get("managedFields") or []
            managed_fields.record_update(present(live, self.resource), wanted, self.writer(), self.shape)
        obj = copy.deepcopy(accept(wanted, self.resource, self.stored))
        self.refuse(old["name"], validate_metadata(self.resource.storage, obj["metadata"]))
        if self.call.subresource != "status" and not _same_content(live, obj):
            before = copy.deepcopy(live)
            for each in (before, obj):
                fill_defaults(self.resource.storage, each, minor_of(self.context.version))
            if self.resource.storage == "daemonsets.apps":
                count_template(before, obj)
            self.refuse(old["name"], validate_update(self.resource.storage, before, obj))
            if self.resource.storage == "services":
                allocate(self.context.store, obj)
        return self._store_changed(live, obj)

    def _only_status(self, live: Object, wanted: Object) -> Object:
        shown = dict(present(live, self.resource))
        _keep(shown, wanted, "status")
        shown["metadata"] = dict(shown["metadata"])
        return shown

    def check_name(self, meta: Object, old: Object) -> None:
        """Refuse a body that is of another object: its name or namespace is not the path's, or its uid is another's."""
        name, plural, group = old["name"], self.resource.plural, self.resource.group
        if meta.get("name") != name:
            raise bad_request(
                f"the name of the object ({meta.get('name', '')}) does not match the name on the URL ({name})"
            )
        if meta.get("namespace", old.get("namespace", "")) != old.get("namespace", ""):
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if meta.get("namespace") is None and "namespace" in old:
            meta["namespace"] = old["namespace"]
        if meta.get("uid") and meta["uid"] != old["uid"]:
            where = "/".join(filter(None, (f"/registry/{plural}", old.get("namespace"), name)))
            raise conflict(
                plural,
                group,
                name,
                f"StorageError: invalid object, Code: 4, Key: {where}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {old['uid']}",
            )

    def _check_version(self, meta: Object, old: Object) -> None:
        """Refuse an update of an earlier version, or of none where one must be named."""
        name, plural, group = old["name"], self.resource.plural, self.resource.group
        sent = meta.get("resourceVersion")
        if not sent and self.call.verb == "update" and self._needs_version():
            cause = Cause("metadata.resourceVersion", "FieldValueInvalid", "0x0: must be specified for an update")
            raise invalid(plural, group, name, [cause])
        if sent and sent not in ("0", old["resourceVersion"]):
            raise modified(plural, group, name)

    def _needs_version(self) -> bool:
        """Whether an update must say which version it replaces (AllowUnconditionalUpdate is false)."""
        return self.resource.storage in _CONDITIONAL or self.context.served.is_custom(self.resource)

    def _store_changed(self, live: Object, obj: Object) -> Object:
        obj["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        if _same_but_for_times(live, obj):
            return live
        if self.call.dry_run:
            return self.context.store.preview(self.resource.storage, obj)
        store, storage = self.context.store, self.resource.storage
        try:
            written = store.replace(storage, obj, live["metadata"]["resourceVersion"])
        except VersionConflict:
            raise modified(self.resource.plural, self.resource.group, obj["metadata"]["name"]) from None
        meta = written["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and not meta.get("deletionGracePeriodSeconds"):
            return store.remove(storage, meta.get("namespace", ""), meta["name"])
        return written


def _metadata_of(obj: Object) -> Object:
    meta = obj.get("metadata")
    obj["metadata"] = dict(meta) if isinstance(meta, dict) else {}
    found: Object = obj["metadata"]
    return found


def _keep(target: Object, source: Object, key: str) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)


def _same_content(one: Object, other: Object) -> bool:
    """Tell whether two objects differ in nothing but metadata: such a write needs no defaults and no checks."""
    skipped = ("metadata", "apiVersion", "kind")
    return {key: value for key, value in one.items() if key not in skipped} == {
        key: value for key, value in other.items() if key not in skipped
    }


def _same_but_for_times(one: Object, other: Object) -> bool:
    """Tell whether a write changes nothing: who wrote it last, alone, is no reason for a new revision."""

    def bare(obj: Object) -> Object:
        meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
        owners = [
            {key: value for key, value in entry.items() if key != "time"}
            for entry in obj["metadata"].get("managedFields") or ()
        ]
        return {**obj, "metadata": {**meta, "managedFields": owners}}

    return bare(one) == bare(other)


async def create(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST on a collection."""
    write = Write(context, call, request, resource)
    body = write.decode(await bodies.read_object(request, resource))
    return write.answer(write.create(body), 201)


async def update(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer PUT of an object or of its status."""
    write = Write(context, call, request, resource)
    body = write.decode(await bodies.read_object(request, resource))
    sent_name = (body.get("metadata") or {}).get("name")
    if sent_name != call.name:
        raise bad_request(
            f"the name of the object ({sent_name or ''}) does not match the name on the URL ({call.name})"
        )
    live = context.store.find(resource.storage, call.namespace, call.name)
    if live is None and resource.storage in _UPSERTED and not call.subresource:
        body["metadata"].pop("resourceVersion", None)
        return write.answer(write.create(body), 201)
    return write.answer(write.update(stored_object(context, call, resource), lambda _: body))
