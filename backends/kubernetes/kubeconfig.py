"""Reading kubeconfig files: contexts, what is wrong with them, and who else can read them. Never writes.

Format: client-go `clientcmd/api/v1` Config. Only this module and `access` read the file; the current-context is
never looked at, because another terminal may change it at any time.
"""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from backends.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Context:
    """One context with the cluster and user it names; `folder` is what relative paths in it start from."""

    name: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]
    folder: Path
    namespace: str = ""

    @property
    def server(self) -> str:
        """The URL of the API."""
        return str(self.cluster["server"]).rstrip("/")

    def files(self) -> tuple[Path, ...]:
        """Every file that holds part of this context's credentials or authorities."""
        named = (
            self.cluster.get("certificate-authority"),
            self.user.get("client-certificate"),
            self.user.get("client-key"),
            self.user.get("tokenFile"),
        )
        return tuple(self.folder / str(each) for each in named if each)


def contexts(path: Path) -> tuple[str, ...]:
    """Return the names of the contexts in a kubeconfig, in its order; ConfigurationError when it cannot be read."""
    return tuple(str(each["name"]) for each in _entries(_load(path), "contexts", path))


def read_context(path: Path, context: str) -> Context:
    """Return one context of a kubeconfig, checked; ConfigurationError says what is wrong in which file."""
    path = path.expanduser()
    config = _load(path)
    chosen = _named(config, "contexts", context, path)["context"]
    if not isinstance(chosen, Mapping) or not chosen.get("cluster"):
        raise _wrong(path, f"context {context} names no cluster", "add `cluster:` to that context")
    cluster = _named(config, "clusters", str(chosen["cluster"]), path).get("cluster")
    if not isinstance(cluster, Mapping) or not _is_address(str(cluster.get("server", ""))):
        raise _wrong(path, f"cluster {chosen['cluster']} has no `server:` with an https:// URL", "add its URL")
    user: Any = {}
    if chosen.get("user"):
        user = _named(config, "users", str(chosen["user"]), path).get("user") or {}
    if not isinstance(user, Mapping):
        raise _wrong(path, f"user {chosen['user']} is not a mapping", "see `kubectl config set-credentials --help`")
    found = Context(context, cluster, user, path.parent, str(chosen.get("namespace") or ""))
    _check_data(found, path)
    return found


def check(path: Path, context: str) -> list[str]:
    """Return warnings about a kubeconfig that can be used; ConfigurationError when it cannot.

    Warns of credentials that others can read, TLS that is not verified, and files that are missing.
    """
    path = path.expanduser()
    found = read_context(path, context)
    warnings = [text for each in (path, *_secret_files(found)) if (text := _mode_warning(each))]
    warnings += [f"{path}: context {context} needs {each}, which does not exist" for each in _missing(found)]
    if found.cluster.get("insecure-skip-tls-verify"):
        warnings.append(
            f"{path}: context {context} does not verify the API's certificate (insecure-skip-tls-verify): "
            "anyone on the way can read and change everything, credentials included"
        )
    return warnings


def _secret_files(context: Context) -> list[Path]:
    named = (context.user.get("client-key"), context.user.get("tokenFile"))
    return [context.folder / str(each) for each in named if each]


def _missing(context: Context) -> list[Path]:
    return [each for each in context.files() if not each.exists()]


def _mode_warning(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    if not mode & 0o077:
        return ""
    who = "everyone on this machine" if mode & 0o007 else "its group"
    return (
        f"{path}: mode {mode:04o} lets {who} use these credentials (an aks-engine kubeconfig holds a cluster-admin "
        f"certificate valid for 30 years): chmod 600 {path}"
    )


def _load(path: Path) -> Mapping[str, Any]:
    path = path.expanduser()
    try:
        config = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except FileNotFoundError:
        raise _wrong(path, "the kubeconfig does not exist", "correct `kubeconfig:` or copy the file here") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise _wrong(
            path, f"the kubeconfig cannot be read ({why})", "make it readable for you alone: chmod 600"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark is not None else ""
        # The text around the error may be part of a key: only its place is told.
        raise _wrong(path, f"the kubeconfig is not valid YAML{line}", "correct it or copy it again") from None
    if not isinstance(config, Mapping):
        raise _wrong(path, "the file is not a kubeconfig", "name a file that `kubectl config view` understands")
    return config


def _entries(config: Mapping[str, Any], kind: str, path: Path) -> list[Mapping[str, Any]]:
    entries = config.get(kind) or []
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) and "name" in each for each in entries):
        raise _wrong(path, f"`{kind}:` is not a list of named entries", "correct it or copy the file again")
    return entries


def _named(config: Mapping[str, Any], kind: str, name: str, path: Path) -> Mapping[str, Any]:
    entries = _entries(config, kind, path)
    for each in entries:
        if str(each["name"]) == name:
            return each
    known = ", ".join(str(each["name"]) for each in entries) or "none"
    raise _wrong(path, f"there is no {kind[:-1]} named {name}", f"use one of: {known}")


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(server)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets around what is no address
        return False


def _check_data(context: Context, path: Path) -> None:
    parts: tuple[tuple[Mapping[str, Any], str], ...] = (
        (context.cluster, "certificate-authority-data"),
        (context.user, "client-certificate-data"),
        (context.user, "client-key-data"),
    )
    for holder, key in parts:
        try:
            base64.b64decode(str(holder.get(key) or ""), validate=True)
        except (binascii.Error, ValueError):
            # The value itself is never repeated: it may be a private key.
            raise _wrong(path, f"`{key}` of context {context.name} is not base64", "copy the file again") from None


def _wrong(path: Path, why: str, todo: str) -> ConfigurationError:
    return ConfigurationError(f"kubeconfig {path}", why=why, todo=todo)
