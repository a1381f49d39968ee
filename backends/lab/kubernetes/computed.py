"""Kinds that are worked out at every read and kept nowhere: one of them, or all that a selector matches."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.list_options import parse_list_options
from backends.lab.kubernetes.negotiation import choose_form
from backends.lab.kubernetes.reading import answer
from backends.lab.kubernetes.representations import Representation
from backends.lab.kubernetes.statuses import not_found
from backends.lab.objects import Object


def serve_computed(
    context: ApiContext, call: Call, request: web.Request, resource: Resource, found: Sequence[Object]
) -> web.Response:
    """Answer GET from the objects there are now; 404 when the asked one is not among them."""
    form = choose_form(request.headers.get("Accept", ""), collection=not call.name)
    shown = Representation(context, resource, form, call.query.get("includeObject", ""))
    if call.name:
        one = next((each for each in found if each["metadata"]["name"] == call.name), None)
        if one is None:
            raise not_found(resource.plural, resource.group, call.name)
        return answer(shown.one(one), form)
    options = parse_list_options(call, resource.plural, context.version)
    return answer(shown.many([each for each in found if options.matches(each)], 0, "", None), form)
