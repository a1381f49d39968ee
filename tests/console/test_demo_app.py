"""`stampdeck demo` in a real terminal: the console opens on a lab of its own, which ends with it in every case."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.peers import require
from tests.support.tmux import Tmux
from tests.support.waiting import wait_until

STAMPDECK = str(Path(sys.executable).with_name("stampdeck"))


def labs_below(folder: Path) -> list[Path]:
    return list(folder.glob("stampdeck-demo-*"))


def console_process(terminal: Tmux) -> int:
    """Return the process of the demo itself: the one child of the window's shell."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(terminal.process_id)], capture_output=True, text=True, check=True
    )
    return int(found.stdout.split()[0])


@pytest.mark.terminal
@pytest.mark.parametrize("ending", ["key", "SIGTERM", "SIGHUP"])
def test_the_demo_opens_and_leaves_nothing_behind(tmp_path: Path, ending: str) -> None:
    require(shutil.which("tmux") is not None, "tmux is not installed")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with Tmux([STAMPDECK, "demo"], tmp_path, environment={"TMPDIR": str(temporary)}) as terminal:
        terminal.wait_for("the service is up on 2 of 2 stamps", 40)
        assert terminal.in_alternate_screen
        assert len(labs_below(temporary)) == 1
        if ending == "key":
            terminal.send("q")
            assert terminal.wait_for_exit(20) == 0
        else:
            number = signal.Signals[ending]
            os.kill(console_process(terminal), number)
            assert terminal.wait_for_exit(20) == 128 + number
        assert not terminal.in_alternate_screen
        assert "Traceback" not in terminal.screen
    wait_until(lambda: not labs_below(temporary), 15)  # the lab is gone as well
