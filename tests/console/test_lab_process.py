"""A lab of one's own never outlives who started it, and a lab in the foreground ends cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backends.errors import StampdeckError
from console.commands.lab_process import lab_process
from tests.console.command_line import command, stampdeck
from tests.lab.ssh.machine import require_openssh
from tests.support.waiting import wait_until


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child of a killed parent stays a zombie where nobody reaps orphans.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_it_is_stopped_and_its_folder_removed() -> None:
    with lab_process() as lab:
        assert lab.folder.stat().st_mode & 0o777 == 0o700
        assert (lab.folder / "lab.json").exists() and lab.config.exists()
    assert is_gone(lab.pid)
    assert not lab.folder.exists()


def test_a_lab_that_cannot_start_says_why() -> None:
    with pytest.raises(StampdeckError, match="the lab did not start"), lab_process("--stamps", "99"):
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=["KILL", "TERM", "HUP"])
def test_it_ends_with_its_parent_however_that_ends(number: int) -> None:
    code = (
        "import time\n"
        "from console.commands.exits import guard\n"
        "from console.commands.lab_process import lab_process\n"
        "def hold():\n"
        "    with lab_process() as lab:\n"
        "        print(lab.pid, lab.folder, flush=True)\n"
        "        time.sleep(60)\n"
        "    return 0\n"
        "raise SystemExit(guard(hold))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        parent.send_signal(number)
        assert parent.wait(15) == (-9 if number == signal.SIGKILL else 128 + number)
    wait_until(lambda: is_gone(int(pid)))
    wait_until(lambda: not Path(folder).exists())


def test_what_was_left_running_on_a_helper_vm_ends_with_it_too(tmp_path: Path) -> None:
    require_openssh()
    number = tmp_path / "number"
    detach = f"setsid -f sh -c 'echo $$ >{number}; exec sleep 600' >/dev/null 2>&1 </dev/null"
    with lab_process("--stamps", "1") as lab:
        subprocess.run(["ssh", "-F", str(lab.folder / "ssh/config"), "orlando", detach], check=True, timeout=30)
        wait_until(lambda: number.exists() and number.read_text().strip())
        job = int(number.read_text())
        assert not is_gone(job)
    assert is_gone(job)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_the_foreground_lab_ends_cleanly(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "lab"
    with subprocess.Popen(
        command("lab", "--dir", str(folder)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("lab of orlando, seattle is running")
        assert (folder / "lab.json").exists()
        process.send_signal(number)
        assert process.wait(15) == 0
        assert process.stderr.read() == ""
    assert not (folder / "lab.json").exists()
    stopped = stampdeck("lab", "status", "--dir", str(folder))
    assert stopped.code == 1
    assert "no lab is running" in stopped.err


def test_a_folder_in_use_is_never_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = stampdeck("lab", "--dir", str(tmp_path), "--throw-away")
    assert refused.code == 2 and "not thrown away" in refused.err
    assert (tmp_path / "thesis.txt").exists()
