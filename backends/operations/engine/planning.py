"""What an upgrade of one stamp would take, asked of its helper VM and its marketplace; nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from backends.errors import SourceError, StampdeckError
from backends.model.azure_stack import BaseImage
from backends.model.engine.api_model import ApiModel
from backends.model.engine.planner import plan_image, plan_path
from backends.model.engine.release import UpgradePath
from backends.model.engine.releases import newest_version, parse_version, version_key
from backends.operations.engine.site import EngineSite
from backends.operations.vm_ports import StampArm


@dataclass(frozen=True, slots=True)
class PlannedUpgrade:
    """A way with what it was reckoned from.

    `offered` is None when the engine could not be asked, `there` says of each image whether the marketplace has it,
    None when that is not known; `problems` are what could not be asked, in words.
    """

    stamp: str
    model: ApiModel
    installed: str
    offered: tuple[str, ...] | None
    path: UpgradePath
    there: Mapping[str, bool | None]
    problems: tuple[str, ...]


async def plan_upgrade(site: EngineSite, target: str = "", *, image_only: bool = False) -> PlannedUpgrade:
    """Return the way to `target`, by default to the newest version there is one to; SourceError without the api model.

    `image_only` plans the same version with the base image of the engine that is installed.
    """
    model = await site.engine.api_model()
    problems: list[str] = []
    installed, offered = await _ask_engine(site, model, problems)
    windows = any(pool.os.lower() == "windows" for pool in model.pools)
    if image_only:
        path = plan_image(model.version, installed, windows=windows)
    else:
        target = target or _newest(model.version, offered)
        path = plan_path(model.version, target, offered, installed, windows=windows, distro=model.masters.distro)
    there = await _in_marketplace(site.arm, path, problems)
    return PlannedUpgrade(site.name, model, installed, offered, path, there, tuple(problems))


async def _ask_engine(site: EngineSite, model: ApiModel, problems: list[str]) -> tuple[str, tuple[str, ...] | None]:
    """Return its release and what it offers; without it the way is reckoned by the release table alone."""
    try:
        installed = await site.engine.version()
        return installed, await site.engine.offered(model.version)
    except StampdeckError as error:
        problems.append(f"the installed engine was not asked: {error}")
        return "", None


def _newest(current: str, offered: tuple[str, ...] | None) -> str:
    """Return the newest version to be had; the current one when there is none newer."""
    known = [newest_version(), *(offered or ())]
    if parse_version(current) is not None:
        known.append(current)
    return max(known, key=version_key)


async def _in_marketplace(arm: StampArm | None, path: UpgradePath, problems: list[str]) -> dict[str, bool | None]:
    images = list(dict.fromkeys(image for hop in path.hops for image in hop.images))
    if not images:
        return {}
    if arm is None:
        problems.append("whether the images are in the marketplace is not known: no azure_stack.reader in fleet.yaml")
        return dict.fromkeys(images)
    try:
        found = await asyncio.gather(*(arm.has_image(BaseImage(*each.split(":"))) for each in images))
    except SourceError as error:
        problems.append(f"whether the images are in the marketplace is not known: {error}")
        return dict.fromkeys(images)
    return dict(zip(images, found, strict=True))
