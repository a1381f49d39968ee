"""An output folder of aks-engine as `deploy` leaves it, around the real program's api model, with secrets put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backends.model.engine.api_model import ApiModel, Pool

SUFFIX = "12582595"
SECRET = "p~8Q+a/b'c\"d$e&f=gh"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0123456789\n-----END RSA PRIVATE KEY-----\n"
COPIED_KEY = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ"
SECRETS = (
    SECRET, "MIIEowIBAAKCAQEA0123456789", COPIED_KEY, "Adm1n-Pass", "c2VjcmV0LW1hbmlmZXN0", "wXyZ-extension",
    "etcd+key==",
)  # fmt: skip


def document() -> dict[str, Any]:
    """Return the api model that v0.85.0 wrote, of a cluster named orlando, whose secrets are SECRETS."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("data").joinpath("apimodel.json").read_text())
    properties = found["properties"]
    found["location"] = "orlando"
    properties["masterProfile"]["dnsPrefix"] = "k8s-orlando"
    properties["customCloudProfile"]["portalURL"] = "https://portal.orlando.azurestack.external"
    properties["servicePrincipalProfile"]["secret"] = SECRET
    certificates = properties["certificateProfile"]
    for name in certificates:
        if name.endswith("PrivateKey"):
            certificates[name] = KEY
    certificates["etcdPeerPrivateKeys"] = [KEY, KEY, KEY]
    certificates["clientPrivateKey"] = COPIED_KEY
    properties["windowsProfile"] = {"adminUsername": "azureuser", "adminPassword": "Adm1n-Pass"}
    kubernetes = properties["orchestratorProfile"]["kubernetesConfig"]
    kubernetes["etcdEncryptionKey"] = "etcd+key=="
    kubernetes["addons"][0]["data"] = "c2VjcmV0LW1hbmlmZXN0"
    properties["extensionProfiles"] = [{"name": "own", "extensionParameters": "wXyZ-extension"}]
    # What somebody copied where it does not belong.
    properties["linuxProfile"]["note"] = f"login with {SECRET}"
    return found


def write_output(home: Path, model: dict[str, Any] | None = None) -> Path:
    """Write the folder and return apimodel.json's path."""
    folder = home / "_output" / "k8s-orlando"
    (folder / "kubeconfig").mkdir(parents=True)
    for each in (home / "_output", folder, folder / "kubeconfig"):
        each.chmod(0o700)
    parameters = {"parameters": {"nameSuffix": {"value": SUFFIX}, "caPrivateKey": {"value": COPIED_KEY}}}
    _write(folder / "azuredeploy.parameters.json", json.dumps(parameters, indent=2))
    _write(folder / "kubeconfig" / "kubeconfig.orlando.json", "{}")
    _write(folder / "ca.key", KEY)
    return _write(folder / "apimodel.json", json.dumps(model or document(), indent=2))


def api_model(version: str = "1.33.10", count: int = 3, **changes: Any) -> ApiModel:
    """Return what reading that folder gives, as far as commands depend on it."""
    found: dict[str, Any] = {
        "path": "~/_output/k8s-orlando/apimodel.json",
        "version": version,
        "dns_prefix": "k8s-orlando",
        "location": "orlando",
        "suffix": SUFFIX,
        "masters": Pool("master", 3),
        "pools": (Pool("linuxpool", count),),
        "api_server": "k8s-orlando.orlando.cloudapp.azurestack.external",
        "sha256": "ab" * 32,
        **changes,
    }
    return ApiModel(**found)


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(0o600)
    return path
