"""GET of one object and of collections."""

from __future__ import annotations

from aiohttp import web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.list_options import ListOptions, parse_list_options
from backends.lab.kubernetes.negotiation import Form, choose_form
from backends.lab.kubernetes.representations import Representation
from backends.lab.kubernetes.statuses import ApiError, gone, not_found
from backends.lab.objects import Object


def answer(body: bytes, form: Form, status: int = 200) -> web.Response:
    """Wrap an encoded body."""
    content_type = "application/yaml" if form.yaml else "application/json"
    return web.Response(body=body, status=status, headers={"Content-Type": content_type})


def stored_object(context: ApiContext, call: Call, resource: Resource) -> Object:
    """Return the object a path names; 404 when it is not there."""
    found = context.store.find(resource.storage, call.namespace, call.name)
    if found is None:
        raise not_found(resource.plural, resource.group, call.name)
    return found


def get_one(context: ApiContext, call: Call, resource: Resource, accept: str) -> web.Response:
    """Answer GET of one object."""
    form = choose_form(accept, collection=False)
    shown = Representation(context, resource, form, call.query.get("includeObject", ""))
    return answer(shown.one(stored_object(context, call, resource)), form)


def list_many(context: ApiContext, call: Call, resource: Resource, accept: str) -> web.Response:
    """Answer GET of a collection, a page at a time when a limit is given."""
    form = choose_form(accept, collection=True)
    shown = Representation(context, resource, form, call.query.get("includeObject", ""))
    options = parse_list_options(call, resource.storage, context.version)
    what = f"{resource.storage}|{call.namespace}|{call.query.get('labelSelector', '')}"
    if options.token:
        page = context.snapshots.next(options.token, what, options.limit)
    else:
        check_revision(context, options)
        objects = select(context, call, resource, options)
        page = context.snapshots.first(what, objects, context.store.revision, options.limit)
    # With a selector the real server cannot know how many of the rest would match, and says nothing.
    remaining = None if options.selects else page.remaining
    return answer(shown.many(page.objects, page.revision, page.token, remaining), form)


def check_revision(context: ApiContext, options: ListOptions) -> None:
    """Refuse revisions from the future, and exact ones that are gone."""
    asked, current = options.revision, context.store.revision
    if asked is None:
        return
    if asked > current:
        details = {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }
        message = f"Timeout: Too large resource version: {asked}, current: {current}"
        raise ApiError(504, "Timeout", message, details, {"Retry-After": "1"})
    if options.match == "Exact" and asked < current:
        raise gone("The resourceVersion for the provided list is too old.")


def select(context: ApiContext, call: Call, resource: Resource, options: ListOptions) -> list[Object]:
    """Return the objects of a collection that the selectors accept, in key order."""
    namespace = call.namespace or options.fields.exact("metadata.namespace")
    name = options.fields.exact("metadata.name")
    if name and (namespace or not resource.namespaced):
        found = context.store.find(resource.storage, namespace or "", name)
        objects = [found] if found else []
    else:
        objects = context.store.listing(resource.storage, namespace or None)
    return [obj for obj in objects if options.matches(obj)] if options.selects else objects
