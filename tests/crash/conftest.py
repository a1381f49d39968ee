"""A lab of the crash tests' own, on which nothing happens by itself: every change there is somebody's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.lab.runner import LabOptions, RunningLab, open_lab


@pytest.fixture
async def crash_lab(tmp_path: Path) -> AsyncIterator[RunningLab]:
    """Two stamps, ten times as fast as life."""
    async with open_lab(LabOptions(tmp_path / "lab", speed=10.0, incidents=False)) as lab:
        yield lab.running
