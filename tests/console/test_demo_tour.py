"""The whole tour without a terminal: exit code 0 only because everything in it was seen."""

from __future__ import annotations

import re
import time

import pytest

from backends.errors import StampdeckError
from backends.lab.control import LabControl
from console.commands import tour, tour_helper_vm
from console.commands.lab_process import LabProcess
from tests.console.command_line import stampdeck


def test_the_tour_sees_it_all_in_under_a_minute() -> None:
    began_s = time.monotonic()
    found = stampdeck("demo")
    assert (found.code, found.err) == (0, ""), found.out
    assert time.monotonic() - began_s < 60
    for number, told in enumerate(
        (
            "status of all stamps",
            "node-notready",
            "reports again",
            "api-down",
            "is back",
            "logs of ratings-web",
            "upgrade plan",
            "ssh-cut",
        ),
        1,
    ):
        assert any(f" {number}. " in line and told in line for line in found.out.splitlines()), told
    assert "NotReady" in found.out
    assert "timeline: orlando node/" in found.out and "timeline: orlando api" in found.out
    assert "orlando  DOWN" in found.out and "seattle  LIVE" in found.out
    assert "[orlando ratings-web-" in found.out and "[seattle ratings-web-" in found.out
    assert "orlando runs 1.29.15, its helper VM has v0.82.2" in found.out
    assert re.search(r"^ +6 +1\.34\.4 +1\.35\.0 +v0\.85\.0 +there$", found.out, re.MULTILINE)
    assert re.search(r"connected again: (tour-\w+) is running\n +log: Version: v0\.82\.2\n", found.out)
    assert re.search(r"^ +orlando +tour-\w+ +exited +0 +version +the tour$", found.out, re.MULTILINE)
    assert "8 steps, all seen" in found.out


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


def test_a_connection_that_was_not_lost_fails_the_tour(
    lab: LabProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The connection is not cut although the control says so: the tour must not say that a job outlived it."""

    async def pretend(self: LabControl, stamp: str, fault: str, for_s: float | None = None) -> tuple[()]:
        return ()

    async def nothing(*_: object) -> None:
        return

    for step in ("_node", "_api", "_logs"):
        monkeypatch.setattr(tour, step, nothing)
    monkeypatch.setattr(LabControl, "fault", pretend)
    monkeypatch.setattr(tour_helper_vm, "_LIMIT_S", 4.0)
    with pytest.raises(StampdeckError, match="the helper VM of orlando: not seen within 4 s"):
        tour.run_tour(lab.config)
