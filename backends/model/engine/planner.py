"""From one Kubernetes version to another by runs of `aks-engine upgrade`, none of which skips a minor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backends.model.engine.changes import IMAGE_ONLY, changes_of, distro_of
from backends.model.engine.release import EngineRelease, Hop, UpgradePath
from backends.model.engine.releases import (
    RELEASES,
    offers,
    parse_version,
    release_making,
    release_named,
    step_is_whole,
    version_key,
)


@dataclass(frozen=True, slots=True)
class _Step:
    """A possible hop: to which version, by which engine."""

    version: str
    engine: str


def plan_path(
    current: str,
    target: str,
    offered: Sequence[str] | None = None,
    installed: str = "",
    *,
    windows: bool = False,
    distro: str = "",
) -> UpgradePath:
    """Return the way with the fewest runs, and among those the one that changes the engine least and latest.

    `offered` is what the `installed` engine said it would upgrade `current` to: for that version it is believed rather
    than the table, and the only evidence of an engine the table does not have. `windows` says that the cluster has
    Windows pools, whose images are needed too, `distro` what its nodes run now (as the api model says).
    """
    why = _why_not(current, target)
    if why:
        return UpgradePath(current, target, (), why)
    found = list(_ways(current, target, offered, installed))
    if not found:
        return UpgradePath(current, target, (), _why_no_way(current, target, offered, installed))
    best = min(found, key=lambda way: _cost(way, installed))
    return UpgradePath(current, target, tuple(_hops(current, best, windows, distro)))


def plan_image(current: str, installed: str = "", *, windows: bool = False) -> UpgradePath:
    """Return the one run that gives every node the base image of the installed engine (else the newest one's).

    The version stays; the hop's `changes` are its warnings. Never part of another way: whoever wants it chooses it.
    """
    if parse_version(current) is None:
        return UpgradePath(current, current, (), f"{current!r} is not a version such as 1.33.10")
    release = release_named(installed) if installed else RELEASES[-1]
    engine = installed or RELEASES[-1].version
    warnings = list(IMAGE_ONLY)
    if release is not None and current not in release.kubernetes:
        warnings.append(
            f"the image of {engine} does not hold {current}: nodes fetch its programs while they start, "
            "which a stamp without internet cannot"
        )
    if release is None:
        warnings.append(_unknown_image(engine))
    return UpgradePath(current, current, (Hop(current, current, engine, _images(release, windows), tuple(warnings)),))


def _why_not(current: str, target: str) -> str:
    for each in (current, target):
        if parse_version(each) is None:
            return f"{each!r} is not a version such as 1.33.10"
    if version_key(target) == version_key(current):
        return f"it has {current} already; a new base image with the same version is a choice of its own"
    if version_key(target) < version_key(current):
        return f"{target} is older than {current}: Kubernetes cannot be taken back to an older version"
    return ""


def _ways(current: str, target: str, offered: Sequence[str] | None, installed: str) -> Iterator[tuple[_Step, ...]]:
    """Yield every way there is. There are some dozens at most: each release makes two or three versions."""
    first = _steps(current)
    if offered is not None:
        first = [each for each in first if each.engine.lstrip("v") != installed.lstrip("v")]
        first += [_Step(each, installed) for each in offered if _may_follow(current, each)]
    yield from _onward(first, target)


def _onward(steps: Sequence[_Step], target: str) -> Iterator[tuple[_Step, ...]]:
    for step in steps:
        if step.version == target:
            yield (step,)
        elif version_key(step.version) < version_key(target):
            yield from ((step, *rest) for rest in _onward(_steps(step.version), target))


def _steps(current: str) -> list[_Step]:
    """Return what the releases of the table offer from a version one of them makes; nothing from any other."""
    maker = release_making(current)
    if maker is None:
        return []
    # A release knows the versions of those before it: an older one would not even load the api model.
    knowing = RELEASES[RELEASES.index(maker) :]
    return [
        _Step(version, each.version)
        for each in knowing
        for version in offers(each, current)
        if step_is_whole(current, version)
    ]


def _may_follow(current: str, version: str) -> bool:
    return (
        parse_version(version) is not None
        and version_key(version) > version_key(current)
        and step_is_whole(current, version)
    )


def _cost(way: tuple[_Step, ...], installed: str) -> tuple[int, int, tuple[bool, ...]]:
    """Runs take hours, another engine minutes; of equals, the one that goes on longest with what is there."""
    engines = [installed or way[0].engine, *(each.engine for each in way)]
    changes = tuple(now.lstrip("v") != before.lstrip("v") for before, now in pairwise(engines))
    return len(way), sum(changes), changes


def _hops(current: str, way: tuple[_Step, ...], windows: bool, distro: str) -> Iterator[Hop]:
    maker = release_making(current)
    distro = distro or (distro_of(maker) if maker else "")
    for step in way:
        release = release_named(step.engine)
        changes = changes_of(current, step.version, distro, release)
        if release is None:
            changes = (*changes, _unknown_image(step.engine))
        yield Hop(current, step.version, step.engine, _images(release, windows), changes)
        current, distro = step.version, distro_of(release) if release else ""


def _images(release: EngineRelease | None, windows: bool) -> tuple[str, ...]:
    if release is None:
        return ()
    return (release.linux_image, release.windows_image) if windows else (release.linux_image,)


def _unknown_image(engine: str) -> str:
    return f"which base image {engine} needs is not known here: see its release notes"


def _why_no_way(current: str, target: str, offered: Sequence[str] | None, installed: str) -> str:
    if release_making(target) is None and not (offered and target in offered):
        newest = ", ".join(RELEASES[-1].kubernetes)
        return f"no engine known here makes {target}; the newest, {RELEASES[-1].version}, makes {newest}"
    if release_making(current) is None:
        said = f"; {installed} offers {', '.join(offered) or 'nothing'}" if offered is not None else ""
        return (
            f"no engine known here makes {current}{said}: "
            "ask the engine that made the cluster with get-versions --version, and take an offer of it first"
        )
    return f"the engines known here offer no way from {current} to {target} that skips no minor"
