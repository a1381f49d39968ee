"""An upgrade by aks-engine as its operator has it: SSH cut, the console left and started again; then other sizes; then
one that fails, is explained, and goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.journeys.conftest import STAMPDECK, Lab
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.terminal, pytest.mark.xdist_group("upgrade"), pytest.mark.timeout(300)]
Console = Callable[..., AbstractContextManager[Tmux]]
FAST = ("--speed", "200", "--kubernetes-version", "v1.33.10")
_LASTS_S = 120.0


def arm(terminal: Tmux) -> None:
    terminal.send("W")
    terminal.wait_for(lambda seen: bool(re.search(r"WRITE 1[45]:\d\d", seen)))


def ask(terminal: Tmux, key: str, prompt: str, text: str, plan: str) -> None:
    """Ask for a run, look at its plan, and agree."""
    terminal.send(key)
    terminal.wait_for(prompt)
    terminal.type(text)
    terminal.send("Enter")
    terminal.wait_for(plan, timeout_s=30)
    terminal.send("Tab")
    terminal.wait_for("Yes, do it", timeout_s=30)
    terminal.send("Enter")


def told(lab: Lab, journal: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [STAMPDECK, "--config", str(lab.config), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **journal})


def versions(lab: Lab) -> list[str]:
    found = told(lab, {}, "get", "nodes", "--stamp", "orlando", "-o", "json")
    assert found.returncode == 0, found.stderr
    return sorted(re.findall(r'"(v1\.\d+\.\d+)"', found.stdout))


@pytest.mark.parametrize("lab", [FAST], indirect=True)
def test_an_upgrade_outlives_its_connection_and_its_console(lab: Lab, console: Console, tmp_path: Path) -> None:
    journal = {"STAMPDECK_JOURNAL": str(tmp_path / "journal.db")}
    with console("--config", str(lab.config), "-c", "engine", environment=journal) as terminal:
        terminal.wait_for(lambda seen: "v0.85.0" in seen and "1.34.4" in seen, timeout_s=30)
        arm(terminal)
        ask(terminal, "u", "upgrade orlando:", "1.34.4", "upgrade orlando from 1.33.10 to 1.34.4")
        terminal.wait_for(lambda seen: "control plane" in seen and "running" in seen, timeout_s=30)
        lab.run("fault", "orlando", "ssh-down", "--for", "3s")
        terminal.wait_for("connection lost: the job runs on", timeout_s=20)
        terminal.wait_for("connected", timeout_s=20)
        terminal.send("C-q")
        terminal.wait_for("again to quit")
        terminal.send("C-q")
        assert terminal.wait_for_exit(10) == 0

    with console("--config", str(lab.config), environment=journal) as terminal:
        terminal.wait_for("up on 2 of 2", timeout_s=30)
        terminal.send("u")
        terminal.wait_for(lambda seen: "aks-engine" in seen and "upgrade orlando to 1.34.4" in seen, timeout_s=30)
        terminal.send("Tab", "Enter")
        terminal.wait_for(lambda seen: "exited" in seen and "7 of 7 machines" in seen, timeout_s=_LASTS_S)
        terminal.send("C-q")
        assert terminal.wait_for_exit(10) == 0
    assert versions(lab) == ["v1.34.4"] * 6
    listed = json.loads(told(lab, journal, "jobs", "list", "-o", "json").stdout)["jobs"]
    assert [(each["state"], each["exit_status"]) for each in listed] == [("exited", 0)]

    with console("--config", str(lab.config), "-c", "engine", environment=journal) as terminal:
        terminal.wait_for(lambda seen: "linuxpool 3" in seen, timeout_s=30)
        arm(terminal)
        for count in (5, 4):
            ask(terminal, "s", "scale orlando:", f"linuxpool {count}", f"to {count}")
            terminal.wait_for(f"pool linuxpool has {count} nodes, and all are ready", timeout_s=_LASTS_S)
            terminal.send("Escape")
            terminal.wait_for(f"linuxpool {count}", timeout_s=30)
        terminal.send("C-q")
        assert terminal.wait_for_exit(10) == 0
    assert versions(lab) == ["v1.34.4"] * 7
    operations = json.loads(told(lab, journal, "audit", "-o", "json").stdout)["operations"]
    runs = [(each["action"], each["result"]) for each in operations if each["action"].startswith("aks-engine")]
    assert runs == [("aks-engine scale", "done")] * 2 + [("aks-engine upgrade", "done")]
    assert told(lab, journal, "audit", "verify").returncode == 0


@pytest.mark.parametrize("lab", [FAST], indirect=True)
def test_a_run_that_fails_is_explained_and_goes_on_where_it_stopped(lab: Lab, tmp_path: Path) -> None:
    journal = {"STAMPDECK_JOURNAL": str(tmp_path / "journal.db")}
    command = ("upgrade", "run", "--stamp", "orlando", "--to", "1.34.4", "--write", "--yes")
    lab.run("fault", "orlando", "quota-exceeded=5")
    failed = told(lab, journal, *command)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "quota is used up" in failed.stdout and "what is done is kept" in failed.stdout
    left = told(lab, journal, "jobs", "reconcile", "--stamp", "orlando").stdout
    assert "would keep the 5 machines that have 1.34.4" in left
    assert "the api model says 1.33.10" in left

    lab.run("clear", "orlando")
    done = told(lab, journal, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 of 6 machines have 1.34.4: an earlier run is resumed" in done.stdout
    assert "6 nodes have 1.34.4, and all are ready" in done.stdout
    assert versions(lab) == ["v1.34.4"] * 6
