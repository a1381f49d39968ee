"""The addresses of a stamp in an api model, and where they come from when the model does not tell them.

A stamp of the lab has no name service. What the stamp's would answer to its helper VM is known there already: the
model of the cluster that stands on it names its Resource Manager. Other names are not looked up anywhere.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.model import ApiModel, dict_at
from backends.lab.engine.output import Access
from backends.lab.engine.session import Session
from backends.lab.engine.wire import Wire, WireFailure, trusting_context

Model = dict[str, Any]

_TIMEOUT_S = 30.0


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
class Neighbour:
    """The cluster that stands on the stamp already: its model, and how its Kubernetes API is reached.

    The lab has one Kubernetes API for each stamp: it answers for a cluster that is deployed beside as well.
    """

    model: ApiModel
    access: Access


def find_neighbour(home: str, location: str) -> Neighbour | None:
    """Return what the output directories of the home tell of the stamp; None when they tell nothing."""
    for path in sorted(Path(home, "_output").glob("*/apimodel.json")):
        try:
            model = ApiModel(str(path), json.loads(path.read_text()))
            if model.location == location:
                return Neighbour(model, _access(model.kubeconfig))
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return None


def _access(kubeconfig: Path) -> Access:
    document = json.loads(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    return Access(
        cluster["server"],
        base64.b64decode(cluster["certificate-authority-data"]),
        base64.b64decode(user["client-certificate-data"]),
        base64.b64decode(user["client-key-data"]),
    )


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
    neighbour = find_neighbour(session.home, location)
    if neighbour is None or host != f"management.{location}.azurestack.external":
        raise WireFailure(f'Get "https://{host}{path}": dial tcp: lookup {host}: no such host')
    manager = str(neighbour.model.environment["resourceManagerEndpoint"])
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
