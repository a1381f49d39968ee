"""Journeys: the whole product as its user has it. A lab and a console as processes, in a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.support.peers import require
from tests.support.tmux import Tmux

STAMPDECK = str(Path(sys.executable).with_name("stampdeck"))
READY_S = 30.0


@dataclass(frozen=True)
class Lab:
    """A running `stampdeck lab` and its commands, as another terminal would give them."""

    folder: Path

    @property
    def config(self) -> Path:
        """The fleet.yaml the lab wrote."""
        return self.folder / "fleet.yaml"

    def run(self, *arguments: str) -> None:
        """Run `stampdeck lab …` on this lab; its failure is the test's."""
        done = subprocess.run(
            [STAMPDECK, "lab", arguments[0], "--dir", str(self.folder), *arguments[1:]],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of two stamps, ended with the test; indirect parameters are options of it."""
    folder = tmp_path / "lab"
    command = [STAMPDECK, "lab", "--dir", str(folder), *getattr(request, "param", ())]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + READY_S
            while not (folder / "lab.json").exists():
                if process.poll() is not None:
                    assert process.stderr is not None
                    pytest.fail(f"the lab ended by itself: {process.stderr.read()}")
                assert time.monotonic() < deadline, "the lab is not ready"
                time.sleep(0.05)
            yield Lab(folder)
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def console(tmp_path: Path) -> Callable[..., AbstractContextManager[Tmux]]:
    """Start `stampdeck …` in a terminal of the given size."""
    require(shutil.which("tmux") is not None, "tmux is not installed")
    numbers = count()

    def start(
        *arguments: str, columns: int = 120, rows: int = 36, environment: Mapping[str, str] | None = None
    ) -> Tmux:
        surroundings = {name: os.environ[name] for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
        surroundings |= environment or {}
        # Each terminal a server of its own: one that is just being ended takes no new window.
        folder = tmp_path / f"terminal-{next(numbers)}"
        folder.mkdir()
        return Tmux([STAMPDECK, *arguments], folder, columns=columns, rows=rows, environment=surroundings)

    return start
