"""One lab in one process: the simulated stamps with all their servers, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What lab to run; the numbers are per stamp."""

    directory: Path
    """The lab's folder, made 0700 when missing: fleet.yaml, kubeconfigs, lab.json."""
    speed: float = 1.0
    """Simulated seconds per real second, up to 1000."""
    seed: int = 1
    """The same seed gives the same names."""
    stamps: int = 2
    nodes: int | None = None
    """Nodes, masters included; None for a plausible few, or as many as `pods` needs."""
    pods: int | None = None
    """At least so many pods, by filler workloads; None for the application and kube-system alone."""
    version: str = "v1.29.15"
    """The Kubernetes version of every stamp, such as v1.20.2."""
    changes_per_s: float = 0.0
    """Pod changes per real second on each stamp, for measurements."""
    incidents: bool = True
    """Whether small things happen by themselves now and then: a restart, a rollout, a warning."""


@dataclass(frozen=True, slots=True)
class RunningLab:
    """What answers now: `directory` holds fleet.yaml and lab.json, `addresses` the servers by a short name."""

    directory: Path
    config: Path
    """DIR/fleet.yaml"""
    stamps: tuple[str, ...]
    addresses: dict[str, str]
    """URLs by `STAMP/api`, `STAMP/application` and `control`."""


async def run_lab(
    options: LabOptions,
    on_ready: Callable[[RunningLab], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run the lab until `stop` is set or the task is cancelled; `on_ready` hears when everything answers.

    Leaves no lab.json behind. Raises OSError when the folder cannot be made or written.
    """
    raise NotImplementedError
