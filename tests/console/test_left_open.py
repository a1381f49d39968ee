"""Consoles killed before and after they acted: the next start says what became of it, and does nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backends.errors import JournalFailed
from backends.journal import SqliteJournal
from backends.model.journal import EventKind
from backends.operations.reconciliation import Reconciliation
from console.commands.lab_process import LabProcess, lab_process
from console.configuration.folders import journal_file
from console.left_open import tell_left_open
from tests.console.command_line import stampdeck
from tests.support.clock import ManualClock

CONSOLE = """
import asyncio, sys
from backends.clock import SystemClock
from backends.journal import SqliteJournal
from backends.kubernetes import Cluster
from backends.model.journal import EventKind
from backends.operations.gate_records import change_data
from backends.operations.workload_works.scale import ScaleWork
from console.configuration import load_settings
from console.configuration.folders import journal_file
from tests.support.fake_progress import FakeProgress

async def main(config, stamp, step):
    (found,) = load_settings(config).only((stamp,))
    async with Cluster(found, SystemClock()) as cluster, SqliteJournal(journal_file(), SystemClock()) as journal:
        have = (await cluster.get("deployment", "ratings-web", "default"))["spec"]["replicas"]
        work = await ScaleWork.plan(cluster, "deployment", "ratings-web", "default", have + 1)
        await journal.record(stamp, EventKind.INTENT, stamp, change_data(work.change))
        if step == "acted":
            await work.act(FakeProgress())
        print(have, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@contextmanager
def a_console(lab: LabProcess, stamp: str, step: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that wrote its intent to scale ratings-web up by one, and perhaps did it; and the replicas before."""
    words = [sys.executable, "-c", CONSOLE, str(lab.config), stamp, step]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def replicas(stamp: str) -> int:
    found = json.loads(stampdeck("get", "deployment", "ratings-web", "--stamp", stamp, "-o", "json").out)
    return int(found["items"][0]["object"]["spec"]["replicas"])


def results() -> dict[str, str]:
    found = json.loads(stampdeck("audit", "-o", "json").out)
    return {each["operation"]: each["result"] for each in found["operations"]}


@pytest.fixture
def own_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[LabProcess]:
    """A lab that no other test looks at: this one changes it."""
    with lab_process() as running:
        monkeypatch.setenv("STAMPDECK_CONFIG", str(running.config))
        yield running


def test_what_a_killed_console_did_is_found_and_nothing_is_done_twice(own_lab: LabProcess) -> None:
    with (
        a_console(own_lab, "orlando", "acted") as (done, before_done),
        a_console(own_lab, "seattle", "intended") as (undone, before_undone),
    ):
        at_work = stampdeck("audit", "open", "--compare")
        assert (at_work.code, at_work.out.count("at work")) == (3, 2), "both still run, so nothing is judged"
        for process in (done, undone):
            process.kill()
            assert process.wait() == -signal.SIGKILL
        not_yet = stampdeck("audit", "open")
        assert not_yet.out.count("not yet compared") == 2
        found = stampdeck("audit", "open", "--compare")
    lines = {line.split()[3]: line for line in found.out.splitlines()[1:]}
    assert "   done   " in lines["orlando"] and f"spec.replicas is {before_done + 1}" in lines["orlando"]
    assert "   not done   " in lines["seattle"] and f"spec.replicas is {before_undone}" in lines["seattle"]
    assert results() == {"orlando": "done", "seattle": "failed"}
    assert stampdeck("audit", "open").out == "nothing is open\n"
    assert stampdeck("audit", "verify").code == 0
    assert (replicas("orlando"), replicas("seattle")) == (before_done + 1, before_undone)


async def test_a_start_tells_what_was_left_open_once() -> None:
    told: list[str] = []
    async with SqliteJournal(journal_file(), ManualClock()) as journal:
        reconciliation = Reconciliation(journal, lambda change: None, lambda author: False)
        await tell_left_open(reconciliation, told.append)
        assert told == []
        for number in range(5):
            await journal.record(f"a{number}", EventKind.INTENT, "orlando", {"summary": f"drain node-{number}"})
        await tell_left_open(reconciliation, told.append)
    (text,) = told
    assert "drain node-0: cannot tell" in text and text.endswith("and 2 more")


async def test_a_start_without_a_usable_journal_goes_on() -> None:
    told: list[str] = []
    journal_file().parent.mkdir(parents=True)
    journal_file().write_bytes(os.urandom(4096))
    async with SqliteJournal(journal_file(), ManualClock()) as journal:
        with pytest.raises(JournalFailed):
            await journal.events()
        await tell_left_open(Reconciliation(journal, lambda change: None, lambda author: False), told.append)
    assert "not a journal" in told[0] and "watching goes on" in told[0]
