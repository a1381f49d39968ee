"""The releases of the engine the lab has: versions of Kubernetes and base images.

Facts of the engine's release notes. What a release offers to upgrade to is reckoned as the engine does: later patches
of the same minor, and all it supports of the next minor it supports at all, however many lie between.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_PUBLISHER = "microsoft-aks"
_OFFER = "aks"


@dataclass(frozen=True, slots=True)
class Image:
    """A base image of the marketplace."""

    publisher: str
    offer: str
    sku: str
    version: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release: the Kubernetes versions it supports, oldest first, and its images and distribution."""

    name: str
    kubernetes: tuple[str, ...]
    linux: Image
    windows: Image
    distro: str

    @property
    def default(self) -> str:
        """The version taken where none is asked for."""
        return self.kubernetes[0]

    @property
    def commit(self) -> str:
        """Nine digits as of a commit; no real one."""
        return hashlib.sha256(f"lab {self.name}".encode()).hexdigest()[:9]

    @property
    def known(self) -> tuple[str, ...]:
        """Every version it knows, also those it no longer supports, oldest first."""
        older = RELEASES[RELEASES.index(self) :]
        return tuple(sorted({each for release in older for each in release.kubernetes}, key=version_key))

    def upgrades(self, version: str) -> tuple[str, ...]:
        """Return what it offers to upgrade `version` to, oldest first."""
        major, minor, patch = version_key(version)
        later = [each for each in self.kubernetes if version_key(each)[:2] > (major, minor)]
        following = min((version_key(each)[:2] for each in later), default=None)
        return tuple(
            each
            for each in self.kubernetes
            if version_key(each)[:2] == following
            or (version_key(each)[:2] == (major, minor) and version_key(each)[2] > patch)
        )


def version_key(version: str) -> tuple[int, int, int]:
    """Return x.y.z as numbers, to sort by."""
    major, minor, patch = version.removeprefix("v").split(".")
    return int(major), int(minor), int(patch)


def release(name: str) -> Release:
    """Return a release by its name, such as `v0.85.0`; raises LookupError."""
    for each in RELEASES:
        if each.name == name:
            return each
    raise LookupError(f"the lab has no release {name} of the engine: {', '.join(each.name for each in RELEASES)}")


def release_for(version: str) -> Release:
    """Return the newest release that supports a version of Kubernetes; the newest of all when none does."""
    wanted = version.removeprefix("v")
    return next((each for each in RELEASES if wanted in each.kubernetes), RELEASES[0])


def _release(name: str, kubernetes: str, ubuntu: str, linux: str, windows: str) -> Release:
    return Release(
        name,
        tuple(kubernetes.split()),
        Image(_PUBLISHER, _OFFER, f"aks-engine-azurestack-ubuntu-{ubuntu}", linux),
        Image(_PUBLISHER, "aks-windows", "2019-datacenter-core-azurestack-ctrd", windows),
        f"aks-ubuntu-{ubuntu[:2]}.{ubuntu[2:]}",
    )


RELEASES = (
    _release("v0.85.0", "1.33.10 1.34.4 1.35.0", "2204", "2026.139.1", "17763.8644.20261391"),
    _release("v0.84.2", "1.31.13 1.32.9 1.33.5", "2204", "2025.337.1", "17763.7919.20253371"),
    _release("v0.83.1", "1.30.14 1.31.11", "2204", "2025.227.1", "17763.7678.20252271"),
    _release("v0.82.2", "1.29.15 1.30.10", "2204", "2025.079.2", "17763.7009.20250792"),
    _release("v0.81.2", "1.28.15 1.29.10", "2004", "2024.311.1", "17763.6414.20243111"),
)
"""The newest first."""
