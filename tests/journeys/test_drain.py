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

pytestmark = [pytest.mark.terminal, pytest.mark.xdist_group("journeys")]
Console = Callable[..., AbstractContextManager[Tmux]]


def go(terminal: Tmux, command: str, shown: str) -> str:
    terminal.type(":")
    terminal.wait_for(lambda screen: "\n :" in screen)
    terminal.type(command)
    terminal.send("Enter")
    return terminal.wait_for(shown)


def choose_yes(terminal: Tmux) -> None:
    """Go to the button that does it, and press it."""
    terminal.send("Tab")
    terminal.wait_for("Yes, do it")
    terminal.send("Enter")


def test_a_drain_is_refused_while_the_other_stamp_is_degraded_and_done_with_a_reason(
    lab: Lab, console: Console, tmp_path: Path
) -> None:
    journal = {"STAMPDECK_JOURNAL": str(tmp_path / "journal.db")}
    with console("--config", str(lab.config), environment=journal) as terminal:
        terminal.wait_for("up on 2 of 2")
        lab.run("fault", "seattle", "node-notready")
        terminal.wait_for("5/6 ready", timeout_s=60)
        go(terminal, "nodes @orlando", "nodes  · orlando")
        screen = terminal.wait_for(lambda seen: " k8s-linuxpool-" in seen and "nodes  · orlando" in seen)
        terminal.send("W")
        terminal.wait_for(lambda seen: bool(re.search(r"WRITE 1[45]:\d\d", seen)))
        name = re.search(r"k8s-linuxpool-\d+-0", screen)
        assert name
        terminal.send("/")
        terminal.wait_for("text, !text")
        terminal.type(name[0])
        terminal.send("Enter")
        terminal.wait_for(lambda seen: "1 of " in seen)
        terminal.send("r")
        terminal.wait_for("drain with:")
        terminal.type("emptydir")
        terminal.send("Enter")
        refused = terminal.wait_for("refused by", timeout_s=30)
        assert "others-healthy" in refused and "5 of 6" in refused

        terminal.send("Tab", "Enter")  # there is no yes to press: this says no
        terminal.wait_for("refused to drain")
        terminal.send("r")
        terminal.wait_for("drain with:")
        terminal.type("emptydir")
        terminal.send("Enter")
        refused = terminal.wait_for("refused by", timeout_s=30)
        rules = re.search(r"refused by ([\w, -]+): o sets", refused)
        assert rules
        terminal.send("o")
        terminal.wait_for("why it may be set aside")
        terminal.type(f"{rules[1]}: the node has to go tonight")
        terminal.send("Enter")
        terminal.wait_for("set aside:")
        choose_yes(terminal)
        terminal.wait_for("run 2", timeout_s=20)  # the refused one was run 1
        terminal.wait_for("succeeded", timeout_s=90)

        go(terminal, "history", " recorded")
        terminal.wait_for(lambda seen: "drain" in seen and "done" in seen and " recorded" in seen)
        go(terminal, "nodes @orlando", "SchedulingDisabled")
        terminal.send("C-q")
        assert terminal.wait_for_exit(10) == 0

    audit = [STAMPDECK, "--config", str(lab.config), "audit", "-o", "json"]
    told = subprocess.run(audit, capture_output=True, text=True, check=True, env={**os.environ, **journal})
    operations = [each for each in json.loads(told.stdout)["operations"] if each["action"] == "drain"]
    done, refused_one = operations
    assert (done["result"], refused_one["result"]) == ("done", "refused")
    assert "the node has to go tonight" in json.dumps(done) and "others-healthy" in json.dumps(done)
    assert "others-healthy" in json.dumps(refused_one)
    assert subprocess.run([*audit[:-2], "verify"], env={**os.environ, **journal}, check=False).returncode == 0
