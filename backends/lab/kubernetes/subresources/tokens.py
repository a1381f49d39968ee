"""TokenRequest: a bearer token for a service account, accepted by this server from then on."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from aiohttp import web

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import bodies
from backends.lab.kubernetes.access import User
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.reading import answer, stored_object
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import invalid
from backends.lab.kubernetes.validation import wrong

_ISSUER = "https://kubernetes.default.svc.cluster.local"
_SHORTEST_S = 600


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer POST of a TokenRequest."""
    account = stored_object(context, call, resource)
    body = await bodies.read_value(request) or {}
    spec = dict(body.get("spec") or {})
    lasts_s = spec.get("expirationSeconds") or 3600
    if lasts_s < _SHORTEST_S:
        text = "may not specify a duration less than 10 minutes"
        cause = wrong("spec.expirationSeconds", lasts_s, text)
        raise invalid("TokenRequest", "authentication.k8s.io", "", [cause])
    spec["expirationSeconds"] = lasts_s
    spec["audiences"] = spec.get("audiences") or [_ISSUER]
    now = context.clock.now()
    user = f"system:serviceaccount:{call.namespace}:{call.name}"
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{call.namespace}")
    token = _jwt(
        {
            "aud": spec["audiences"],
            "exp": int(now + lasts_s),
            "iat": int(now),
            "iss": _ISSUER,
            "kubernetes.io": {
                "namespace": call.namespace,
                "serviceaccount": {"name": call.name, "uid": account["metadata"]["uid"]},
            },
            "nbf": int(now),
            "sub": user,
        }
    )
    context.authentication.admit(token, User(user, groups))
    answered = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": call.name, "namespace": call.namespace, "creationTimestamp": rfc3339(now)},
        "spec": {**spec, "boundObjectRef": spec.get("boundObjectRef")},
        "status": {"token": token, "expirationTimestamp": rfc3339(now + lasts_s)},
    }
    return answer(encode(answered), Form(), 201)


def _jwt(claims: dict[str, Any]) -> str:
    """Return a token of a JWT's form; its signature is random, since only this server accepts it, by looking it up."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    header = encode({"alg": "RS256", "kid": secrets.token_urlsafe(32)})
    return f"{part(header)}.{part(encode(claims))}.{part(secrets.token_bytes(64))}"
