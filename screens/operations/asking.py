"""What is typed to ask for a run, read into the engine's commands."""

from __future__ import annotations

import re
import shlex

from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade


def read_command(mode: str, text: str) -> EngineCommand:
    """Return the command of a typed line; ValueError says what is missing."""
    words = shlex.split(text)
    if mode == "upgrade":
        return _upgrade(words)
    if mode == "scale-pool":
        return _scale(words)
    return _other(words)


def _upgrade(words: list[str]) -> Upgrade:
    flags = {each for each in words if each.startswith("-")}
    if unknown := flags - {"--force", "--control-plane-only"}:
        raise ValueError(f"not known here: {', '.join(sorted(unknown))}")
    versions = [each for each in words if not each.startswith("-")]
    if len(versions) != 1 or not re.fullmatch(r"v?\d+\.\d+\.\d+", versions[0]):
        raise ValueError("write one version with three numbers, such as 1.34.4")
    return Upgrade(versions[0].lstrip("v"), "--force" in flags, "--control-plane-only" in flags)


def _scale(words: list[str]) -> Scale:
    if len(words) != 2 or not words[1].isdigit():
        raise ValueError("write the pool and the number of nodes, such as linuxpool 5")
    if not 1 <= int(words[1]) <= 100:
        raise ValueError("a pool has 1 to 100 nodes")
    return Scale(words[0], int(words[1]))


def _other(words: list[str]) -> EngineCommand:
    match words:
        case ["addpool", profile]:
            return AddPool(profile)
        case ["deploy", model, output]:
            return Deploy(model, output)
        case ["rotate-certs", host, key]:
            return RotateCerts(host, key)
        case ["get-logs", host, key, *machines]:
            return GetLogs(host, key, tuple(machines))
    raise ValueError("addpool FILE, deploy MODEL OUTPUT, rotate-certs HOST KEY, or get-logs HOST KEY [MACHINE...]")
