"""What Azure Resource Manager answers when it does not do what it is asked: bodies with a code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Problem(Exception):
    """A refusal: HTTP status, code and sentence; `details` nest further ones as deployments do."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})

    @property
    def error(self) -> dict[str, Any]:
        """The error object."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return error | {"details": [dict(each) for each in self.details]} if self.details else error

    @property
    def body(self) -> dict[str, Any]:
        """The whole body."""
        return {"error": self.error}


def no_group(name: str) -> Problem:
    """There is no such resource group."""
    return Problem(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def no_resource(kind: str, name: str, group: str) -> Problem:
    """There is no such resource in a group that is there."""
    text = f"The Resource '{kind}/{name}' under resource group '{group}' was not found."
    return Problem(
        404, "ResourceNotFound", f"{text} For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )


def no_such_path(path: str) -> Problem:
    """Nothing is served there."""
    text = f"The resource type could not be found in the namespace of the request '{path}'."
    return Problem(404, "InvalidResourceType", text)


def unsupported_version(version: str, supported: Sequence[str]) -> Problem:
    """The api-version is missing or none of those the stamp has."""
    if not version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        return Problem(400, "MissingApiVersionParameter", text)
    text = f"The api-version '{version}' is invalid. The supported versions are '{','.join(supported)}'."
    return Problem(400, "InvalidApiVersionParameter", text)


def forbidden(client_id: str, object_id: str, action: str, scope: str) -> Problem:
    """The caller has no role that allows it."""
    text = (
        f"The client '{client_id}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    return Problem(403, "AuthorizationFailed", text)


def throttled(subscription: str, seconds: str) -> Problem:
    """Too many requests: `seconds` says when to come again."""
    text = (
        f"Number of requests for subscription '{subscription}' exceeded the limit of the backend. Please try again "
        f"after '{seconds}' seconds."
    )
    return Problem(429, "TooManyRequests", text, headers={"Retry-After": seconds})


def unauthenticated(code: str, message: str, home: str) -> Problem:
    """No token, or one that is not taken; the challenge names where tokens come from."""
    missing = "The authentication failed because of missing 'Authorization' header."
    told = missing if code == "AuthenticationFailed" else message
    challenge = f'Bearer authorization_uri="{home}", error="invalid_token", error_description="{told}"'
    return Problem(401, code, message, headers={"WWW-Authenticate": challenge})
