"""Why an application did not answer as it should, in an operator's words."""

from __future__ import annotations

import errno
import http
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from backends.model.stamp import ApplicationAccess

# X509_V_ERR_* of OpenSSL, as `ssl.SSLCertVerificationError.verify_code` carries them.
_CERTIFICATE_REASONS = {
    9: "certificate not valid yet",
    10: "certificate expired",
    18: "certificate is self-signed, its authority is not trusted",
    19: "certificate is from an authority that is not trusted (self-signed)",
    20: "certificate is from an authority that is not trusted",
    21: "certificate is from an authority that is not trusted",
    23: "certificate was revoked",
}
_WRONG_NAMES = (62, 64)
_SOCKET_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
}


def connection_reason(error: BaseException, access: ApplicationAccess) -> str:
    """Return why no HTTP answer came, from the deepest cause that says something."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate_reason(cause, access)
    for cause in causes:
        reason = _socket_reason(cause, access)
        if reason:
            return reason
    for cause in causes:
        # httpx words a server that hangs up after the request as RemoteProtocolError.
        if "disconnected without sending" in str(cause):
            return "the connection was closed before an answer came"
        if type(cause).__name__ in ("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"):
            return f"no answer within {access.timeout_s:g} s"
        if type(cause).__name__ in ("RemoteProtocolError", "DecodingError"):
            return "the answer is not HTTP"
        if type(cause).__name__ in ("ReadError", "WriteError", "CloseError"):
            return "connection reset"
    text = str(causes[0]).strip() or type(causes[0]).__name__
    return text[:200]


def status_reason(status: int, phrase: str, location: str, expected: int) -> str:
    """Return what is wrong with a status, `503 Service Temporarily Unavailable`; empty when it is the expected one."""
    if status == expected:
        return ""
    said = f"{status} {phrase[:80] or _known_phrase(status)}".strip()
    if location and 300 <= status < 400:
        said += f" to {location[:120]}"
    return said if status >= 400 and expected < 400 else f"{said}, expected {expected}"


def _known_phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def _certificate_reason(error: ssl.SSLCertVerificationError, access: ApplicationAccess) -> str:
    if error.verify_code in _WRONG_NAMES:
        return f"certificate is not for {access.host or urlsplit(access.url).hostname}"
    known = _CERTIFICATE_REASONS.get(error.verify_code)
    return known or f"certificate refused: {error.verify_message}"


def _socket_reason(cause: BaseException, access: ApplicationAccess) -> str:
    if isinstance(cause, socket.gaierror):
        return f"name {urlsplit(access.url).hostname} not found"
    if isinstance(cause, ssl.SSLError):
        # A plain-text server behind an https URL, or the other way round, ends here.
        what = (cause.reason or "").replace("_", " ").lower()
        if what in ("wrong version number", "record layer failure"):
            return "the server does not speak TLS"
        if what == "no certificate or crl found":
            return f"ca_file {access.ca_file} is not a PEM certificate"
        return f"TLS failed: {what or cause}"
    if isinstance(cause, FileNotFoundError) and access.ca_file:
        return f"ca_file {access.ca_file} does not exist"
    if isinstance(cause, PermissionError) and access.ca_file:
        return f"ca_file {access.ca_file} cannot be read"
    if isinstance(cause, OSError) and cause.errno in _SOCKET_REASONS:
        return _SOCKET_REASONS[cause.errno]
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, through chains and groups (several addresses tried)."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        waiting.extend(cause for cause in (each.__cause__, each.__context__) if cause is not None)
