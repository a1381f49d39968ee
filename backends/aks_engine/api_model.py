"""The cluster's api model as read from the helper VM: what an operator decides by, and nothing secret."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from backends.aks_engine.commands import api_model_path
from backends.aks_engine.model_secrets import text_without_secrets
from backends.aks_engine.remote import RunsCommands, run_script
from backends.aks_engine.vm_paths import shell_word
from backends.errors import Forbidden, Malformed, NotFound, SourceError, Unreachable
from backends.model import inert
from backends.model.engine.api_model import ApiModel, Pool

_COPIES_NAMED = 3


async def read_api_model(vm: RunsCommands) -> ApiModel:
    """Read and judge the api model; raises SourceError naming what is wrong with the file, and the copies of it."""
    path = api_model_path(vm.access, vm.stamp)
    lines = [f"model={shell_word(path)}", _read_model()]
    ran = await run_script(vm, lines, what="the api model could not be read", timeout_s=60.0)
    said, data = _parts(ran.output)
    problem = _problem(path, said, vm.stamp)
    if problem is not None:
        raise problem
    size = _number(said, "model")
    if size is None or len(data) != size:
        raise Unreachable(
            "the api model was not read whole",
            why=f"{len(data):,} of {size or 0:,} bytes came",
            todo="read it again",
            stamp=vm.stamp,
        )
    return _judged(path, said, data, vm.stamp)


def _judged(path: str, said: Sequence[tuple[str, str]], data: bytes, stamp: str) -> ApiModel:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        where = (
            f"line {error.lineno}, column {error.colno}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else str(error)[:100]
        )
        raise _broken(path, where, said, stamp) from None
    properties = _mapping(document, "properties")
    masters = _mapping(properties, "masterProfile")
    orchestrator = _mapping(properties, "orchestratorProfile")
    if not masters or not orchestrator:
        raise _broken(path, "it has no properties.masterProfile or orchestratorProfile", said, stamp)
    cloud = _mapping(properties, "customCloudProfile")
    location = _text(document, "location")
    dns_prefix = _text(masters, "dnsPrefix")
    return ApiModel(
        path=path,
        version=_text(orchestrator, "orchestratorVersion"),
        dns_prefix=dns_prefix,
        location=location,
        suffix=next((value for key, value in said if key == "suffix" and len(value) == 8), ""),
        masters=_pool(masters, "master"),
        pools=tuple(_pool(each, _text(each, "name")) for each in _list(properties, "agentPoolProfiles")),
        api_server=_api_server(dns_prefix, location, cloud),
        identity_system=_text(cloud, "identitySystem"),
        portal=_text(cloud, "portalURL"),
        sha256=hashlib.sha256(data).hexdigest(),
        text="\n".join(map(inert.line, text_without_secrets(document).split("\n"))),
        modes=tuple(_wrong_modes(said)),
    )


def _api_server(dns_prefix: str, location: str, cloud: Mapping[str, Any]) -> str:
    """Return `<dns>.<location>.cloudapp.<fqdn>`, as ARM names a public address on Azure Stack Hub."""
    suffix = _text(_mapping(cloud, "environment"), "resourceManagerVMDNSSuffix")
    if not suffix:
        # Left out of a model that was made by hand; the portal is `portal.<location>.<fqdn>`.
        host = urlsplit(_text(cloud, "portalURL")).hostname or ""
        _, _, domain = host.partition(f"portal.{location}.")
        suffix = f"cloudapp.{domain}" if domain else ""
    return f"{dns_prefix}.{location}.{suffix}" if dns_prefix and location and suffix else ""


def _pool(profile: Mapping[str, Any], name: str) -> Pool:
    count = profile.get("count")
    return Pool(
        name=name,
        count=count if isinstance(count, int) else 0,
        vm_size=_text(profile, "vmSize"),
        distro=_text(profile, "distro"),
        os=_text(profile, "osType") or "Linux",
        availability=_text(profile, "availabilityProfile") or "AvailabilitySet",
    )


def _wrong_modes(said: Sequence[tuple[str, str]]) -> list[str]:
    found = []
    for key, value in said:
        kind, _, rest = value.partition(" ")
        mode, _, path = rest.partition(" ")
        if key != "mode" or not mode.isdigit() or not int(mode, 8) & 0o077:
            continue
        wanted = "0700" if kind == "folder" else "0600"
        found.append(f"{path} is 0{mode[-3:]} and not {wanted}: other accounts of the VM may get at it")
    return found


def _problem(path: str, said: Sequence[tuple[str, str]], stamp: str) -> SourceError | None:
    state = next((value for key, value in said if key == "state"), "")
    if state == "there":
        return None
    folder = posixpath.dirname(path)
    todo = "correct helper_vm.api_model in fleet.yaml" + (f", or restore {_copies(said)}" if _copies(said) else "")
    if state in ("closed", "closed-folder"):
        todo = "log in with the account that deployed the cluster, or let this one read it"
        return Forbidden(f"the api model {path} is not ours to read", why="permission denied", todo=todo, stamp=stamp)
    if state == "no-folder":
        return NotFound(f"there is no folder {folder} on the helper VM", todo=todo, stamp=stamp)
    if state == "missing":
        return NotFound(f"there is no {path} on the helper VM", todo=todo, stamp=stamp)
    if state == "no-file":
        return Malformed(f"{path} on the helper VM is no file", todo=todo, stamp=stamp)
    return Malformed("the api model could not be read", why="the VM's answer was cut short", stamp=stamp)


def _broken(path: str, where: str, said: Sequence[tuple[str, str]], stamp: str) -> Malformed:
    copies = _copies(said)
    todo = f"put back a whole one: there is {copies}" if copies else "put back a whole one; no copies are beside it"
    return Malformed(f"the api model {path} is broken", why=where, todo=todo, stamp=stamp)


def _copies(said: Sequence[tuple[str, str]]) -> str:
    """Return the newest copies beside the file, the newest first."""
    found = [value for key, value in said if key == "copy"]
    return ", ".join(found[::-1][:_COPIES_NAMED])


def _parts(output: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Return the lines before the file as (key, value), the last of which tells its size, and the file's bytes."""
    said: list[tuple[str, str]] = []
    rest = output
    while rest:
        line, _, rest = rest.partition(b"\n")
        key, _, value = line.decode("utf-8", "replace").partition(" ")
        said.append((key, inert.name(value)))
        if key == "model":
            break
    return said, rest


def _number(said: Sequence[tuple[str, str]], wanted: str) -> int | None:
    return next((int(value) for key, value in said if key == wanted and value.isdigit()), None)


def _mapping(found: Any, name: str) -> Mapping[str, Any]:
    value = found.get(name) if isinstance(found, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _list(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = found.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    return inert.name(value) if isinstance(value, str) else ""


@cache
def _read_model() -> str:
    return files("backends.aks_engine").joinpath("read_model.sh").read_text("utf-8")
