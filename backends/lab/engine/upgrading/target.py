"""Whether a version can be upgraded to another, in the engine's words."""

from __future__ import annotations

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.releases import Release


def check_target(current: str, target: str, release: Release, *, is_forced: bool) -> None:
    """Raise `EngineFailure` when `target` is no version, or cannot be reached and is not forced."""
    if problem := version_problem(target):
        raise EngineFailure(f"Invalid --upgrade-version value '{target}', not a semver string: {problem}")
    if is_forced:
        return
    advice = "Invalid upgrade target version. Consider using --force if you really want to proceed: "
    if current not in release.known:
        raise EngineFailure(f"{advice}error getting list of available upgrades: Missing Orchestrator Version")
    if target not in release.upgrades(current):
        raise EngineFailure(
            f"{advice}upgrading from Kubernetes version {current} to version {target} is not supported. "
            f"To see a list of available upgrades, use 'aks-engine-azurestack get-versions --version {current}'"
        )


def version_problem(text: str) -> str:
    """Return what is wrong with x.y.z, empty when nothing is."""
    parts = text.split(".", 2)
    if not text:
        return "Version string empty"
    if len(parts) != 3:
        return "No Major.Minor.Patch elements found"
    for part, name in zip(parts, ("major", "minor", "patch"), strict=True):
        number = part.partition("+")[0].partition("-")[0] if name == "patch" else part
        if not number.isascii() or not number.isdigit():
            return f'Invalid character(s) found in {name} number "{number}"'
        if len(number) > 1 and number[0] == "0":
            return f'{name.capitalize()} number must not contain leading zeroes "{number}"'
    return ""


def is_at_least(version: str, floor: str) -> bool:
    """Tell whether a version is the floor or newer; what is no version is not."""
    if version_problem(version):
        return False
    return _key(version) >= _key(floor)


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.partition("-")[0].partition("+")[0].split("."))
