"""How one context is reached: address, TLS and credentials, loaded by the official client.

The client costs 0.1 s to import and is needed only here, so it is imported at the first use, in a thread.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backends.errors import ConfigurationError, StampdeckError, Unauthorized
from backends.kubernetes.exec_plugin import PluginCredential
from backends.kubernetes.failures import clean
from backends.kubernetes.kubeconfig import Context
from backends.kubernetes.official import official_client

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """Everything a request needs besides its path; never printed, for its headers are secret."""

    server: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None

    @property
    def where(self) -> str:
        """The API's host and port, for messages."""
        return urlsplit(self.server).netloc.rpartition("@")[2]

    @property
    def address(self) -> tuple[str, int]:
        """The API's host and port, as the kubeconfig has them."""
        parts = urlsplit(self.server)
        return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)

    def url(self, path: str, instead: Address | None = None) -> str:
        """Return the URL of a path, at another address when one is to be connected to `instead`."""
        if instead is None:
            return self.server + path
        parts = urlsplit(self.server)
        return f"{parts.scheme}://{instead[0]}:{instead[1]}{parts.path}{path}"

    def signed(self, instead: Address | None = None) -> dict[str, str]:
        """Return the headers that say who we are, and whom we mean when another address is connected to."""
        return dict(self.headers) if instead is None else {"Host": self.where, **self.headers}

    def way(self, instead: Address | None = None) -> dict[str, Any]:
        """Return how the API is connected to, as the HTTP client's arguments of every request.

        Whatever is connected to, the certificate has to be the API's own; a way of its own leads past the proxy.
        """
        tls = self.tls if self.tls is not None else True
        if instead is None:
            return {"ssl": tls, "server_hostname": self.server_name, "proxy": self.proxy}
        return {"ssl": tls, "server_hostname": self.server_name or self.address[0]}

    @property
    def proxy_where(self) -> str:
        """The proxy's host and port without its password, for messages."""
        return urlsplit(self.proxy).netloc.rpartition("@")[2] if self.proxy else ""


async def load_access(context: Context, plugin: PluginCredential | None) -> Access:
    """Let the official client read one context; Unauthorized or ConfigurationError say why it cannot.

    Key material given as data is on disk (0700) only while OpenSSL, which takes files alone, reads it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="stampdeck-") as folder:
            entry = await asyncio.to_thread(_plain_entry, context, plugin, Path(folder))
            configuration = await asyncio.to_thread(_new_configuration)
            await _load(entry, configuration)
            settings = await configuration.auth_settings()
            tls = await asyncio.to_thread(_tls, configuration) if context.server.startswith("https:") else None
    except StampdeckError:
        raise
    except OSError as error:
        raise _unusable(context, error) from None
    except Exception as error:
        # The client raises whatever it stumbles over: ConfigException, ValueError, KeyError, aiohttp errors.
        why = f"context {context.name}: {clean(str(error)) or type(error).__name__}"
        raise Unauthorized("no credentials from the kubeconfig", why=why, todo="sign in again") from None
    headers = {"Authorization": settings["BearerToken"]["value"]} if "BearerToken" in settings else {}
    return Access(
        server=configuration.host,
        headers=_sendable(context, headers | _impersonation(context.user)),
        tls=tls,
        server_name=configuration.tls_server_name or None,
        proxy=proxy_for(context),
    )


def _new_configuration() -> Any:
    configuration = official_client().configuration()
    # Python 3.13 insists on extensions that certificates of older clusters lack; kubectl does not.
    configuration.disable_strict_ssl_verification = True
    return configuration


async def _load(entry: dict[str, Any], configuration: Any) -> None:
    loader = official_client().loader(entry, active_context="chosen", config_base_path="")
    await loader.load_and_set(configuration)


def _tls(configuration: Any) -> ssl.SSLContext:
    context = official_client().rest(configuration).ssl_context
    assert isinstance(context, ssl.SSLContext)
    return context


def _plain_entry(context: Context, plugin: PluginCredential | None, folder: Path) -> dict[str, Any]:
    """Return a kubeconfig of this one context in which every file is absolute and every token is in place."""
    cluster, user = dict(context.cluster), dict(context.user)
    user.pop("exec", None)
    if plugin is not None:
        if plugin.token:
            user = {"token": plugin.token}
        if plugin.certificate and plugin.key:
            encoded = (base64.b64encode(each.encode()).decode() for each in (plugin.certificate, plugin.key))
            user["client-certificate-data"], user["client-key-data"] = encoded
    _place(cluster, "certificate-authority", context, folder)
    _place(user, "client-certificate", context, folder)
    _place(user, "client-key", context, folder)
    if token_file := user.pop("tokenFile", None):
        user["token"] = _read_token(context.folder / str(token_file))
    return {
        "contexts": [{"name": "chosen", "context": {"cluster": "chosen", "user": "chosen"}}],
        "clusters": [{"name": "chosen", "cluster": cluster}],
        "users": [{"name": "chosen", "user": user}],
    }


def _place(holder: dict[str, Any], key: str, context: Context, folder: Path) -> None:
    data = holder.pop(f"{key}-data", None)
    if data:
        path = folder / key
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(str(data)))
        holder[key] = str(path)
    elif holder.get(key):
        holder[key] = str(context.folder / str(holder[key]))
    else:
        holder.pop(key, None)


def _read_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except OSError as error:
        why = f"the token file {path} cannot be read ({error.strerror})"
        raise Unauthorized("no credentials from the token file", why=why, todo="correct `tokenFile`") from None
    if not token or not token.isprintable():
        why = f"the token file {path} holds no token"
        raise Unauthorized("no credentials from the token file", why=why, todo="write the token into it again")
    return token


def _impersonation(user: Mapping[str, Any]) -> dict[str, str]:
    # The official client ignores these, which would act with more rights than the kubeconfig gives.
    if user.get("as-groups") or user.get("as-user-extra"):
        why = "the kubeconfig impersonates groups or extra fields, which is not supported"
        raise ConfigurationError("kubeconfig user", why=why, todo="use `as` alone, or another user")
    return {"Impersonate-User": str(user["as"])} if user.get("as") else {}


def _sendable(context: Context, headers: dict[str, str]) -> dict[str, str]:
    if not all(value.isprintable() for value in headers.values()):
        why = f"context {context.name}: the token or user name holds a line break or another control character"
        raise Unauthorized("no credentials from the kubeconfig", why=why, todo="copy the kubeconfig again")
    return headers


def proxy_for(context: Context) -> str | None:
    """Return the URL of the proxy the API is reached through; ConfigurationError when we cannot use its kind."""
    configured = str(context.cluster.get("proxy-url") or "")
    if configured:
        if not configured.startswith(("http://", "https://")):
            scheme = configured.partition(":")[0]
            why = f"context {context.name}: `proxy-url` uses {scheme}, only http and https proxies are supported"
            raise ConfigurationError("kubeconfig cluster", why=why, todo="use an HTTP proxy, or a tunnel of your own")
        return configured
    parts = urlsplit(context.server)
    host = parts.hostname or ""
    # As in Go's http.ProxyFromEnvironment, and so in kubectl: never for this machine itself.
    if _is_loopback(host) or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unusable(context: Context, error: OSError) -> Unauthorized:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").replace("_", " ").lower()
        why = f"context {context.name}: a certificate or key of the kubeconfig cannot be used ({reason or 'not PEM'})"
    else:
        why = f"context {context.name}: {error.filename or 'a file'} cannot be read ({error.strerror})"
    return Unauthorized("no credentials from the kubeconfig", why=why, todo="copy the kubeconfig and its files again")
