"""The services open without waiting for anybody and close without leaving anything."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backends.errors import JournalFailed, UsageError
from backends.model.health import Health
from backends.model.journal import EventKind
from console.configuration import load_settings
from console.wiring import open_services
from tests.console.files import KUBECONFIG, write_fleet

FLEET = """\
stamps:
  - name: orlando
    cluster: {kubeconfig: kubeconfig, context: orlando-admin, request_timeout: 30s}
    application: {url: "http://127.0.0.1:1/"}
  - name: seattle
    cluster: {kubeconfig: missing, context: seattle}
"""


async def test_services_open_at_once_and_say_what_is_wrong(tmp_path: Path) -> None:
    """One stamp accepts connections and says nothing, the other's kubeconfig is missing."""
    connected = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    silent = await asyncio.start_server(accept, "127.0.0.1", 0)
    file = write_fleet(tmp_path, FLEET)
    port = silent.sockets[0].getsockname()[1]
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.replace("127.0.0.1:1", f"127.0.0.1:{port}"))
    before = asyncio.all_tasks()
    async with silent:
        began_s = time.monotonic()
        async with open_services(load_settings(str(file))) as services:
            await asyncio.wait_for(connected.wait(), 20)
            snapshot = await services.fleet.settled(1)
            assert snapshot.stamp("seattle").api.is_degraded
            assert "missing" in snapshot.stamp("seattle").api.reason
            assert snapshot.stamp("orlando").api.health is not Health.LIVE
            assert snapshot.stamp("orlando").serves is False
            assert "connection refused" in snapshot.stamp("orlando").probes[-1].reason
        assert time.monotonic() - began_s < 15, "closing waited for a stamp that says nothing"
    assert asyncio.all_tasks() == before


async def test_only_what_is_asked_for_is_opened(tmp_path: Path) -> None:
    settings = load_settings(str(write_fleet(tmp_path, FLEET)))
    async with open_services(settings, stamps=("seattle",), follow_fleet=False) as services:
        assert [stamp.name for stamp in services.stamps] == ["seattle"]
        assert [stamp.name for stamp in services.fleet.state.value.stamps] == ["seattle"]
        await asyncio.sleep(0)
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "fleet"]


async def test_an_unknown_stamp_is_refused(tmp_path: Path) -> None:
    settings = load_settings(str(write_fleet(tmp_path, FLEET)))
    with pytest.raises(UsageError, match="no stamp named 'tampa'"):
        async with open_services(settings, stamps=("tampa",)):
            pass


async def test_a_journal_nobody_can_use_stops_no_watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened at its first use: only what needs it hears of it."""
    (tmp_path / "journal").write_text("no folder")
    monkeypatch.setenv("STAMPDECK_JOURNAL", str(tmp_path / "journal" / "journal.db"))
    settings = load_settings(str(write_fleet(tmp_path, FLEET)))
    async with open_services(settings, stamps=("seattle",)) as services:
        assert (await services.fleet.settled(1)).stamp("seattle").api.is_degraded
        with pytest.raises(JournalFailed, match="reading the journal"):
            await services.journal.events()
        with pytest.raises(JournalFailed, match="opening the journal"):
            await services.journal.record("a1", EventKind.ARMED, "")


WATCHING = """
import asyncio, sys
from console.configuration import load_settings
from console.wiring import open_services

REST = {"backends.journal", "backends.operations.works", "backends.operations.logs", "backends.model.describe"}

async def main():
    async with open_services(load_settings(sys.argv[1]), follow_fleet=False) as services:
        services.resources, services.details
        assert not REST & sys.modules.keys(), REST & sys.modules.keys()
        await services.prepare()
        known = set(sys.modules)
        services.logs, services.doctor, services.journal, services.reconciliation
        late = [name for name in set(sys.modules) - known if name.startswith("backends")]
        assert not late, late

asyncio.run(main())
"""


def test_what_watching_does_not_need_is_imported_when_it_is_asked_for(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, FLEET)
    load_settings(str(file))
    subprocess.run([sys.executable, "-c", WATCHING, str(file)], check=True, timeout=60)
