"""What an operator asks of aks-engine, by its own commands; paths are those of the helper VM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import msgspec


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Replace every node by one of another Kubernetes version, or of another base image (`force`, same version)."""

    WORD: ClassVar[str] = "upgrade"
    version: str
    """Such as `1.34.4`, without a v."""
    force: bool = False
    """Also nodes that have the version already: for a new base image. Such a run cannot be resumed."""
    control_plane_only: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Bring a pool to a number of nodes; fewer takes the highest indices."""

    WORD: ClassVar[str] = "scale"
    pool: str
    count: int


@dataclass(frozen=True, slots=True)
class AddPool:
    """Add a pool described by a file of the VM."""

    WORD: ClassVar[str] = "addpool"
    profile: str


@dataclass(frozen=True, slots=True)
class Deploy:
    """Make a cluster of an api model file of the VM; the finished api model is written into `output`."""

    WORD: ClassVar[str] = "deploy"
    model: str
    output: str


@dataclass(frozen=True, slots=True)
class RotateCerts:
    """Make new certificates for the cluster; its API is away meanwhile."""

    WORD: ClassVar[str] = "rotate-certs"
    ssh_host: str
    ssh_key: str


@dataclass(frozen=True, slots=True)
class GetLogs:
    """Collect logs of the cluster's machines into a folder beside the api model."""

    WORD: ClassVar[str] = "get-logs"
    ssh_host: str
    ssh_key: str
    machines: tuple[str, ...] = ()
    """Machines to take them from; none: all."""
    control_plane_only: bool = False


EngineCommand = Upgrade | Scale | AddPool | Deploy | RotateCerts | GetLogs

_COMMANDS: Mapping[str, type[EngineCommand]] = {
    each.WORD: each for each in (Upgrade, Scale, AddPool, Deploy, RotateCerts, GetLogs)
}


def parameters_of(command: EngineCommand) -> dict[str, Any]:
    """Return a command as plain JSON values."""
    return {"word": command.WORD, **asdict(command)}


def command_of(parameters: Mapping[str, Any]) -> EngineCommand:
    """Return the command of such values; KeyError or ValueError when they are none."""
    fields = dict(parameters)
    return msgspec.convert(fields, _COMMANDS[str(fields.pop("word", ""))])
