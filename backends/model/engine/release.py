"""Releases of the engine and the ways from one Kubernetes version to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineRelease:
    """A release: the Kubernetes versions it makes and upgrades to, and the images it needs in the marketplace."""

    version: str
    """Such as `v0.85.0`."""
    kubernetes: tuple[str, ...]
    linux_image: str
    """`publisher:offer:sku:version`"""
    windows_image: str
    released: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One run of `upgrade`: to which version, with which engine, which images have to be there, what it changes."""

    current: str
    version: str
    engine: str
    images: tuple[str, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpgradePath:
    """The hops from one version to another, none of which skips a minor; empty with `why` when there is no way."""

    current: str
    target: str
    hops: tuple[Hop, ...]
    why: str = ""
