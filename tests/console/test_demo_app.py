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


@pytest.mark.terminal
def test_what_is_done_in_the_demo_leaves_nothing_in_the_home(tmp_path: Path) -> None:
    require(shutil.which("tmux") is not None, "tmux is not installed")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    surroundings = {name: os.environ[name] for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    surroundings["TMPDIR"] = str(temporary)
    with Tmux([STAMPDECK, "demo", "--speed", "60"], tmp_path, environment=surroundings) as terminal:
        terminal.wait_for("the service is up on 2 of 2 stamps", 40)
        terminal.send("u")
        terminal.wait_for("linuxpool 3", 40)
        terminal.send("W")
        terminal.wait_for("WRITE 1", 20)
        terminal.send("s")
        terminal.wait_for("scale orlando:", 20)
        terminal.type("linuxpool 4")
        terminal.send("Enter")
        terminal.wait_for("to 4", 40)
        terminal.send("Tab")
        terminal.wait_for("Yes, do it", 40)
        terminal.send("Enter")
        terminal.wait_for("copied the api model", 60)
        (demo,) = labs_below(temporary)
        assert (demo / "journal.db").is_file() and any((demo / "jobs").rglob("scale-*"))
        os.kill(console_process(terminal), signal.SIGTERM)
        assert terminal.wait_for_exit(20) == 128 + signal.SIGTERM
    kept = Path(surroundings["XDG_STATE_HOME"]) / "stampdeck"
    assert not (kept / "journal.db").exists() and not (kept / "jobs").exists()
