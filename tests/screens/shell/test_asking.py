"""A shell asked for from a row: the line, the dialog, and nothing at all while the console is read-only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.model.journal import EventKind
from backends.operations.shell import Shells
from screens.gate.dialog import GateDialog
from screens.shell.asking import read_shell
from tests.screens.stage import pod, ready, shows, until
from tests.screens.writing_stage import WritingStage
from tests.support.fakes import POD_COLUMNS

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {},
    "spec": {"containers": [{"name": "web"}, {"name": "proxy"}]},
    "status": {"phase": "Running"},
}


class Opened(Exception):
    """Raised where a command would be run."""


def stage(opened: list[Sequence[str]]) -> WritingStage:
    made = WritingStage("orlando")
    made.put_objects("pod", POD_COLUMNS, {"orlando": [pod("orlando", "web-1")]}, POD)

    @asynccontextmanager
    async def open_exec(
        namespace: str, name: str, container: str, command: Sequence[str], **flags: bool
    ) -> AsyncIterator[None]:
        opened.append((namespace, name, container, *command))
        raise Opened("nothing is run in this test")
        yield

    writer: Any = made.writers["orlando"]
    writer.open_exec = open_exec
    services: Any = made.services
    clusters: Any = made.writers
    services.shells = Shells(clusters, made.journal, made.clock, Path("/nowhere"))
    return made


async def ask(pilot: Any, *keys: str) -> None:
    await ready(pilot)
    await pilot.press("colon", *"pods", "enter")
    await shows(pilot, "web-1")
    await pilot.press("s")
    await until(pilot, lambda: pilot.app.screen.has_open_prompt, "the prompt")
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the dialog")


async def test_read_only_nothing_is_run() -> None:
    opened: list[Sequence[str]] = []
    made = stage(opened)
    async with made.run((80, 24)) as pilot:
        await ask(pilot)
        await shows(pilot, "create pods/exec in default", "the console is read-only: W arms writing")
        assert pilot.app.screen.query_one("#yes").disabled
        await pilot.press("tab", "enter", "y", "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, GateDialog), "the dialog's end")
    assert opened == [] and made.journal.kinds() == []


async def test_armed_and_confirmed_it_is_run_in_the_container_that_was_named() -> None:
    opened: list[Sequence[str]] = []
    made = stage(opened)
    async with made.run() as pilot:
        await ask(pilot, "minus", "c", "space", *"proxy", "space", *"id")
        await pilot.press("W")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: EventKind.OUTCOME in made.journal.kinds(), "the end")
    assert opened == [("default", "web-1", "proxy", "id")]
    assert made.journal.kinds().count(EventKind.SHELL) == 2


def test_a_line_is_read() -> None:
    asked = read_shell("record -c proxy psql -c 'select 1'")
    assert (asked.record, asked.container, asked.command) == (True, "proxy", ("psql", "-c", "select 1"))
    assert (read_shell("", "web").container, read_shell("").command) == ("web", ())
    assert read_shell("echo record").record is False
    for wrong in ("-c", "record -c", "echo 'a"):
        with pytest.raises(ValueError):
            read_shell(wrong)
