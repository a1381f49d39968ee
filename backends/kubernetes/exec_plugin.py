"""Exec credential plugins: a command of the kubeconfig that prints an ExecCredential.

Protocol: client.authentication.k8s.io v1 and v1beta1. The official client's own runner lets the plugin read our
terminal, waits for ever and keeps quiet about failures, so the command is run here and its answer handed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from backends.errors import Unauthorized
from backends.kubernetes.kubeconfig import Context
from backends.model.age import parse_time
from backends.model.redact import Redactor

_OUTPUT_LIMIT = 1 << 20
_STDERR_SHOWN = 300
_CORRECT = "correct the user's `exec:` entry"


class _Status(msgspec.Struct):
    token: str = ""
    client_certificate: str = msgspec.field(default="", name="clientCertificateData")
    client_key: str = msgspec.field(default="", name="clientKeyData")
    expires: str | None = msgspec.field(default=None, name="expirationTimestamp")


class _Credential(msgspec.Struct):
    api_version: str = msgspec.field(name="apiVersion")
    status: _Status


@dataclass(frozen=True, slots=True, repr=False)
class PluginCredential:
    """What a plugin answered; `expires_at` is seconds since the epoch, or None for "until it is refused"."""

    token: str
    certificate: str
    key: str
    expires_at: float | None


async def run_plugin(context: Context, timeout_s: float) -> PluginCredential:
    """Run the context's plugin without a terminal; Unauthorized tells why there is no credential."""
    plugin = context.user["exec"]
    if not isinstance(plugin, Mapping) or not plugin.get("command") or not plugin.get("apiVersion"):
        raise _failed("its kubeconfig entry needs `command` and `apiVersion`", _CORRECT)
    command = _command(context, str(plugin["command"]))
    arguments = [str(each) for each in _listed(plugin, "args")]
    environment = _environment(context, plugin)
    try:
        process = await asyncio.create_subprocess_exec(
            command,
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_OUTPUT_LIMIT,
        )
    except OSError as error:
        hint = str(plugin.get("installHint") or "install it, or correct `command:` in the kubeconfig").strip()
        raise _failed(f"{command} cannot be started ({error.strerror})", hint) from None
    except ValueError:
        raise _failed("its command, arguments or environment hold a null character", _CORRECT) from None
    output, errors = await _collect(process, command, timeout_s)
    if process.returncode != 0:
        said = _shown(errors)
        raise _failed(f"{command} ended with exit code {process.returncode}{said}", "run it by hand, or sign in again")
    return _parse(output, command, str(plugin["apiVersion"]))


async def _collect(process: asyncio.subprocess.Process, command: str, timeout_s: float) -> tuple[bytes, bytes]:
    try:
        async with asyncio.timeout(timeout_s):
            return await process.communicate()
    except TimeoutError:
        why = f"{command} did not answer within {timeout_s:g} s; it may be waiting for an answer from a person"
        raise _failed(why, "run it by hand once, or sign in again") from None
    finally:
        if process.returncode is None:
            # The whole session: plugins are often scripts around other programs.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _parse(output: bytes, command: str, wanted: str) -> PluginCredential:
    try:
        answer = msgspec.json.decode(output, type=_Credential)
    except msgspec.MsgspecError:
        # The output is not quoted: it may be most of a token.
        raise _failed(f"{command} printed something that is not an ExecCredential", "run it by hand") from None
    if answer.api_version != wanted:
        why = f"{command} answered {answer.api_version}, the kubeconfig asks for {wanted}"
        raise _failed(why, "correct `apiVersion:` of the user's `exec:` entry")
    status = answer.status
    if not status.token and not (status.client_certificate and status.client_key):
        raise _failed(f"{command} gave neither a token nor a certificate with its key", "run it by hand")
    expires_at = parse_time(status.expires) or None if status.expires else None
    return PluginCredential(status.token, status.client_certificate, status.client_key, expires_at)


def _command(context: Context, command: str) -> str:
    # As in client-go: a path is relative to the kubeconfig, a bare name is found on PATH.
    if os.sep in command and not Path(command).is_absolute():
        return str(context.folder / command)
    return command


def _environment(context: Context, plugin: Mapping[str, Any]) -> dict[str, str]:
    environment = dict(os.environ)
    for each in _listed(plugin, "env"):
        if not isinstance(each, Mapping) or not each.get("name") or "value" not in each:
            raise _failed("each entry of its `env` needs `name` and `value`", _CORRECT)
        environment[str(each["name"])] = str(each["value"])
    specification: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        known = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url")
        specification["cluster"] = {each: context.cluster[each] for each in known if each in context.cluster}
    info = {"apiVersion": str(plugin["apiVersion"]), "kind": "ExecCredential", "spec": specification}
    environment["KUBERNETES_EXEC_INFO"] = msgspec.json.encode(info).decode()
    return environment


def _listed(plugin: Mapping[str, Any], key: str) -> list[Any]:
    found = plugin.get(key) or []
    if not isinstance(found, list):
        raise _failed(f"its `{key}` is not a list", _CORRECT)
    return found


def _shown(errors: bytes) -> str:
    text = Redactor().text(errors.decode(errors="replace")).strip()
    words = " ".join(text.split())
    return f": {words[:_STDERR_SHOWN]}{'…' if len(words) > _STDERR_SHOWN else ''}" if words else ""


def _failed(why: str, todo: str) -> Unauthorized:
    return Unauthorized("no credentials from the exec plugin", why=why, todo=todo)
