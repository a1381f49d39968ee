"""A lab of one's own: a child process in a throw-away folder, which never outlives who started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from backends.errors import StampdeckError
from console.commands.exits import Interrupted
from console.commands.signals import STOPPING

START_LIMIT_S = 30.0
STOP_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class LabProcess:
    """A running lab: `folder` holds fleet.yaml and lab.json."""

    folder: Path
    pid: int

    @property
    def config(self) -> Path:
        """The configuration of the console for this lab."""
        return self.folder / "fleet.yaml"


@contextmanager
def lab_process(*arguments: str) -> Iterator[LabProcess]:
    """Start a lab with the given `stampdeck lab` options, wait until it answers, and stop it in any case.

    The child watches its parent: it ends and removes its folder even when we are killed. A signal that stops us
    meanwhile raises Interrupted, so that everything is put away.
    """
    folder = Path(tempfile.mkdtemp(prefix="stampdeck-demo-"))  # 0700
    with _signals_raise():
        try:
            with (folder / "lab.log").open("wb") as log:
                child = _start(folder, arguments, log.fileno())
            try:
                _wait_until_ready(child, folder)
                yield LabProcess(folder, child.pid)
            finally:
                _stop(child)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, arguments: tuple[str, ...], output: int) -> subprocess.Popen[bytes]:
    # -P: a folder named "console" where the user happens to be must not be taken for ours.
    command = [sys.executable, "-P", "-m", "console", "--log-file", str(folder / "stampdeck.log"), "lab"]
    command += ["--dir", str(folder), "--parent", str(os.getpid()), "--throw-away", *arguments]
    # A session of its own: Ctrl-C of the terminal is for the console, which then stops the lab itself.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def _wait_until_ready(child: subprocess.Popen[bytes], folder: Path) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while not (folder / "lab.json").exists():
        if child.poll() is not None:
            raise StampdeckError("the lab did not start", why=_last_words(folder) or f"exit code {child.returncode}")
        if time.monotonic() > deadline_s:
            raise StampdeckError("the lab did not start", why=f"not ready after {START_LIMIT_S:.0f} s")
        time.sleep(0.02)


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / "lab.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " ".join(lines[-3:])[-400:]


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Turn stopping signals into Interrupted wherever Python is, except while an event loop handles them itself."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
