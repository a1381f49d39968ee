"""A shell at a terminal through a real API server to a real `sh`: sizes, signals, full screens, what is recorded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from backends.kubernetes import Cluster
from tests.console.command_line import command
from tests.contract.subject import Subject
from tests.support.pty_terminal import PtyTerminal

pytestmark = pytest.mark.terminal


async def test_a_real_shell(subject: Subject, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    if subject.name == "lab":
        pytest.skip("the simulated containers have no real shell")
    await subject.pod(cluster, namespace, "web-1")
    fleet = tmp_path / "fleet.yaml"
    stamp = {"name": "orlando", "cluster": {"kubeconfig": str(subject.kubeconfig), "context": "admin"}}
    fleet.write_text(json.dumps({"stamps": [stamp]}))
    words = ("--config", str(fleet), "exec", "-it", "--record", "web-1", "-n", namespace, "--write", "--yes")
    with PtyTerminal(command(*words, "--", "sh"), 100, 30, record=True) as terminal:
        terminal.wait_for("if it hangs: ctrl-] three times", 60)
        terminal.send("stty size; echo $((20+3))\r")
        terminal.wait_for(lambda seen: "30 100" in seen.text and "23" in seen.text, 20)
        terminal.send("sleep 1000\r")
        terminal.wait_for("sleep 1000", 20)
        terminal.send("\x03")
        terminal.send("stty -echo; echo listen''ing; read secret; stty echo; echo got ${#secret}\r")
        terminal.wait_for("listening", 20)  # what is typed sooner is echoed still
        terminal.send("hunter2hunter2\r")
        terminal.wait_for("got 14", 20)
        terminal.send("printf '\\033[?1049h\\033[?1000h\\033[?25lfull'; exit 5\r")
        assert terminal.wait_exit(30) == 5
        assert b"\x1b[?1049hfull" in bytes(terminal.raw).replace(b"\x1b[?1000h\x1b[?25l", b"")
        assert not terminal.modes & {1049, 1000} and 25 in terminal.modes
    (tape,) = (Path(os.environ["XDG_STATE_HOME"]) / "stampdeck" / "recordings").iterdir()
    shown = "".join(json.loads(line)[2] for line in tape.read_text().splitlines()[1:])
    assert "got 14" in shown and "hunter2" not in shown
