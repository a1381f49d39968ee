"""A shell on a helper VM asked for by a key: read only nothing is opened, and the line is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.journal import EventKind
from backends.operations.vm_shell import VmShells
from screens.gate.dialog import GateDialog
from screens.operations.shell_asking import read_place
from tests.screens.operations.test_engine_screens import EngineScreens
from tests.screens.stage import shows, until


class Opened(Exception):
    """Raised where a shell would be opened."""


class Host:
    """A helper VM that keeps where shells were asked for."""

    access = HelperVmAccess(SshHop("10.0.0.4", "azureuser"))

    def __init__(self) -> None:
        self.opened: list[SshHop | None] = []

    @asynccontextmanager
    async def open_shell(self, command: str = "", **asked: Any) -> AsyncIterator[Any]:
        self.opened.append(asked["behind"])
        raise Opened("nothing is opened in this test")
        yield


def stage(folder: Path, host: Host) -> EngineScreens:
    made = EngineScreens(folder, "orlando", "seattle")
    services: Any = made.services
    services.vm_shells = VmShells({"orlando": host, "seattle": host}, made.journal, made.clock, Path("/nowhere"))
    return made


async def ask(made: EngineScreens, pilot: Any, *keys: str) -> None:
    await made.begin(pilot)
    await shows(pilot, "orlando")
    await pilot.press("h")
    await until(pilot, lambda: pilot.app.screen.has_open_prompt, "the prompt")
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the dialog")


async def test_read_only_nothing_is_opened(tmp_path: Path) -> None:
    host = Host()
    made = stage(tmp_path, host)
    async with made.run((100, 30)) as pilot:
        await ask(made, pilot)
        await shows(pilot, "ssh azureuser@10.0.0.4", "read-only")
        assert pilot.app.screen.query_one("#yes").disabled
        await pilot.press("tab", "enter", "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, GateDialog), "the dialog's end")
    assert host.opened == [] and made.journal.kinds() == []


async def test_armed_and_confirmed_it_is_opened_on_the_machine_that_was_named(tmp_path: Path) -> None:
    host = Host()
    made = stage(tmp_path, host)
    async with made.run((100, 30)) as pilot:
        await ask(made, pilot, *"--user ops k8s-1")
        await shows(pilot, "ssh -J azureuser@10.0.0.4:22 ops@k8s-1")
        await pilot.press("W")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: EventKind.OUTCOME in made.journal.kinds(), "the end")
    assert host.opened == [SshHop("k8s-1", "ops")]
    assert made.journal.kinds().count(EventKind.SHELL) == 2


def test_a_line_is_read() -> None:
    assert read_place("") == (False, "", "")
    assert read_place("record") == (True, "", "")
    assert read_place("record --user ops k8s-1") == (True, "k8s-1", "ops")
    for wrong in ("--user ops", "a b"):
        with pytest.raises(ValueError):
            read_place(wrong)
