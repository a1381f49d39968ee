"""Releases of aks-engine-azurestack with what each needs and offers; who makes a newer one adds a line here.

Source: release notes, docs/topics/azure-stack.md and pkg/api/common/versions.go of aks-engine-azurestack.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backends.model.engine.release import EngineRelease

_LINUX = "microsoft-aks:aks:aks-engine-azurestack-ubuntu"
_WINDOWS = "microsoft-aks:aks-windows:2019-datacenter-core-azurestack-ctrd"

RELEASES: tuple[EngineRelease, ...] = (
    EngineRelease(
        "v0.81.2",
        ("1.28.15", "1.29.10"),
        f"{_LINUX}-2004:2024.311.1",
        f"{_WINDOWS}:17763.6414.20243111",
        "2025-11",
    ),
    EngineRelease(
        "v0.82.2",
        ("1.29.15", "1.30.10"),
        f"{_LINUX}-2204:2025.079.2",
        f"{_WINDOWS}:17763.7009.20250792",
        "2025-11",
    ),
    EngineRelease(
        "v0.83.1",
        ("1.30.14", "1.31.11"),
        f"{_LINUX}-2204:2025.227.1",
        f"{_WINDOWS}:17763.7678.20252271",
        "2025-11",
    ),
    EngineRelease(
        "v0.84.2",
        ("1.31.13", "1.32.9", "1.33.5"),
        f"{_LINUX}-2204:2025.337.1",
        f"{_WINDOWS}:17763.7919.20253371",
        "2026-06-10",
    ),
    EngineRelease(
        "v0.85.0",
        ("1.33.10", "1.34.4", "1.35.0"),
        f"{_LINUX}-2204:2026.139.1",
        f"{_WINDOWS}:17763.8644.20261391",
        "2026-06-09",
    ),
)
"""Oldest first. A Kubernetes version is made by one release only."""

_CSI = ((35, "1.34.3"), (34, "1.34.3"), (33, "1.33.7"), (32, "1.32.11"), (31, "1.31.12"))
_CSI_BEFORE = "1.29.12"

Version = tuple[int, int, int]


def parse_version(text: str) -> Version | None:
    """Return the numbers of `1.34.4`, with or without a v; None for anything else."""
    found = re.fullmatch(r"v?(\d{1,5})\.(\d{1,5})\.(\d{1,5})", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def version_key(text: str) -> Version:
    """Return the numbers of a version known to be one; raises ValueError else."""
    found = parse_version(text)
    if found is None:
        raise ValueError(f"{text!r} is not a version")
    return found


def release_named(version: str) -> EngineRelease | None:
    """Return the release `v0.85.0`, None when it is not in the table."""
    return next((each for each in RELEASES if each.version.lstrip("v") == version.lstrip("v")), None)


def release_making(kubernetes: str) -> EngineRelease | None:
    """Return the release that makes clusters of this Kubernetes version."""
    return next((each for each in RELEASES if kubernetes in each.kubernetes), None)


def offers(release: EngineRelease, current: str) -> Sequence[str]:
    """Return what a release's `get-versions --version` offers a cluster of a version in the table, oldest first.

    Newer patches and the next minor; when there are none of these, the release's first version, however far it is:
    such an offer skips minors and must not be taken. Nothing when the release is older than the version.
    """
    now = version_key(current)
    newer = [each for each in release.kubernetes if version_key(each) > now]
    near = [each for each in newer if step_is_whole(current, each)]
    return near or newer[:1]


def step_is_whole(current: str, version: str) -> bool:
    """Whether a control plane may go from one version to the other: Kubernetes forbids skipping a minor."""
    (major, minor, _), (to_major, to_minor, _) = version_key(current), version_key(version)
    return major == to_major and to_minor - minor <= 1


def csi_driver(kubernetes: str) -> str:
    """Return the version of the Azure Disk CSI driver that comes with a Kubernetes version."""
    minor = version_key(kubernetes)[1]
    return next((driver for least, driver in _CSI if minor >= least), _CSI_BEFORE)


def newest_version() -> str:
    """Return the newest Kubernetes version any release makes."""
    return max((version for each in RELEASES for version in each.kubernetes), key=version_key)
