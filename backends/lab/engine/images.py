"""The check that the base images a cluster needs are in the stamp's marketplace."""

from __future__ import annotations

from backends.lab.engine.arm import COMPUTE, Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.model import ApiModel
from backends.lab.engine.releases import RELEASES, Image, Release
from backends.lab.engine.session import Session
from backends.lab.engine.stack import trace

_BUDGET_S = 30.0
_PLACES = {
    "upgrade": (("(*upgradeCmd).validateOSBaseImage", "upgrade.go:488"), ("(*upgradeCmd).run", "upgrade.go:408")),
    "scale": (("(*scaleCmd).validateOSBaseImage", "scale.go:571"), ("(*scaleCmd).run", "scale.go:269")),
    "deploy": (("(*deployCmd).validateOSBaseImage", "deploy.go:527"), ("(*deployCmd).run", "deploy.go:431")),
}


def check_images(session: Session, arm: Arm, model: ApiModel, path: str) -> None:
    """Ask ARM for each base image of the model's pools; log those it has not, and raise `EngineFailure` then."""
    absent = []
    deadline = session.clock.spent() + _BUDGET_S
    for image in required_images(model, session.release):
        session.streams.debug(
            "Validate OS image is available on the target cloud: "
            f"{image.publisher}, {image.offer}, {image.sku}, {image.version}"
        )
        try:
            arm.call("GET", image_path(model.location, image), COMPUTE, deadline=deadline)
        except ArmFailure as error:
            absent.append((image, error))
    called_by = _PLACES.get(session.call.command.name, ())
    for image, problem in absent:
        frames = [
            ("pkg/armhelpers.(*AzureClient).GetVirtualMachineImage", "pkg/armhelpers/vmImage.go:32"),
            ("pkg/armhelpers.ValidateRequiredImages", "pkg/armhelpers/support_validator.go:36"),
        ]
        frames += [(f"cmd.{function}", f"cmd/{place}") for function, place in called_by]
        session.streams.error(f"error: {problem.text}\nfetching virtual machine image\n{trace(frames)}")
        session.streams.error(
            f"Image Publisher: {image.publisher}, Offer: {image.offer}, SKU: {image.sku}, Version: {image.version}"
        )
    if absent:
        raise EngineFailure(
            f"validating OS base images required by {path}: OS base image not available in target cloud: "
            "some VM images are missing on the target cloud"
        )


def required_images(model: ApiModel, release: Release) -> list[Image]:
    """Return the images of the control plane's and the pools' distributions, each once."""
    found = [linux_image(str(model.masters.get("distro", "")), release)]
    for pool in model.pools:
        is_windows = pool.get("osType") == "Windows"
        found.append(release.windows if is_windows else linux_image(str(pool.get("distro", "")), release))
    return list(dict.fromkeys(found))


def linux_image(distro: str, release: Release) -> Image:
    """Return the image of a distribution: this release's, or that of the last release which had it."""
    if distro in ("", release.distro):
        return release.linux
    return next((each.linux for each in RELEASES if each.distro == distro), release.linux)


def image_path(location: str, image: Image) -> str:
    """Return the path of an image under its subscription."""
    return (
        f"/providers/Microsoft.Compute/locations/{location}/publishers/{image.publisher}/artifacttypes/vmimage"
        f"/offers/{image.offer}/skus/{image.sku}/versions/{image.version}"
    )
