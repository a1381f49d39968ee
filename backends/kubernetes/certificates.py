"""When the certificates of one stamp expire: the API's own, and the one of the kubeconfig if it has one.

aks-engine makes both for thirty years, other installers for one; either ends every connection when it is over.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from backends.errors import ConfigurationError, SourceError, Unauthorized
from backends.kubernetes import failures
from backends.kubernetes.access import proxy_for
from backends.kubernetes.kubeconfig import Context, read_context
from backends.kubernetes.way import Way
from backends.model.checks import Certificate
from backends.model.stamp import Stamp


async def certificates_of(stamp: Stamp, connect_s: float, way: Way | None = None) -> Sequence[Certificate]:
    """Return the certificates in use; the API's is left out when a proxy is on the way. Raises SourceError."""
    try:
        context = await asyncio.to_thread(read_context, stamp.cluster.kubeconfig, stamp.cluster.context)
        own = await asyncio.to_thread(_client_certificate, context)
        proxy = proxy_for(context)
    except ConfigurationError as error:
        raise Unauthorized("no usable kubeconfig", why=error.why, todo=error.todo, stamp=stamp.name) from None
    except (OSError, ValueError):
        why = "the client certificate of the kubeconfig cannot be read"
        raise Unauthorized("no usable kubeconfig", why=why, todo="copy it again", stamp=stamp.name) from None
    found = [own] if own is not None else []
    if context.server.startswith("https:") and (proxy is None or way is not None):
        found.append(await _server_certificate(context, stamp, connect_s, way))
    return found


def _client_certificate(context: Context) -> Certificate | None:
    data, file = context.user.get("client-certificate-data"), context.user.get("client-certificate")
    if data:
        return _certificate("client", base64.b64decode(str(data)))
    if file:
        return _certificate("client", (context.folder / str(file)).read_bytes())
    return None


async def _server_certificate(context: Context, stamp: Stamp, connect_s: float, way: Way | None) -> Certificate:
    """Shake hands and look; nothing is sent, so an untrusted certificate is looked at as well."""
    url = urlsplit(context.server)
    host, port = url.hostname or "", url.port or 443
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    name = str(context.cluster.get("tls-server-name") or host)
    try:
        there = await way.reach(host, port, stamp.cluster.request_timeout_s) if way is not None else (host, port)
        async with asyncio.timeout(connect_s):
            _, writer = await asyncio.open_connection(*there, ssl=looking, server_hostname=name)
    except (OSError, ValueError) as error:  # ValueError: a name that DNS cannot be asked for
        raise _named(failures.from_exception(error, f"{host}:{port}", timeout_s=connect_s), stamp) from None
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return await asyncio.to_thread(_certificate, "server", shown)
    except ValueError as error:
        raise _named(failures.from_exception(error, f"{host}:{port}"), stamp) from None
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _certificate(role: str, encoded: bytes) -> Certificate:
    """Read PEM or DER; ValueError when it is neither. Call it in a thread, the first one imports the reader."""
    from cryptography import x509

    read = x509.load_pem_x509_certificate if b"-----BEGIN" in encoded else x509.load_der_x509_certificate
    found = read(encoded)
    begins, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    return Certificate(role, ends, found.subject.rfc4514_string(), begins)


def _named(error: SourceError, stamp: Stamp) -> SourceError:
    error.stamp = stamp.name
    return error
