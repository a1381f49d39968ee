"""The files an engine's run leaves behind: the output directory of a cluster, as `deploy` and `generate` write it.

Directories are 0700 and files 0600. All of it holds secrets.
Called by the engine's commands; a lab furnishes a whole helper VM by `home.write_home`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.lab.engine.releases import Release
from backends.lab.engine.template import cluster_template, parameters

if TYPE_CHECKING:
    from backends.lab.engine.pki import Issued

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Access:
    """How a cluster's Kubernetes API is reached as its administrator; certificates and key are PEM."""

    server: str
    authority: bytes
    certificate: bytes
    key: bytes

    def kubeconfig(self, name: str) -> Model:
        """Return it as the engine's kubeconfig, a JSON document; `name` is the DNS prefix."""
        user = f"{name}-admin"
        cluster = {"certificate-authority-data": _base64(self.authority), "server": self.server}
        credentials = {"client-certificate-data": _base64(self.certificate), "client-key-data": _base64(self.key)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "current-context": name,
            "users": [{"name": user, "user": credentials}],
        }


def read_access(document: Model) -> Access:
    """Return what a kubeconfig made by `Access.kubeconfig` says; raises LookupError, TypeError or ValueError."""
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    return Access(
        cluster["server"],
        base64.b64decode(cluster["certificate-authority-data"]),
        base64.b64decode(user["client-certificate-data"]),
        base64.b64decode(user["client-key-data"]),
    )


def write_cluster(
    folder: Path, model: Model, suffix: str, release: Release, issued: Mapping[str, Issued], access: Access,
    *, indent: int | None = 2,
) -> None:  # fmt: skip
    """Write the whole output directory of a finished model; `suffix` is the cluster's eight digits."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_certificates(folder, issued)
    write_json(folder / "apimodel.json", model)
    write_json(folder / "azuredeploy.json", cluster_template(model, suffix, release), indent=indent)
    write_json(folder / "azuredeploy.parameters.json", parameters(model, suffix), indent=indent)
    write_kubeconfig(folder, model, access)


def write_certificates(folder: Path, issued: Mapping[str, Issued]) -> None:
    """Write NAME.crt and NAME.key for each certificate."""
    for name, pair in issued.items():
        write_private(folder / f"{name}.crt", pair.certificate.encode())
        write_private(folder / f"{name}.key", pair.key.encode())


def write_kubeconfig(folder: Path, model: Model, access: Access) -> None:
    """Write kubeconfig/kubeconfig.LOCATION.json."""
    path = folder / "kubeconfig" / f"kubeconfig.{model['location']}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_json(path, access.kubeconfig(model["properties"]["masterProfile"]["dnsPrefix"]))


def write_json(path: Path, document: Model, *, indent: int | None = 2) -> None:
    """Write a JSON document, 0600."""
    write_private(path, json.dumps(document, indent=indent).encode() + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """Truncate and write a file, 0600, as the engine does: not in one step."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        error.filename = str(path)
        raise


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
