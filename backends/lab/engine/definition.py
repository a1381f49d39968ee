"""The api model an operator wrote for `deploy` and `generate`: read, merged with --set, and checked."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from typing import Any

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.model import ApiModel, dict_at, load_model
from backends.lab.engine.releases import Release
from backends.lab.engine.session import Session

_DISTROS_OUT = ("aks-ubuntu-16.04", "aks-ubuntu-18.04")
_POOL_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_DNS_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,43}[A-Za-z0-9]")


def load_definition(path: str, release: Release) -> ApiModel:
    """Read a definition whose version a release can make; raises `EngineFailure`."""
    model = load_model(path)
    profile = model.orchestrator
    minor, version = str(profile.get("orchestratorRelease") or ""), str(profile.get("orchestratorVersion") or "")
    if _chosen(release, minor, version):
        return model
    raise EngineFailure(
        "error parsing the api model: the following OrchestratorProfile configuration is not supported on Azure Stack: "
        f'OrchestratorType: "Kubernetes", OrchestratorRelease: "{minor or version.rpartition(".")[0]}", '
        f'OrchestratorVersion: "{version}". Please use one of the following versions: '
        f"[{' '.join(release.kubernetes)}]"
    )


def _chosen(release: Release, minor: str, version: str) -> str:
    if version:
        fits = version in release.kubernetes and (not minor or version.startswith(f"{minor}."))
        return version if fits else ""
    if minor:
        return next((each for each in reversed(release.kubernetes) if each.startswith(f"{minor}.")), "")
    return release.default


def merge(session: Session, path: str) -> str:
    """Write a copy of a definition with the values of --set in it, and return its path; `path` itself without any.

    Keys are paths under `properties`, such as masterProfile.count or agentPoolProfiles[0].vmSize.
    """
    settings = [each for text in session.call.texts("set") for each in text.split(",") if each]
    if not settings:
        return path
    model = load_model(path)
    for each in settings:
        key, _, value = each.partition("=")
        try:
            _set(dict_at(model.content, "properties"), re.findall(r"[^.\[\]]+", key), _value(value))
        except (LookupError, TypeError, ValueError) as error:
            raise EngineFailure(f"error merging --set values with the api model: {path}: {error}") from error
    descriptor, merged = tempfile.mkstemp(prefix="mergedApiModel")
    with os.fdopen(descriptor, "w") as file:
        json.dump(model.content, file, indent=2)
    session.streams.info(f"new API model file has been generated during merge: {merged}")
    return merged


def _set(parent: Any, keys: Sequence[str], value: object) -> None:
    for key in keys[:-1]:
        parent = parent[int(key)] if isinstance(parent, list) else parent.setdefault(key, {})
    if isinstance(parent, list):
        parent[int(keys[-1])] = value
    else:
        parent[keys[-1]] = value


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def check_distros(session: Session, model: ApiModel) -> None:
    """Refuse distributions that are out of support, with a line of the log as well."""
    for what, profile in (("master", model.masters), *(("agent pool", each) for each in model.pools)):
        distro = str(profile.get("distro", ""))
        if distro in _DISTROS_OUT:
            session.streams.error(
                f"Distro '{distro}' is not longer supported on Azure Stack Hub, use 'aks-ubuntu-20.04' instead"
            )
            raise EngineFailure(f"invalid {what} profile distro '{distro}'")


def check_definition(session: Session, model: ApiModel) -> None:
    """Check what can be known before anything is made, in the engine's order; raises `EngineFailure`."""
    try:
        _check_fields(model)
        if model.masters.get("count") == 1:
            session.streams.warn(
                "Running only 1 control plane VM not recommended for production clusters, use 3 or 5 for control "
                "plane redundancy"
            )
        _check_dns_prefix(model.dns_prefix)
        _check_pool_names(model.pools)
        _check_stack(model)
    except EngineFailure as error:
        raise error.under("validating API model after populating values") from error


def _check_fields(model: ApiModel) -> None:
    masters = model.masters
    if not masters:
        raise EngineFailure("missing Properties.MasterProfile")
    if masters.get("count") not in (1, 3, 5):
        raise EngineFailure("MasterProfile count needs to be 1, 3, or 5")
    if not model.dns_prefix:
        raise EngineFailure("missing Properties.MasterProfile.DNSPrefix")
    _check_pool_fields(model.pools)
    linux = dict_at(model.properties, "linuxProfile")
    if not linux:
        raise EngineFailure("missing Properties.LinuxProfile")
    if not dict_at(linux, "ssh").get("publicKeys"):
        where = "Properties.LinuxProfile.SSH.PublicKeys"
        raise EngineFailure(
            f"Namespace {where} is not caught, Key: '{where}' Error:Field validation for 'PublicKeys' failed on the "
            "'min' tag"
        )


def _check_pool_fields(pools: Sequence[dict[str, Any]]) -> None:
    for position, pool in enumerate(pools):
        for field, name in (("name", "Name"), ("vmSize", "VMSize")):
            if not pool.get(field):
                raise EngineFailure(f"missing Properties.AgentPoolProfiles[{position}].{name}")
        count = pool.get("count")
        if not isinstance(count, int) or not 1 <= count <= 100:
            raise EngineFailure("AgentPoolProfile count needs to be in the range [1,100]")


def _check_dns_prefix(name: str) -> None:
    if not _DNS_PREFIX.fullmatch(name):
        raise EngineFailure(
            f"DNSPrefix '{name}' is invalid. The DNSPrefix must contain between 3 and 45 characters and can contain "
            "only letters, numbers, and hyphens.  It must start with a letter and must end with a letter or a number. "
            f"(length was {len(name)})"
        )


def _check_pool_names(pools: Sequence[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for pool in pools:
        name = str(pool["name"])
        if not _POOL_NAME.fullmatch(name):
            raise EngineFailure(
                f"pool name '{name}' is invalid. A pool name must start with a lowercase letter, have max length of "
                "12, and only have characters a-z0-9"
            )
        if name in seen:
            raise EngineFailure(f"profile name '{name}' already exists, profile names must be unique across pools")
        seen.add(name)


def _check_stack(model: ApiModel) -> None:
    """Check what Azure Stack Hub asks for besides."""
    portal = str(dict_at(model.properties, "customCloudProfile").get("portalURL", ""))
    expected = f"https://portal.{model.location}."
    if not portal.startswith(expected):
        raise EngineFailure(f"portalURL needs to start with {expected} ")
    for pool in model.pools:
        if pool.get("availabilityProfile", "AvailabilitySet") != "AvailabilitySet":
            raise EngineFailure(
                f"agentPoolProfiles[{pool['name']}].availabilityProfile should be set to 'AvailabilitySet' on Azure "
                "Stack clouds"
            )


def default_definition(session: Session) -> str:
    """Write the model that is taken where none is given to a temporary file, say so, and return its path."""
    session.streams.info("no --api-model was specified, using default model")
    descriptor, path = tempfile.mkstemp(prefix="aks-engine-azurestack-default-api-model_")
    session.streams.info(f"default api model generated at {path}")
    with os.fdopen(descriptor, "w") as file:
        json.dump(default_model(), file, indent=2)
    return path


def default_model() -> dict[str, Any]:
    """Return a model of the public cloud without keys: of no use on a stamp."""
    return {
        "apiVersion": "vlabs",
        "properties": {
            "orchestratorProfile": {"orchestratorType": "Kubernetes"},
            "masterProfile": {"count": 3, "dnsPrefix": "", "vmSize": "Standard_DS2_v2"},
            "agentPoolProfiles": [{"name": "agentpool1", "count": 3, "vmSize": "Standard_DS2_v2"}],
            "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": ""}]}},
            "servicePrincipalProfile": {"clientId": "", "secret": ""},
        },
    }
