"""DELETE: at once, gracefully (pods), waiting for finalizers, and what becomes of the dependents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.list_options import parse_list_options
from backends.lab.kubernetes.negotiation import choose_form
from backends.lab.kubernetes.reading import answer, select, stored_object
from backends.lab.kubernetes.representations import Representation, encode
from backends.lab.kubernetes.statuses import Cause, conflict, forbidden, invalid, method_not_supported, success
from backends.lab.kubernetes.tables.texts import seconds_of
from backends.lab.objects import Object

_POLICIES = ("Foreground", "Background", "Orphan")
_FINALIZER = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_PROTECTED = ("default", "kube-system", "kube-public")
_HIDDEN_AT_ONCE = ("pods",)  # the kinds whose deletion answers with the object, which is still there


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """What a caller may say about a deletion; `grace_s` None means the object's own."""

    policy: str = ""
    grace_s: int | None = None
    uid: str = ""
    revision: str = ""
    dry_run: bool = False


def parse_delete_options(body: Any, call: Call | None = None) -> DeleteOptions:
    """Read metav1.DeleteOptions from a body, or from the query: where there is a body, the query is not looked at."""
    if isinstance(body, dict) and body:
        said: dict[str, Any] = body
    else:
        query = call.query if call is not None else {}
        said = {key: query[key] for key in ("propagationPolicy", "gracePeriodSeconds", "dryRun") if query.get(key)}
        if "dryRun" in said:
            said["dryRun"] = [said["dryRun"]]
        if query.get("orphanDependents"):
            said["orphanDependents"] = query["orphanDependents"].lower() in ("true", "1")
    policy, dry_run = said.get("propagationPolicy") or "", said.get("dryRun") or []
    if causes := _option_causes(said, policy, dry_run):
        raise invalid("DeleteOptions", "meta.k8s.io", "", causes)
    if not policy and said.get("orphanDependents") is not None:
        policy = "Orphan" if said["orphanDependents"] else "Background"
    grace = said.get("gracePeriodSeconds")
    conditions = said.get("preconditions") or {}
    return DeleteOptions(
        policy=policy,
        grace_s=None if grace is None else int(grace),
        uid=conditions.get("uid") or "",
        revision=conditions.get("resourceVersion") or "",
        dry_run=bool(dry_run),
    )


def _option_causes(said: dict[str, Any], policy: str, dry_run: list[str]) -> list[Cause]:
    causes = []
    if policy and said.get("orphanDependents") is not None:
        text = f'"{policy}": orphanDependents and deletionPropagation cannot be both set'
        causes.append(Cause("propagationPolicy", "FieldValueInvalid", text))
    elif policy and policy not in _POLICIES:
        text = f'"{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        causes.append(Cause("propagationPolicy", "FieldValueNotSupported", text))
    if dry_run and dry_run != ["All"]:
        text = f'[]string{{"{dry_run[0]}"}}: supported values: "All"'
        causes.append(Cause("dryRun", "FieldValueNotSupported", text))
    return causes


def delete_stored(context: ApiContext, resource: Resource, live: Object, options: DeleteOptions) -> tuple[Object, bool]:
    """Delete an object as asked; return its last state and whether it is really gone."""
    _check_preconditions(resource, live, options)
    meta = live["metadata"]
    if resource.storage == "namespaces" and meta["name"] in _PROTECTED:
        raise forbidden("namespaces", "", meta["name"], "this namespace may not be deleted")
    finalizers = _finalizers(meta, options.policy)
    grace_s = _grace(resource, live, options)
    if not finalizers and not grace_s and not _held_by_namespace(resource, live):
        if options.dry_run:
            return live, True
        return context.store.remove(resource.storage, meta.get("namespace", ""), meta["name"]), True
    earlier = meta.get("deletionGracePeriodSeconds") or 0
    shorter = options.grace_s is not None and grace_s < earlier
    if meta.get("deletionTimestamp") and finalizers == (meta.get("finalizers") or []) and not shorter:
        return live, False
    changed = _deleting(context, resource, live, finalizers, grace_s)
    if options.dry_run:
        return changed, False
    return context.store.replace(resource.storage, changed, keep_generation=False), False


def _deleting(context: ApiContext, resource: Resource, live: Object, finalizers: list[str], grace_s: int) -> Object:
    """Return an object with the marks of one that is being deleted."""
    meta: Object = {**live["metadata"]}
    changed = {**live, "metadata": meta}
    if "generation" in meta and "deletionTimestamp" not in meta:
        meta["generation"] += 1
    asked_at = context.clock.now()
    if "deletionTimestamp" in meta:
        asked_at = seconds_of(meta["deletionTimestamp"]) - meta.get("deletionGracePeriodSeconds", 0)
    if "deletionTimestamp" not in meta or grace_s < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"] = rfc3339(asked_at + grace_s)
        meta["deletionGracePeriodSeconds"] = grace_s
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    if resource.storage == "namespaces":
        meta.pop("deletionGracePeriodSeconds", None)
        changed["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    return changed


def _finalizers(meta: Object, policy: str) -> list[str]:
    """Return the finalizers an object keeps or gets: of the collector's two, only the one the policy asks for."""
    held = list(meta.get("finalizers") or ())
    wanted = _FINALIZER.get(policy)
    if not policy or wanted in held:
        return held
    others = [each for each in held if each not in _FINALIZER.values()]
    return [*others, wanted] if wanted else others


def _held_by_namespace(resource: Resource, live: Object) -> bool:
    return resource.storage == "namespaces" and bool((live.get("spec") or {}).get("finalizers"))


def _grace(resource: Resource, live: Object, options: DeleteOptions) -> int:
    """Return how long a pod gets; pods on no node and those that ended go at once."""
    if resource.storage != "pods":
        return 0
    spec, status = live.get("spec") or {}, live.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_s is not None:
        return max(0, options.grace_s)
    return int(spec.get("terminationGracePeriodSeconds", 30))


def _check_preconditions(resource: Resource, live: Object, options: DeleteOptions) -> None:
    meta = live["metadata"]
    if options.uid and options.uid != meta["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(resource.kind, resource.group, meta["name"], why)
    if options.revision and options.revision != meta["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in "
            f"record ({meta['resourceVersion']}). The object might have been modified"
        )
        raise conflict(resource.kind, resource.group, meta["name"], why)


async def delete_one(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer DELETE of one object."""
    form = choose_form(request.headers.get("Accept", ""), collection=False)
    options = parse_delete_options(await bodies.read_value(request), call)
    live = stored_object(context, call, resource)
    last, gone = delete_stored(context, resource, live, options)
    if gone and resource.storage not in _HIDDEN_AT_ONCE:
        body = success(resource.plural, resource.group, call.name, last["metadata"]["uid"])
        return answer(encode(body), choose_form("", collection=False))
    if gone:
        ended = {"deletionTimestamp": rfc3339(context.clock.now()), "deletionGracePeriodSeconds": 0}
        last = {**last, "metadata": {**last["metadata"], **ended}}
    return answer(Representation(context, resource, form).one(last), form)


async def delete_many(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer DELETE of a collection: the objects the selectors name, as they were before."""
    if resource.namespaced and not call.namespace:
        raise method_not_supported()
    form = choose_form(request.headers.get("Accept", ""), collection=True)
    options = parse_delete_options(await bodies.read_value(request), call)
    chosen = select(context, call, resource, parse_list_options(call, resource.storage, context.version))
    for live in chosen:
        delete_stored(context, resource, live, options)
    return answer(Representation(context, resource, form).many(chosen, context.store.revision, "", None), form)
