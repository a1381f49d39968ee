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
    BudgetBlocked,
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
_FIELDS = 6
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


class Unsent(Unreachable):
    """No connection could be made, so that nothing was sent: what was to be done is certainly not done."""


class Cause(msgspec.Struct):
    """One reason of several: the field it is about, a word for it, and a sentence."""

    field: str = ""
    reason: str = ""
    message: str = ""


class StatusDetails(msgspec.Struct):
    """What a Status tells beside its message."""

    name: str = ""
    kind: str = ""
    causes: list[Cause] | None = None
    retry_after_s: int = msgspec.field(default=0, name="retryAfterSeconds")


class Status(msgspec.Struct):
    """A `metav1.Status`: how Kubernetes words a failure, or how a command in a container ended."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    status: str = ""
    details: StatusDetails | None = None

    @property
    def causes(self) -> list[Cause]:
        """The single reasons, if any are told."""
        return (self.details.causes or []) if self.details else []


def from_exception(error: BaseException, where: str, *, proxy: str = "", timeout_s: float = 0.0) -> SourceError:
    """Map an exception of the HTTP client; `where` is the API's host and port, `proxy` that of the proxy if any."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unsent(f"the name {error.host} is not known", "check `server` in the kubeconfig and DNS here")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        why = f"the proxy {proxy} answered {error.status} for {where}"
        return _unsent(why, "check `proxy-url` of the kubeconfig and what the proxy allows")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return _unsent(f"the proxy {proxy} cannot be reached", "start it, or correct `proxy-url` in the kubeconfig")
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
    unreachable = _unsent if isinstance(error, aiohttp.ClientConnectorError) else _unreachable
    if isinstance(error, OSError) and (known := _SOCKET_REASONS.get(error.errno or 0)):
        return unreachable(known[0].format(where=where), known[1])
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientConnectionError):
        return unreachable(_CUT[0].format(where=where), _CUT[1])
    return unreachable(f"{where}: {type(error).__name__}: {clean(str(error))}", "check the network to the stamp")


def from_answer(
    status: int, body: bytes, content_type: str, *, doing: str, where: str, retry_after: str = ""
) -> SourceError:
    """Map an HTTP answer that is not a success to our error, in the server's own words where it gave some."""
    told = _told(body, content_type)
    said = clean(told.message or told.reason)
    what = f"cannot {doing}"
    if 300 <= status < 400:
        return Malformed(what, why=f"{where} answered with a redirect ({status})", todo=_PROXY_TODO)
    if status == 401:
        why = "the API refused the credentials (401)"
        return Unauthorized(what, why=why, todo="sign in again, or replace the credentials in the kubeconfig")
    if status == 403:
        return Forbidden(what, why=said or "the API forbids it (403)", todo=_todo_forbidden(said))
    if status == 429:
        return _throttled(what, told, said, retry_after)
    if status >= 500:
        return _failed(what, said or f"{where} failed ({status})")
    if "html" in content_type:
        return Malformed(what, why=f"{where} answered a page of HTML ({status})", todo=_PROXY_TODO)
    plain: dict[int, type[SourceError]] = {
        404: NotFound,
        406: NotAcceptable,
        410: Expired,
        415: NotAcceptable,
    }
    why = said or f"{where} answered {status}"
    if status == 409:
        return Conflict(what, why=why, todo=_todo_conflict(told))
    if status == 422 and told.causes:
        why = _invalid_fields(told)
    return plain.get(status, Invalid)(what, why=why, todo=_POLICY_TODO if _is_policy(said) else "")


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


def endless_list(how: str, *, doing: str, where: str) -> Malformed:
    """Return the error for a list whose pages do not come to an end."""
    why = f"{where} lists without end: {how}"
    return Malformed(f"cannot {doing}", why=why, todo="look at proxies on the way and at the API server's own log")


def not_upgraded(status: int, *, doing: str, where: str) -> Malformed:
    """Return the error for an answer that is neither a refusal nor the WebSocket asked for."""
    if status == 101:
        why = f"{where} speaks none of the channel protocols (v4.channel.k8s.io)"
    else:
        why = f"{where} answered {status} instead of opening a WebSocket"
    return Malformed(f"cannot {doing}", why=why, todo="look at proxies on the way: they may not let WebSockets pass")


def clean(text: str, shown: int = _SHOWN) -> str:
    """Return foreign words for a message: one line, bounded, secrets masked."""
    words = " ".join(Redactor().text(text).split())
    return words if len(words) <= shown else f"{words[:shown]}…"


def reason(error: SourceError) -> str:
    """Return what a state shows of an error."""
    return error.why or error.what


_POLICY_TODO = "a rule of the cluster refused it, not your rights: change it, or ask who owns that rule"
_PROXY_TODO = "something in front of the API answers in its place: check `server` and any proxy"


def _unreachable(why: str, todo: str) -> Unreachable:
    return Unreachable("the Kubernetes API cannot be reached", why=why, todo=todo)


def _unsent(why: str, todo: str) -> Unsent:
    return Unsent("the Kubernetes API cannot be reached", why=why, todo=todo)


def _timed_out(error: TimeoutError, where: str, timeout_s: float) -> Unreachable:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        why = f"{where} does not accept connections"
        return _unsent(why, "check that the API server runs, and the network and VPN to the stamp")
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


def _throttled(what: str, told: Status, said: str, retry_after: str) -> Throttled:
    # RFC 9110 also allows a date here; Kubernetes sends seconds.
    delay = min(float(retry_after), _LONGEST_WAIT_S) if retry_after.isdecimal() else None
    budget = next((each.message for each in told.causes if each.reason == "DisruptionBudget"), None)
    if budget is not None:
        # Its sentence names the budget and counts: "… budget web needs 2 healthy pods and has 1 currently".
        why = " ".join(filter(None, (said, clean(budget))))
        todo = "wait until more of its pods are ready, or change the budget; nothing was evicted"
        return BudgetBlocked(what, why=why, todo=todo, retry_after_s=delay)
    wait = f"asked to slow down (429), again in {delay:g} s" if delay else "asked to slow down (429)"
    why = f"{said} ({wait})" if said and "too many requests" not in said.lower() else f"the API {wait}"
    return Throttled(
        what, why=why, todo="fewer watches or other clients; it is asked again by itself", retry_after_s=delay
    )


def _failed(what: str, why: str) -> SourceError:
    if "failed calling webhook" in why or "failed calling admission webhook" in why:
        todo = "an admission webhook does not answer: repair it, or ask who owns its configuration; nothing was done"
        return ServerFailed(what, why=why, todo=todo)
    if "more than one PodDisruptionBudget" in why:
        # Told as a failure of the server (500), but it stays so until one of the budgets is gone.
        return Invalid(what, why=why, todo="let only one budget select the pod")
    return ServerFailed(what, why=why, todo="look at the API server's own log on the masters")


def _todo_forbidden(said: str) -> str:
    # Missing rights read `User "ada" cannot delete resource …`; everything else comes from admission.
    if _is_policy(said) or (said and " cannot " not in said):
        return _POLICY_TODO
    return "ask for the right: `kubectl auth can-i --list` shows what you have"


def _is_policy(said: str) -> bool:
    return "denied the request" in said or "denied request" in said


def _todo_conflict(told: Status) -> str:
    if told.reason == "AlreadyExists":
        return "take another name, or change the one that is there"
    return "somebody changed it meanwhile: look at it as it is now, and decide again"


def _invalid_fields(told: Status) -> str:
    """Return what is wrong, field by field; the message alone is one long line that may be cut."""
    fields = [f"{each.field}: {clean(each.message)}" if each.field else clean(each.message) for each in told.causes]
    more = f"; and {len(fields) - _FIELDS} more" if len(fields) > _FIELDS else ""
    name = f'{told.details.kind} "{told.details.name}" is invalid: ' if told.details and told.details.kind else ""
    return clean(name) + ("" if not name else " ") + "; ".join(fields[:_FIELDS]) + more


def _told(body: bytes, content_type: str) -> Status:
    if "json" in content_type:
        try:
            return msgspec.json.decode(body, type=Status)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Status()
    if "text/plain" in content_type:
        return Status(message=body[:1000].decode(errors="replace"))
    return Status()
