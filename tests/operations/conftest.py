"""A running lab and the console's services on it, for tests of operations against real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.lab.runner import Lab, LabOptions, open_lab
from console.configuration import load_settings
from console.wiring import Services, open_services


@dataclass(frozen=True, slots=True)
class OnLab:
    """A lab in this process, and services that know it by its fleet.yaml alone."""

    lab: Lab
    services: Services

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.lab.stamps)


@asynccontextmanager
async def on_lab(directory: Path, stamps: int = 2, speed: float = 1.0) -> AsyncIterator[OnLab]:
    """Run a quiet lab and open the services on it."""
    options = LabOptions(directory, speed=speed, stamps=stamps, incidents=False)
    async with open_lab(options) as lab, open_services(load_settings(str(lab.running.config))) as services:
        yield OnLab(lab, services)


@pytest.fixture
async def two_stamps(tmp_path: Path) -> AsyncIterator[OnLab]:
    async with on_lab(tmp_path / "lab") as found:
        yield found


@pytest.fixture
async def four_stamps(tmp_path: Path) -> AsyncIterator[OnLab]:
    async with on_lab(tmp_path / "lab", stamps=4) as found:
        yield found


@pytest.fixture
async def quick_stamps(tmp_path: Path) -> AsyncIterator[OnLab]:
    """Two stamps whose time passes twenty times as fast."""
    async with on_lab(tmp_path / "lab", speed=20.0) as found:
        yield found
