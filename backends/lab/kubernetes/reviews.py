"""Questions about access: what the authorization.k8s.io and authentication.k8s.io resources answer."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.access import User
from backends.lab.kubernetes.authorization import Attributes
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.reading import answer
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import Cause, bad_request, invalid, no_such_path
from backends.lab.kubernetes.validation import wrong
from backends.lab.objects import Object


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST of a review of any kind."""
    body = await bodies.read_object(request, resource)
    match resource.kind:
        case "SelfSubjectAccessReview":
            body["status"] = _decide(context, call.user, body.get("spec") or {})
        case "SubjectAccessReview" | "LocalSubjectAccessReview":
            body["status"] = _decide(context, _subject(body), body.get("spec") or {})
        case "SelfSubjectRulesReview":
            namespace = (body.get("spec") or {}).get("namespace", "")
            if not namespace:
                raise bad_request("no namespace on request")
            body["status"] = _rules(context, call.user, namespace)
        case "TokenReview":
            body["status"] = _token(context, (body.get("spec") or {}).get("token", ""))
        case "SelfSubjectReview":
            body["status"] = {"userInfo": {"username": call.user.name, "groups": list(call.user.groups)}}
        case _:
            raise no_such_path()
    body.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    return answer(encode(body), Form(), 201)


def _subject(body: Object) -> User:
    spec = body.get("spec") or {}
    if not spec.get("user") and not spec.get("groups"):
        cause = wrong("spec.user", "", "at least one of user or group must be specified")
        raise invalid("", "authorization.k8s.io", "", [cause])
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()))


def _decide(context: ApiContext, user: User, spec: dict[str, Any]) -> dict[str, Any]:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (about is None) == (path is None):
        text = '"null": exactly one of nonResourceAttributes or resourceAttributes must be specified'
        cause = Cause("spec.resourceAttributes", "FieldValueInvalid", text)
        raise invalid("", "authorization.k8s.io", "", [cause])
    if path is not None:
        asked = Attributes(path.get("verb", ""), path=path.get("path", ""))
    else:
        if not isinstance(about, dict):
            raise bad_request("spec.resourceAttributes is no object")
        asked = Attributes(
            about.get("verb", ""),
            about.get("group", ""),
            about.get("resource", ""),
            about.get("subresource", ""),
            about.get("namespace", ""),
            about.get("name", ""),
        )
    reason = None if _is_forbidden_now(context, asked) else context.authorization.allows(user, asked)
    if reason is None:
        return {"allowed": False}
    return {"allowed": True, **({"reason": reason} if reason else {})}


def _is_forbidden_now(context: ApiContext, asked: Attributes) -> bool:
    """The fault `forbidden` leaves reading nodes; the answer must agree with what requests meet."""
    if not context.faults.active("forbidden") or asked.path:
        return False
    return not (asked.resource == "nodes" and asked.group == "" and asked.verb in ("get", "list", "watch"))


def _rules(context: ApiContext, user: User, namespace: str) -> dict[str, Any]:
    resources, paths = [], []
    for rule, _ in context.authorization.rules(user, namespace):
        if rule.get("nonResourceURLs"):
            paths.append({"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]})
        else:
            kept = ("verbs", "apiGroups", "resources", "resourceNames")
            resources.append({key: rule[key] for key in kept if key in rule})
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def _token(context: ApiContext, token: str) -> dict[str, Any]:
    user = context.authentication.identify(f"Bearer {token}", None) if token else None
    if user is None:
        return {"user": {}, "error": "[invalid bearer token, token lookup failed]"}
    return {"authenticated": True, "user": {"username": user.name, "groups": list(user.groups)}}
