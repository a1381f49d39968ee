"""The addresses of a stamp in an api model, and where they come from when the model does not tell them.

A stamp of the lab has no name service: what the stamp's would answer to its helper VM the lab leaves in a file there.
Other names are not looked up anywhere.
"""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.model import ApiModel, dict_at
from backends.lab.engine.output import Access, read_access, write_json
from backends.lab.engine.session import Session
from backends.lab.engine.wire import Wire, WireFailure, trusting_context

Model = dict[str, Any]

_TIMEOUT_S = 30.0
_FOLDER, _FILE = ".aks-engine-azurestack", "lab-stamp.json"


def environment(resource_manager: str, login: str, audience: str, location: str, gallery: str = "") -> Model:
    """Return the endpoints of a stamp as customCloudProfile.environment has them."""
    suffix = f"{location}.azurestack.external"
    return {
        "name": "AzureStackCloud",
        "managementPortalURL": f"https://portal.{suffix}/",
        "serviceManagementEndpoint": audience,
        "resourceManagerEndpoint": _with_slash(resource_manager),
        "activeDirectoryEndpoint": _with_slash(login),
        "galleryEndpoint": gallery or f"https://providers.{suffix}:30016/",
        "graphEndpoint": "https://graph.windows.net/",
        "storageEndpointSuffix": suffix,
        "keyVaultDNSSuffix": f"vault.{suffix}",
        "resourceManagerVMDNSSuffix": "cloudapp.azurestack.external",
        "tokenAudience": audience,
    }


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the lab tells a helper VM of its stamp: where its ARM is, which cluster stands on it and how it is reached.

    The lab has one Kubernetes API for each stamp, that of this cluster; another cluster's machines are machines only.
    """

    location: str
    dns_prefix: str
    suffix: str
    resource_manager: str
    access: Access


def write_stamp(home: Path, stamp: Stamp) -> None:
    """Leave the lab's word about the stamp in the engine's own folder."""
    folder = home / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    document = {
        "location": stamp.location,
        "dnsPrefix": stamp.dns_prefix,
        "suffix": stamp.suffix,
        "resourceManager": stamp.resource_manager,
        "kubeconfig": stamp.access.kubeconfig(stamp.dns_prefix),
    }
    write_json(folder / _FILE, document)


def read_stamp(home: str) -> Stamp | None:
    """Return what `write_stamp` left; None when there is nothing."""
    try:
        found = json.loads(Path(home, _FOLDER, _FILE).read_text())
        access = read_access(found["kubeconfig"])
        return Stamp(found["location"], found["dnsPrefix"], found["suffix"], found["resourceManager"], access)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def complete_environment(session: Session, model: ApiModel) -> None:
    """Fill customCloudProfile.environment in from the stamp's metadata, unless the model has it.

    Raises `EngineFailure` when the stamp cannot be asked.
    """
    profile = dict_at(model.properties, "customCloudProfile")
    if not profile or model.environment.get("resourceManagerEndpoint"):
        return
    portal = urllib.parse.urlsplit(str(profile.get("portalURL", "")))
    host = (portal.hostname or "").replace("portal.", "management.", 1)
    url = f"https://{host}/metadata/endpoints?api-version=1.0"
    try:
        found, manager = _metadata(session, host, model.location)
        authentication = found["authentication"]
        profile["environment"] = environment(
            manager, authentication["loginEndpoint"], authentication["audiences"][0], model.location,
            found.get("galleryEndpoint", ""),
        )  # fmt: skip
    except (WireFailure, ValueError, LookupError, TypeError) as error:
        cause = error.text if isinstance(error, WireFailure) else str(error)
        raise EngineFailure(
            f"{cause} . apimodel invalid: failed to retrieve custom endpoints from metadataURL {url}"
        ) from error


def _metadata(session: Session, host: str, location: str) -> tuple[Model, str]:
    """Return the stamp's metadata and the address of its Resource Manager."""
    path = "/metadata/endpoints?api-version=1.0"
    stamp = read_stamp(session.home)
    if stamp is None or location != stamp.location or host != f"management.{location}.azurestack.external":
        raise WireFailure(f'Get "https://{host}{path}": dial tcp: lookup {host} on 127.0.0.53:53: no such host')
    manager = stamp.resource_manager
    wire = Wire(manager, trusting_context(), session.clock.real_timeout_s(_TIMEOUT_S))
    try:
        answer = wire.ask("GET", path)
    except WireFailure as error:
        raise WireFailure(error.text.replace(wire.base, f"https://{host}")) from error
    if answer.status != 200:
        raise WireFailure(f"metadata endpoint answered {answer.status} {answer.reason}")
    found = json.loads(answer.body)
    if not isinstance(found, dict):
        raise WireFailure("metadata endpoint answered no JSON object")
    return found, manager


def _with_slash(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"
