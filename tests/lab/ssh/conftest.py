"""A helper VM for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.lab.folder import LabFolder
from tests.lab.ssh.machine import Machine, open_machine


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with open_machine(LabFolder(tmp_path / "lab")) as found:
        yield found
