"""`stampdeck demo`: the console on simulated stamps, or a tour of it where there is no terminal."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager

import click

from console.commands.chosen import has_terminal
from console.commands.drawing import toned
from console.commands.lab_process import LabProcess, lab_process
from console.commands.shell import Shell, pass_shell
from console.configuration.folders import JOB_LOGS_VARIABLE, JOURNAL_VARIABLE


@click.command()
@click.option("--tour", is_flag=True, help="The scripted tour, also in a terminal.")
@click.option("--stamps", type=click.IntRange(1, 26), default=2, show_default=True, help="How many stamps.")
@click.option("--speed", type=click.FloatRange(0, 1000, min_open=True), default=None, help="Simulated time per time.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same names.")
@pass_shell
def demo(shell: Shell, tour: bool, stamps: int, speed: float | None, seed: int) -> int:
    """Open the console on simulated stamps whose nodes and pods move; nothing outside this machine is touched.

    Without a terminal a tour runs in under a minute: status, a failing node and its recovery, an API that dies and
    comes back, merged logs, the way to newer versions, and a job on a helper VM that outlives its connection. It exits
    with 0 only when all of that was seen.
    """
    if tour or not has_terminal():
        from console.commands.tour import TOUR_SPEED, run_tour

        # The tour tells two stamps apart, so it has at least two.
        with _started(max(stamps, 2), speed or TOUR_SPEED, seed) as lab:
            return run_tour(lab.config)
    sys.stderr.write(toned("starting the simulated stamps…", "dim", sys.stderr) + "\n")
    with _started(stamps, speed or 1.0, seed) as lab:
        return _open_app(shell, lab)


def _started(stamps: int, speed: float, seed: int) -> AbstractContextManager[LabProcess]:
    return lab_process("--stamps", str(stamps), "--speed", f"{speed:g}", "--seed", str(seed))


def _open_app(shell: Shell, lab: LabProcess) -> int:
    from console.commands.open_app import open_app
    from console.lab_faults import LabFaults

    shell.config = str(lab.config)
    # What is done to simulated stamps is no part of the record of the real ones.
    os.environ[JOURNAL_VARIABLE] = str(lab.folder / "journal.db")
    os.environ[JOB_LOGS_VARIABLE] = str(lab.folder / "jobs")
    return open_app(shell, faults=LabFaults(lab.folder))
