"""What a stamp's helper VM has in its home when the lab starts: the output directory of the cluster, and material.

Called by the lab, not by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.lab.engine.cloud import Stamp, environment, write_stamp
from backends.lab.engine.model_defaults import fill
from backends.lab.engine.output import Access, write_cluster, write_json, write_private
from backends.lab.engine.pki import certificate_profile, issue, shared_keys, shared_node_key
from backends.lab.engine.releases import release_for

Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """What the engine logs in with: both a certificate (PEM, with its key) and a secret are known to the stamp."""

    client_id: str
    secret: str
    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Cluster:
    """A stamp's cluster as its api model tells it; `suffix` are its eight digits, `version` is such as 1.29.15.

    `resource_manager` is the address of the stamp's ARM, `login` that of its token endpoint, `audience` what a token
    for it is asked for; `identity_system` is azure_ad or adfs.
    """

    location: str
    dns_prefix: str
    suffix: str
    version: str
    masters: int
    agents: int
    resource_manager: str
    login: str
    audience: str
    identity_system: str
    access: Access
    principal: ServicePrincipal
    pool: str = "linuxpool"


def write_home(home: Path, cluster: Cluster) -> None:
    """Write _output/DNSPREFIX, kubernetes.json, linuxpool2.json, .stampdeck-sp and .ssh/id_rsa into a home directory.

    The last is the key of the cluster's nodes, that rotate-certs and get-logs need.
    """
    write_output(home / "_output" / cluster.dns_prefix, cluster)
    write_stamp(
        home,
        Stamp(cluster.location, cluster.dns_prefix, cluster.suffix, cluster.resource_manager, cluster.access),
    )
    write_json(home / "kubernetes.json", _definition(cluster))
    write_json(home / "linuxpool2.json", _new_pool(cluster))
    keys = home / ".ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    write_private(keys / "id_rsa", shared_node_key().private)
    write_private(keys / "id_rsa.pub", f"{shared_node_key().public} azureuser\n".encode())
    credentials = home / ".stampdeck-sp"
    credentials.mkdir(mode=0o700, exist_ok=True)
    write_private(credentials / "client.pem", cluster.principal.certificate)
    write_private(credentials / "key.pem", cluster.principal.key)
    write_private(credentials / "secret", cluster.principal.secret.encode() + b"\n")


def write_output(folder: Path, cluster: Cluster) -> None:
    """Write the output directory of a stamp's cluster, made by the newest release that supports its version."""
    release = release_for(cluster.version)
    issued = issue(cluster.masters, shared_keys())
    model = fill(_model(cluster), release)
    model["properties"]["certificateProfile"] = certificate_profile(issued)
    for parent in (folder.parent, folder):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_cluster(folder, model, cluster.suffix, release, issued, cluster.access)


def _model(cluster: Cluster) -> Model:
    return {
        "apiVersion": "vlabs",
        "location": cluster.location,
        "properties": {
            "orchestratorProfile": {
                "orchestratorType": "Kubernetes",
                "orchestratorRelease": cluster.version.rpartition(".")[0],
                "orchestratorVersion": cluster.version,
                "kubernetesConfig": {},
            },
            "masterProfile": {
                "count": cluster.masters, "dnsPrefix": cluster.dns_prefix, "vmSize": "Standard_DS2_v2",
            },
            "agentPoolProfiles": [
                {"name": cluster.pool, "count": cluster.agents, "vmSize": "Standard_DS3_v2", "osType": "Linux"}
            ],
            "linuxProfile": _linux(),
            "servicePrincipalProfile": {
                "clientId": cluster.principal.client_id, "secret": cluster.principal.secret,
            },
            "customCloudProfile": {
                "environment": environment(
                    cluster.resource_manager, cluster.login, cluster.audience, cluster.location
                ),
                "identitySystem": cluster.identity_system,
                "authenticationMethod": "client_secret",
                "dependenciesLocation": "public",
                "portalURL": _portal(cluster),
            },
        },
    }  # fmt: skip


def _definition(cluster: Cluster) -> Model:
    """Return a short model of another cluster on the same stamp, such as an operator writes for `deploy`."""
    release = release_for(cluster.version)
    return {
        "apiVersion": "vlabs",
        "location": cluster.location,
        "properties": {
            "orchestratorProfile": {
                "orchestratorType": "Kubernetes",
                "orchestratorRelease": release.default.rpartition(".")[0],
                "orchestratorVersion": release.default,
                "kubernetesConfig": {"useInstanceMetadata": False, "networkPlugin": "kubenet"},
            },
            "customCloudProfile": {
                "portalURL": _portal(cluster),
                "identitySystem": cluster.identity_system,
            },
            "masterProfile": {
                "dnsPrefix": f"{cluster.dns_prefix}-2", "distro": release.distro, "count": 3,
                "vmSize": "Standard_DS2_v2",
            },
            "agentPoolProfiles": [
                {
                    "name": cluster.pool, "count": 2, "vmSize": "Standard_DS3_v2", "distro": release.distro,
                    "availabilityProfile": "AvailabilitySet",
                }
            ],
            "linuxProfile": _linux(),
            "servicePrincipalProfile": {"clientId": "", "secret": ""},
        },
    }  # fmt: skip


def _new_pool(cluster: Cluster) -> Model:
    return {
        "name": "linuxpool2",
        "count": 2,
        "vmSize": "Standard_DS3_v2",
        "osType": "Linux",
        "availabilityProfile": "AvailabilitySet",
        "distro": release_for(cluster.version).distro,
    }


def _linux() -> Model:
    return {
        "adminUsername": "azureuser",
        "ssh": {"publicKeys": [{"keyData": f"{shared_node_key().public} azureuser"}]},
        "runUnattendedUpgradesOnBootstrap": False,
        "enableUnattendedUpgrades": False,
    }


def _portal(cluster: Cluster) -> str:
    return f"https://portal.{cluster.location}.azurestack.external"
