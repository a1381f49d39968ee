"""SIGHUP while aks-engine runs: the command or console that started or watches a run ends, the run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from console.commands.lab_process import lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import audited, configure
from tests.support.pty_terminal import PtyTerminal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.terminal

WITHIN_S = 60.0


def _job() -> dict[str, Any]:
    """Return the only job on any helper VM."""
    found = stampdeck("jobs", "list", "-o", "json")
    assert found.code == 0, found.err
    (job,) = json.loads(found.out)["jobs"]
    assert isinstance(job, dict)
    return job


def _goes_on() -> None:
    """Wait until the job has written more than it has by now, while it runs."""
    before = _job()
    wait_until(lambda: _job()["log_bytes"] > before["log_bytes"], WITHIN_S)
    assert before["state"] == "running"


@contextmanager
def _upgrade() -> Iterator[subprocess.Popen[str]]:
    words = command("upgrade", "run", "--stamp", "orlando", "--to", "1.34.4", "--write", "--yes")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        try:
            yield run
        finally:
            run.kill()


def test_what_started_a_run_or_watches_it_ends_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with lab_process("--speed", "50", "--kubernetes-version", "v1.33.10") as lab:
        configure(lab, monkeypatch)
        with _upgrade() as run:
            assert run.stderr is not None
            for line in run.stderr:
                if "no disconnect ends it" in line:
                    break
            run.stderr.close()
            run.send_signal(signal.SIGHUP)
            assert run.wait(WITHIN_S) == 128 + signal.SIGHUP
        _goes_on()

        with PtyTerminal(command("-c", "engine"), 120, 36, env=dict(os.environ)) as terminal:
            terminal.wait_for("upgrade orlando to 1.34.4", WITHIN_S)
            terminal.send("\t\r")
            terminal.wait_for("control plane", WITHIN_S)
            terminal.hang_up()
            assert terminal.process.wait(WITHIN_S) == 128 + signal.SIGHUP
        _goes_on()

        (operation,) = [each for each in audited() if each["action"] == "aks-engine upgrade"]
        assert operation["result"] == "open"
        assert operation["operation"][:6] in stampdeck("audit", "open").out
