"""Every way the API can fail, mapped once: exceptions of the HTTP client and answers of the server to our errors.

Each `why` stands on its own, because states show it without the rest. Sources: aiohttp's exception tree, OpenSSL's
verification codes (`man openssl-verification-options`), Kubernetes API conventions (`metav1.Status`).
"""

from __future__ import annotations

import errno
import ssl

import aiohttp
import msgspec

from backends.errors import (
    CertificateRejected,
    Conflict,
    Expired,
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
from backends.model.redact import Redactor

_SHOWN = 400
_LONGEST_WAIT_S = 900.0
"""A delay asked for (429) is honoured up to this: an absurd one must not end the watching for good."""

_CERTIFICATE_REASONS = {
    9: ("its certificate is not valid yet", "compare this machine's clock with the API's"),
    10: ("its certificate has expired", "renew the API server's certificate, or correct this machine's clock"),
    18: ("its certificate is signed by itself, not by an authority of the kubeconfig", "copy the kubeconfig again"),
    19: ("its certificate comes from an authority that the kubeconfig does not name", "copy the kubeconfig again"),
    20: ("its certificate comes from an authority that the kubeconfig does not name", "copy the kubeconfig again"),
    21: ("its certificate comes from an authority that the kubeconfig does not name", "copy the kubeconfig again"),
    62: ("its certificate is for another name", "set `tls-server-name` in the kubeconfig, or correct `server`"),
    64: ("its certificate is for another address", "set `tls-server-name` in the kubeconfig, or correct `server`"),
}
_SOCKET_REASONS = {
    errno.ECONNREFUSED: ("connection refused by {where}", "the API server is not running, or a firewall refuses it"),
    errno.ECONNRESET: ("connection reset by {where}", "the API server or something on the way cut the connection"),
    errno.EHOSTUNREACH: ("no route to {where}", "check the network and VPN between here and the stamp"),
    errno.ENETUNREACH: ("no network to {where}", "check the network and VPN between here and the stamp"),
    errno.ETIMEDOUT: ("{where} stopped answering", "check the network and VPN between here and the stamp"),
    errno.EPIPE: ("connection closed by {where}", "the API server or something on the way cut the connection"),
}
# In TLS 1.3 a client certificate is refused after the handshake, which looks like this.
_CUT = (
    "{where} closed the connection",
    "the API server stopped, or refused our client certificate",
)


class NotAcceptable(Invalid):
    """The server does not answer in the form asked for (406, 415): it prints no Tables, say."""


class Status(msgspec.Struct):
    """A `metav1.Status`: how Kubernetes words a failure."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0


def from_exception(error: BaseException, where: str, *, proxy: str = "", timeout_s: float = 0.0) -> SourceError:
    """Map an exception of the HTTP client; `where` is the API's host and port, `proxy` that of the proxy if any."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unreachable(f"the name {error.host} is not known", "check `server` in the kubeconfig and DNS here")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        why = f"the proxy {proxy} answered {error.status} for {where}"
        return _unreachable(why, "check `proxy-url` of the kubeconfig and what the proxy allows")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return _unreachable(
            f"the proxy {proxy} cannot be reached", "start it, or correct `proxy-url` in the kubeconfig"
        )
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError | ssl.CertificateError):
        return _from_tls(error, where)
    cause = getattr(error, "os_error", None) or error.__cause__
    if isinstance(error, aiohttp.ClientOSError) and isinstance(cause, ssl.SSLError):
        return _from_tls(cause, where)
    if isinstance(error, TimeoutError):
        return _timed_out(error, where, timeout_s)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Malformed("cut answer", why=f"{where} cut its answer in the middle", todo="look at what is on the way")
    if isinstance(error, aiohttp.ClientResponseError):
        return Malformed("no HTTP", why=f"{where} answered something that is not HTTP", todo="correct `server`")
    if isinstance(error, OSError) and (known := _SOCKET_REASONS.get(error.errno or 0)):
        return _unreachable(known[0].format(where=where), known[1])
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientConnectionError):
        return _unreachable(_CUT[0].format(where=where), _CUT[1])
    return _unreachable(f"{where}: {type(error).__name__}: {clean(str(error))}", "check the network to the stamp")


def from_answer(
    status: int, body: bytes, content_type: str, *, doing: str, where: str, retry_after: str = ""
) -> SourceError:
    """Map an HTTP answer that is not a success to our error, in the server's own words where it gave some."""
    said = _said(body, content_type)
    what = f"cannot {doing}"
    if 300 <= status < 400:
        return Malformed(what, why=f"{where} answered with a redirect ({status})", todo=_PROXY_TODO)
    if status == 401:
        why = "the API refused the credentials (401)"
        return Unauthorized(what, why=why, todo="sign in again, or replace the credentials in the kubeconfig")
    if status == 403:
        todo = "ask for the right: `kubectl auth can-i --list` shows what you have"
        return Forbidden(what, why=said or "the API forbids it (403)", todo=todo)
    if status == 429:
        return _throttled(what, said, retry_after)
    if status >= 500:
        why = said or f"{where} failed ({status})"
        return ServerFailed(what, why=why, todo="look at the API server's own log on the masters")
    if "html" in content_type:
        return Malformed(what, why=f"{where} answered a page of HTML ({status})", todo=_PROXY_TODO)
    plain: dict[int, type[SourceError]] = {
        404: NotFound,
        406: NotAcceptable,
        409: Conflict,
        410: Expired,
        415: NotAcceptable,
    }
    return plain.get(status, Invalid)(what, why=said or f"{where} answered {status}")


def from_status(status: Status, *, doing: str, where: str) -> SourceError:
    """Map a Status object found inside a watch."""
    body = msgspec.json.encode(status)
    code = status.code or (410 if status.reason == "Expired" else 500)
    return from_answer(code, body, "application/json", doing=doing, where=where)


def not_json(content_type: str, body: bytes, *, doing: str, where: str) -> Malformed:
    """Return the error for a success that is not JSON, such as the sign-in page of a proxy."""
    kind = "HTML" if "html" in content_type or body.lstrip()[:1] == b"<" else content_type or "nothing"
    return Malformed(f"cannot {doing}", why=f"{where} answered {kind} instead of JSON", todo=_PROXY_TODO)


def broken_json(*, doing: str, where: str) -> Malformed:
    """Return the error for JSON that ends too early or says something else than the protocol promises."""
    why = f"{where} answered JSON that is cut short or is no Kubernetes answer"
    return Malformed(f"cannot {doing}", why=why, todo=_PROXY_TODO)


def closed_early(*, doing: str, where: str) -> Malformed:
    """Return the error for a watch that ends at once, time after time."""
    why = f"{where} ends the watch as soon as it begins"
    return Malformed(f"cannot {doing}", why=why, todo="look at proxies on the way: they may not let answers go on")


def clean(text: str) -> str:
    """Return foreign words for a message: one line, bounded, secrets masked."""
    words = " ".join(Redactor().text(text).split())
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def reason(error: SourceError) -> str:
    """Return what a state shows of an error."""
    return error.why or error.what


_PROXY_TODO = "something in front of the API answers in its place: check `server` and any proxy"


def _unreachable(why: str, todo: str) -> Unreachable:
    return Unreachable("the Kubernetes API cannot be reached", why=why, todo=todo)


def _timed_out(error: TimeoutError, where: str, timeout_s: float) -> Unreachable:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        why = f"{where} does not accept connections"
        return _unreachable(why, "check that the API server runs, and the network and VPN to the stamp")
    within = f" within {timeout_s:g} s" if timeout_s else ""
    return _unreachable(f"{where} does not answer{within}", "check the API server's load, and the network to the stamp")


def _from_tls(error: BaseException, where: str) -> SourceError:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    what = "no trusted connection to the Kubernetes API"
    if isinstance(inner, ssl.SSLCertVerificationError):
        code = inner.verify_code
        why, todo = _CERTIFICATE_REASONS.get(code, (f"its certificate is refused: {inner.verify_message}", ""))
        return CertificateRejected(what, why=f"{where}: {why}", todo=todo)
    text = getattr(inner, "reason", "") or str(inner)
    if "ALERT" in text and ("CERTIFICATE" in text or "UNKNOWN_CA" in text):
        why = f"{where} refused our client certificate ({text.split('ALERT_')[-1].lower().replace('_', ' ')})"
        return CertificateRejected(what, why=why, todo="replace the client certificate in the kubeconfig")
    if text in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"):
        return CertificateRejected(what, why=f"{where} does not speak TLS", todo="correct `server` in the kubeconfig")
    if isinstance(inner, ssl.SSLError):
        why = f"{where}: TLS failed ({clean(text).lower().replace('_', ' ')})"
        return CertificateRejected(what, why=why, todo="look at what is between here and the API")
    return _unreachable(_CUT[0].format(where=where), _CUT[1])


def _throttled(what: str, said: str, retry_after: str) -> Throttled:
    # RFC 9110 also allows a date here; Kubernetes sends seconds.
    delay = min(float(retry_after), _LONGEST_WAIT_S) if retry_after.isdecimal() else None
    wait = f"asked to slow down (429), again in {delay:g} s" if delay else "asked to slow down (429)"
    told = said if said and "too many requests" not in said.lower() else ""
    why = f"{told} ({wait})" if told else f"the API {wait}"
    return Throttled(
        what, why=why, todo="fewer watches or other clients; it is asked again by itself", retry_after_s=delay
    )


def _said(body: bytes, content_type: str) -> str:
    if "json" in content_type:
        try:
            status = msgspec.json.decode(body, type=Status)
        except msgspec.MsgspecError:
            return ""
        return clean(status.message or status.reason)
    if "text/plain" in content_type:
        return clean(body[:1000].decode(errors="replace"))
    return ""
