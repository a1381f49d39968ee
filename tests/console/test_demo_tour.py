"""The whole tour without a terminal: exit code 0 only because everything in it was seen."""

from __future__ import annotations

import time

import pytest

from backends.errors import StampdeckError
from backends.lab.control import LabControl
from console.commands import tour
from console.commands.lab_process import LabProcess
from tests.console.command_line import stampdeck


def test_the_tour_sees_it_all_in_under_a_minute() -> None:
    began_s = time.monotonic()
    found = stampdeck("demo")
    assert (found.code, found.err) == (0, ""), found.out
    assert time.monotonic() - began_s < 60
    for number, told in enumerate(
        ("status of all stamps", "node-notready", "reports again", "api-down", "is back", "logs of ratings-web"), 1
    ):
        assert any(f" {number}. " in line and told in line for line in found.out.splitlines()), told
    assert "NotReady" in found.out
    assert "timeline: orlando node/" in found.out and "timeline: orlando api" in found.out
    assert "orlando  DOWN" in found.out and "seattle  LIVE" in found.out
    assert "[orlando ratings-web-" in found.out and "[seattle ratings-web-" in found.out
    assert "6 steps, all seen" in found.out


def test_a_tour_that_does_not_see_it_fails(
    lab: LabProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control says the node fails, and nothing happens: the tour must not believe it."""

    async def pretend(self: LabControl, stamp: str, fault: str, for_s: float | None = None) -> tuple[()]:
        return ()

    monkeypatch.setattr(LabControl, "fault", pretend)
    monkeypatch.setattr(tour, "NODE_LIMIT_S", 3.0)
    with pytest.raises(StampdeckError, match="a node NotReady: not seen within 3 s"):
        tour.run_tour(lab.config)
