"""One lab for the tests of a worker that only read it or clear what they break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.support.control_plane import control_plane

__all__ = ["control_plane"]


@pytest.fixture(scope="session")
def lab() -> Iterator[LabProcess]:
    """A running lab of two stamps, three times as fast as life."""
    with lab_process("--speed", "3") as running:
        yield running


@pytest.fixture
def on_lab(lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabProcess]:
    """The lab, as the configuration of every command a test runs; all faults are cleared afterwards."""
    from tests.console.command_line import stampdeck
    from tests.console.writing_lab import configure

    configure(lab, monkeypatch)
    yield lab
    stampdeck("lab", "clear")
