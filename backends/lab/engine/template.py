"""The Azure Resource Manager template of a cluster's machines, its expressions resolved."""

from __future__ import annotations

import hashlib
from typing import Any

from backends.lab.engine.releases import Release

Model = dict[str, Any]

_SCHEMA = "https://schema.management.azure.com/schemas/2015-01-01"
_COMPUTE_VERSION = "2020-06-01"


def machine_name(pool: str, suffix: str, index: int) -> str:
    """Return the name of a Linux machine, which is its node's too; the control plane's pool is `master`."""
    return f"k8s-{pool}-{suffix}-{index}"


def machine(model: Model, pool: str, suffix: str, index: int, release: Release) -> Model:
    """Return the resource of one machine of a pool, as the model describes the pool and the version."""
    properties = model["properties"]
    profile = properties["masterProfile"] if pool == "master" else _pool(properties, pool)
    name = machine_name(pool, suffix, index)
    image = release.linux
    disk = hashlib.sha256(f"{name} {release.name}".encode()).hexdigest()[:32]
    return {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": _COMPUTE_VERSION,
        "name": name,
        "location": model["location"],
        "tags": {
            "creationSource": f"aksengine-{name}",
            "orchestrator": f"Kubernetes:{properties['orchestratorProfile']['orchestratorVersion']}",
            "aksEngineVersion": release.name,
            "poolName": pool,
            "resourceNameSuffix": suffix,
        },
        "properties": {
            "hardwareProfile": {"vmSize": profile["vmSize"]},
            "storageProfile": {
                "imageReference": {
                    "publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": image.version,
                },
                "osDisk": {"name": f"{name}_OsDisk_1_{disk}", "createOption": "FromImage", "caching": "ReadWrite"},
            },
            "osProfile": {
                "computerName": name,
                "adminUsername": properties.get("linuxProfile", {}).get("adminUsername", "azureuser"),
            },
        },
    }  # fmt: skip


def template(resources: list[Model]) -> Model:
    """Return a template of resources."""
    return {
        "$schema": f"{_SCHEMA}/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"nameSuffix": {"type": "string"}},
        "variables": {},
        "resources": resources,
        "outputs": {},
    }


def cluster_template(model: Model, suffix: str, release: Release) -> Model:
    """Return the template of a whole cluster: every machine of the control plane and of each pool."""
    properties = model["properties"]
    pools = [("master", properties["masterProfile"]["count"])]
    pools += [(each["name"], each["count"]) for each in properties["agentPoolProfiles"]]
    return template([machine(model, pool, suffix, index, release) for pool, count in pools for index in range(count)])


def parameters(model: Model, suffix: str) -> Model:
    """Return azuredeploy.parameters.json: secrets and keys of the cluster are in it, as in the real one."""
    properties = model["properties"]
    master = properties["masterProfile"]
    principal = properties.get("servicePrincipalProfile") or {}
    values: Model = {
        "nameSuffix": suffix,
        "location": model["location"],
        "targetEnvironment": "AzureStackCloud",
        "linuxAdminUsername": properties["linuxProfile"]["adminUsername"],
        "sshRSAPublicKey": properties["linuxProfile"]["ssh"]["publicKeys"][0]["keyData"],
        "masterEndpointDNSNamePrefix": master["dnsPrefix"],
        "masterCount": master["count"],
        "masterVMSize": master["vmSize"],
        "servicePrincipalClientId": principal.get("clientId", ""),
        "servicePrincipalClientSecret": principal.get("secret", ""),
    }
    for pool in properties["agentPoolProfiles"]:
        values |= {f"{pool['name']}Count": pool["count"], f"{pool['name']}VMSize": pool["vmSize"]}
    profile = properties.get("certificateProfile", {})
    values |= {name: value for name, value in profile.items() if isinstance(value, str)}
    return {
        "$schema": f"{_SCHEMA}/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"value": value} for name, value in sorted(values.items())},
    }


def _pool(properties: Model, name: str) -> Model:
    return next(each for each in properties["agentPoolProfiles"] if each["name"] == name)
