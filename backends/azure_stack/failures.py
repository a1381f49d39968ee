"""What goes wrong with a stamp's Resource Manager and its login, mapped once to the console's own errors."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from backends.errors import (
    CertificateRejected,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    ServerFailed,
    SourceError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from backends.model import inert
from backends.model.login_codes import login_code, login_meaning
from backends.model.redact import Redactor

_TEXT = 400
_KINDS: Mapping[int, type[SourceError]] = {
    400: Invalid, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 422: Invalid,
}  # fmt: skip


def of_connection(error: BaseException, what: str, address: str, stamp: str) -> SourceError:
    """Return the error for an answer that did not come, from the deepest cause that says something."""
    host = httpx.URL(address).host
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate of {host} is not trusted: {cause.verify_message}"
            todo = "give azure_stack.ca_file in fleet.yaml the stamp's authority"
            return CertificateRejected(what, why=why, todo=todo, stamp=stamp)
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return Unreachable(what, why=f"the name {host} is not found", todo="look at DNS", stamp=stamp)
        if isinstance(cause, ssl.SSLError):
            return CertificateRejected(what, why=f"TLS with {host} failed: {cause.reason or cause}", stamp=stamp)
    if any(isinstance(cause, httpx.TimeoutException | TimeoutError) for cause in causes):
        return Unreachable(what, why=f"{host} did not answer in time", todo="look at routes and firewalls", stamp=stamp)
    said = next((each.strerror for each in causes if isinstance(each, OSError) and each.strerror), "") or str(error)
    return Unreachable(what, why=f"no connection to {host}: {said}"[:_TEXT], stamp=stamp)


def of_answer(response: httpx.Response, what: str, stamp: str) -> SourceError:
    """Return the error for an answer of Resource Manager that is none of what was asked."""
    code, message = _told(response)
    why = f"{response.status_code} {code}: {message}" if code else f"{response.status_code} {message}"
    if response.status_code == 429:
        return Throttled(what, why=why, stamp=stamp, retry_after_s=retry_after(response))
    if response.status_code == 403:
        todo = "give the application of azure_stack.reader the role Reader on the subscription"
        return Forbidden(what, why=why, todo=todo, stamp=stamp)
    if response.status_code >= 500:
        return ServerFailed(what, why=why, stamp=stamp)
    kind = _KINDS.get(response.status_code, Malformed)
    return kind(what, why=why, stamp=stamp)


def of_login(response: httpx.Response, client_id: str, known: str, stamp: str) -> SourceError:
    """Return the error for a token that was not given; `known` is the secret, which must not be told."""
    what = f"the login of application {client_id} was refused"
    if response.status_code == 429:
        return Throttled(what, stamp=stamp, retry_after_s=retry_after(response))
    if response.status_code >= 500:
        return ServerFailed(what, why=f"{response.status_code} of {response.url.host}", stamp=stamp)
    text = response.text[:4000]
    meaning, code = login_meaning(text), login_code(text)
    if not meaning:
        document = _json(response)
        said = document.get("error_description") or document.get("error") if isinstance(document, Mapping) else None
        first = str(said or f"status {response.status_code}").splitlines()[0]
        meaning = _shown(first, known)
        code = "" if code in meaning else code
    return Unauthorized(
        what, why=f"{meaning} ({code})" if code else meaning, todo="see azure_stack.reader in fleet.yaml", stamp=stamp
    )


def retry_after(response: httpx.Response) -> float | None:
    """Return the server's own delay in seconds; None when it gave none as a number."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


def error_text(error: Any) -> str:
    """Return an ARM error with those nested in it, outermost first: `DeploymentFailed: …: QuotaExceeded: …`."""
    found: list[str] = []
    waiting, seen = [error], 0
    while waiting and seen < 20:
        each = waiting.pop(0)
        seen += 1
        if not isinstance(each, Mapping):
            continue
        nested = each.get("error")
        if isinstance(nested, Mapping):
            waiting.insert(0, nested)
            continue
        code, message = each.get("code"), each.get("message")
        said = ": ".join(str(part) for part in (code, message) if isinstance(part, str) and part)
        if said and said not in found:
            found.append(said)
        details = each.get("details")
        waiting += details if isinstance(details, list) else []
    return _shown("; ".join(found), "")[:2000]


def _told(response: httpx.Response) -> tuple[str, str]:
    document = _json(response)
    error = document.get("error") if isinstance(document, Mapping) else None
    if isinstance(error, Mapping):
        return inert.name(str(error.get("code") or "")), _shown(str(error.get("message") or ""), "")
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    return "", f"with {kind or 'nothing'} instead of an error of Resource Manager"


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _shown(text: str, known: str) -> str:
    redactor = Redactor([known] if len(known) >= 6 else [])
    return inert.line(redactor.line(" ".join(text.split())))[:_TEXT]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, the deepest last."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
