"""A console that is left while it changes something, by keys or by a signal: the change stays open in the journal."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure
from tests.support.pty_terminal import PtyTerminal

pytestmark = pytest.mark.terminal

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def left_lab() -> Iterator[LabProcess]:
    with lab_process() as running:
        yield running


def _begin_drain(terminal: PtyTerminal) -> None:
    """Drain the node in the table and hold it half way."""
    terminal.wait_for("WRITE 1", WITHIN_S)
    terminal.wait_for("1 of ", WITHIN_S)
    terminal.send("r")
    terminal.wait_for("drain with:", WITHIN_S)
    terminal.send("emptydir\r")
    terminal.wait_for(" pods, at most ", WITHIN_S)
    terminal.send("\t\r")
    terminal.wait_for("run 1", WITHIN_S)
    terminal.send("p")
    terminal.wait_for("asked to pause", WITHIN_S)
    terminal.wait_for(lambda seen: "operation " in seen.text, WITHIN_S)


@pytest.mark.parametrize(("number", "how"), [(0, "keys"), (1, "signal"), (2, "lost connection")])
def test_it_stays_open(
    left_lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, how: str
) -> None:
    configure(left_lab, monkeypatch)
    nodes = [each["metadata"]["name"] for each in ask_api("GET", "/api/v1/nodes")["items"]]
    node = sorted(each for each in nodes if "linuxpool" in each)[number]
    words = command("--write", "-c", f"nodes @orlando /{node}")
    with PtyTerminal(words, 100, 30, env=dict(os.environ)) as terminal:
        _begin_drain(terminal)
        if how == "keys":
            terminal.send("\x11")
            terminal.wait_for("1 change is going on", WITHIN_S)
            terminal.send("\x11")
            assert terminal.wait_exit(WITHIN_S) == 0
        elif how == "signal":
            os.kill(terminal.process.pid, signal.SIGTERM)
            assert terminal.wait_exit(WITHIN_S) == 128 + signal.SIGTERM
        else:
            terminal.hang_up()
            assert terminal.process.wait(WITHIN_S) == 128 + signal.SIGHUP
        assert how == "lost connection" or not terminal.modes & {1049, 1000, 1003, 2004}
    left = stampdeck("audit", "open")
    assert node in left.out, left
    (drain,) = [each for each in audited() if each["action"] == "drain"]
    assert drain["result"] == "open"
    (armed,) = [each for each in audited() if each["action"] == "armed"]
    assert armed["result"] == "disarmed"
    ask_api("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})
