"""What a cluster is after an upgrade that it was not before, in an operator's words.

Sources: the messages of aks-engine-azurestack at loading, and Kubernetes' deprecated API migration guide.
"""

from __future__ import annotations

from backends.model.engine.release import EngineRelease
from backends.model.engine.releases import csi_driver, version_key

_TURNS = (
    (
        21,
        "the in-tree cloud provider gives way to cloud-controller-manager and the CSI drivers: "
        "volumes on in-tree disks have to be looked at first",
    ),
    (24, "containerd takes the place of docker: nothing may rely on the docker socket or its log files"),
    (
        25,
        "PodSecurityPolicy is gone: aks-engine refuses to go on while policies of your own are there (kubectl get psp)",
    ),
)
"""By the first minor they hold for."""

_REMOVED = (
    (16, "extensions/v1beta1 and apps/v1beta1, apps/v1beta2 Deployment, DaemonSet, StatefulSet, ReplicaSet"),
    (
        22,
        "extensions/v1beta1 and networking.k8s.io/v1beta1 Ingress, apiextensions.k8s.io/v1beta1 "
        "CustomResourceDefinition, v1beta1 of rbac.authorization, admissionregistration, storage, scheduling, "
        "coordination and certificates",
    ),
    (
        25,
        "batch/v1beta1 CronJob, policy/v1beta1 PodDisruptionBudget and PodSecurityPolicy, autoscaling/v2beta1, "
        "discovery.k8s.io/v1beta1, events.k8s.io/v1beta1, node.k8s.io/v1beta1",
    ),
    (26, "autoscaling/v2beta2 HorizontalPodAutoscaler, flowcontrol.apiserver.k8s.io/v1beta1"),
    (27, "storage.k8s.io/v1beta1 CSIStorageCapacity"),
    (29, "flowcontrol.apiserver.k8s.io/v1beta2"),
    (32, "flowcontrol.apiserver.k8s.io/v1beta3"),
)
"""Kinds of APIs by the minor that no longer serves them."""

IMAGE_ONLY = (
    "every node is replaced, also those that have the new image already",
    "it needs --force and cannot be resumed: after a failure the same command begins again with the first master",
)


def changes_of(current: str, version: str, distro: str, release: EngineRelease | None) -> tuple[str, ...]:
    """Return what a hop brings; `distro` is the nodes' before it (`aks-ubuntu-20.04`, empty: not known).

    Without a release, of one that this console does not know, what can be said of the Kubernetes version alone.
    """
    before, after = version_key(current)[1], version_key(version)[1]
    found = [text for minor, text in _TURNS if before < minor <= after]
    found += [f"no longer served: {apis}" for minor, apis in _REMOVED if before < minor <= after]
    if release is not None:
        new = distro_of(release)
        if distro and distro != new:
            found.append(f"the nodes' system goes from {distro} to {new}")
    old_driver, new_driver = csi_driver(current), csi_driver(version)
    if old_driver != new_driver:
        found.append(f"the Azure Disk CSI driver goes from {old_driver} to {new_driver}")
    return tuple(found)


def distro_of(release: EngineRelease) -> str:
    """Return the api model's word for the system of a release's image, `aks-ubuntu-22.04`."""
    sku = release.linux_image.split(":")[2]
    digits = sku.rpartition("-")[2]
    return f"aks-ubuntu-{digits[:2]}.{digits[2:]}"
