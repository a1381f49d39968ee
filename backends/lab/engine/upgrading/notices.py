"""What an upgrade changes in the api model by itself, and tells of it."""

from __future__ import annotations

from backends.lab.engine.model import ApiModel, dict_at
from backends.lab.engine.session import Session
from backends.lab.engine.upgrading.target import is_at_least

_RETIRED = ("aks-ubuntu-16.04", "aks-ubuntu-18.04", "aks-ubuntu-20.04")
_COMPONENTS = ("kubeletConfig", "apiServerConfig", "controllerManagerConfig")


def overwrite_retired(session: Session, model: ApiModel, target: str) -> None:
    """Replace distributions and settings that the release or the target version no longer takes."""
    release = session.release
    for profile, what in [(model.masters, "master profile"), *(
        (each, f"agent pool profile {each.get('name')}") for each in model.pools
    )]:  # fmt: skip
        distro = profile.get("distro")
        if distro in _RETIRED and distro != release.distro:
            session.streams.info(
                f"Distro '{distro}' is not longer supported on Azure Stack Hub, "
                f"overwriting {what} distro to '{release.distro}'"
            )
            profile["distro"] = release.distro
    if is_at_least(target, "1.21.0"):
        session.streams.info(
            "The in-tree cloud provider is not longer supported on Azure Stack Hub for v1.21+ clusters, "
            "overwriting UseCloudControllerManager to 'true'"
        )
        model.kubernetes["useCloudControllerManager"] = True
    if is_at_least(target, "1.24.0") and model.kubernetes.get("containerRuntime") == "docker":
        session.streams.info(
            "The docker runtime is no longer supported for v1.24+ clusters, "
            "overwriting ContainerRuntime to 'containerd'"
        )
        model.kubernetes["containerRuntime"] = "containerd"
    for component in _COMPONENTS:
        settings = dict_at(model.kubernetes, component)
        if settings.get("--cloud-provider") == "azure":
            session.streams.info(f"Forcing '--cloud-provider' to 'external' in {component}")
            settings["--cloud-provider"] = "external"


def set_version(model: ApiModel, target: str) -> None:
    """Put the target into the model: release, version, and the tags of images that carry the old version."""
    old = model.version
    model.orchestrator["orchestratorRelease"] = target.rpartition(".")[0]
    model.orchestrator["orchestratorVersion"] = target
    for container in model.image_places():
        image = str(container["image"])
        if image.endswith(f":v{old}"):
            container["image"] = f"{image.removesuffix(old)}{target}"
