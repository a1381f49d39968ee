"""A file that cannot be used: what an operator is told, and that nothing is lost by it."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backends.errors import JournalFailed
from backends.journal import SqliteJournal
from backends.journal.database import open_to_write
from backends.journal.filesystems import filesystem_of, is_network
from backends.journal.schema import SCHEMA_VERSION
from backends.model.journal import EventKind
from tests.support.clock import ManualClock

NOBODY = 65534


async def failure(journal: SqliteJournal) -> JournalFailed:
    """Return what recording fails with."""
    with pytest.raises(JournalFailed) as caught:
        await journal.record("a1", EventKind.INTENT, "orlando")
    assert str(journal.file) in caught.value.what
    assert caught.value.why and caught.value.todo
    return caught.value


async def test_another_program_that_keeps_it_locked_is_waited_for_only_so_long(
    journal: SqliteJournal, file: Path
) -> None:
    await journal.record("a1", EventKind.STEP, "orlando")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in (await failure(journal)).why
        assert len(await journal.events()) == 1, "reading goes on"
        other.execute("ROLLBACK")
    assert (await journal.record("a1", EventKind.STEP, "orlando")).number == 2


async def test_a_disk_that_does_not_answer_holds_nobody_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.journal.journal._PATIENCE_S", -59.9)
    async with SqliteJournal(file, ManualClock(), busy_s=60) as journal:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert "does not answer" in (await failure(journal)).why
            other.execute("ROLLBACK")
        monkeypatch.setattr("backends.journal.journal._PATIENCE_S", 60)
        assert [each.number for each in await journal.events()] == [1], "what was begun is finished"


@pytest.mark.parametrize("content", [b"notes of an operator\n" * 90, b"SQLite format 3\0 and then something else" * 40])
async def test_a_file_that_is_no_database_stays_as_it_is(journal: SqliteJournal, file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert "move it away" in (await failure(journal)).todo
    with pytest.raises(JournalFailed, match="not a journal"):
        await journal.events()
    assert file.read_bytes() == content


async def test_a_database_of_another_program_is_left_alone(journal: SqliteJournal, file: Path) -> None:
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE history (url TEXT)")
    before = file.read_bytes()
    assert "not a journal of stampdeck" in (await failure(journal)).why
    assert file.read_bytes() == before


async def test_a_journal_of_a_newer_version_is_left_alone(journal: SqliteJournal, file: Path) -> None:
    async with SqliteJournal(file, ManualClock()) as made:
        await made.record("a1", EventKind.STEP, "orlando")
    with closing(sqlite3.connect(file)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert "newer stampdeck" in (await failure(journal)).why
    with pytest.raises(JournalFailed, match="newer stampdeck"):
        await journal.verify()


async def test_a_damaged_file_is_told(journal: SqliteJournal, file: Path) -> None:
    async with SqliteJournal(file, ManualClock()) as made:
        for _ in range(200):
            await made.record("a1", EventKind.STEP, "orlando", {"text": "x" * 300})
    with file.open("r+b") as torn:
        torn.seek(3 * 4096)
        torn.write(os.urandom(8 * 4096))
    with pytest.raises(JournalFailed, match="damaged"):
        await journal.verify()


async def test_an_empty_file_is_made_a_journal(journal: SqliteJournal, file: Path) -> None:
    """A console that was killed between making the file and its tables."""
    file.parent.mkdir(parents=True)
    file.touch()
    assert await journal.events() == ()
    assert (await journal.record("a1", EventKind.STEP, "orlando")).number == 1


async def test_a_file_taken_away_while_it_is_open_is_told_once(journal: SqliteJournal, file: Path) -> None:
    await journal.record("a1", EventKind.STEP, "orlando")
    shutil.rmtree(file.parent)
    assert "moved, removed or replaced" in (await failure(journal)).why
    assert (await journal.record("a2", EventKind.STEP, "orlando")).number == 1
    assert [each.operation for each in await journal.events()] == ["a2"]


async def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    async with SqliteJournal(tmp_path / "state" / "journal.db", ManualClock()) as journal:
        assert "STAMPDECK_JOURNAL" in (await failure(journal)).todo
    (tmp_path / "folder.db").mkdir()
    async with SqliteJournal(tmp_path / "folder.db", ManualClock()) as journal:
        await failure(journal)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Without the rights of root, whom no mode stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_journal_that_may_only_be_read_is_read_and_not_written() -> None:
    folder = Path(tempfile.mkdtemp(prefix="stampdeck-test-"))
    try:
        async with SqliteJournal(folder / "journal.db", ManualClock()) as made:
            event = await made.record("a1", EventKind.STEP, "orlando")
        (folder / "journal.db").chmod(0o444)
        folder.chmod(0o555)
        async with SqliteJournal(folder / "journal.db", ManualClock(), busy_s=0.2) as journal:
            with somebody_else():
                assert await journal.events() == (event,)
                assert (await journal.verify()).holds
                assert "writable" in (await failure(journal)).todo
                assert await journal.events() == (event,)
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


FILL = """
import asyncio, resource, sys
from pathlib import Path
from backends.clock import SystemClock
from backends.errors import JournalFailed
from backends.journal import SqliteJournal
from backends.model.journal import EventKind

async def main():
    async with SqliteJournal(Path(sys.argv[1]), SystemClock()) as journal:
        written = 0
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), limits[1]))
        try:
            while written < 5000:
                await journal.record("a1", EventKind.STEP, "orlando", {"text": "x" * 500})
                written += 1
        except JournalFailed as error:
            print(error)
        found = await journal.verify()
        assert (found.holds, found.rows) == (True, written), found
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if sys.argv[3] == "goes on":
            assert (await journal.record("a1", EventKind.STEP, "orlando")).number == written + 1
            assert (await journal.verify()).holds
        print(written)

asyncio.run(main())
"""


def fill(file: Path, limit_bytes: int, then: str, before: Sequence[str] = ()) -> tuple[str, int]:
    """Write until there is no room, check the chain, and return what was said and how much was written."""
    words = [*before, sys.executable, "-W", "error", "-c", FILL, str(file), str(limit_bytes), then]
    found = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert found.returncode == 0, found.stderr
    said, written = found.stdout.splitlines()
    return said, int(written)


def test_a_file_that_may_not_grow_keeps_its_chain_and_goes_on_when_it_may(file: Path) -> None:
    said, written = fill(file, 150_000, "goes on")
    assert f"writing the journal {file}" in said
    assert 0 < written < 5000


def test_a_full_disk_is_told_and_keeps_the_chain(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    # In a mount namespace of its own, which is gone with the process; `exec "$@"` keeps the words apart.
    own = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-ec",
        f'mount -t tmpfs -o size=256k tmpfs "{disk}"; exec "$@"',
    ]
    if not shutil.which("unshare") or subprocess.run([*own, "sh", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small filesystem")
    said, written = fill(disk / "journal.db", resource.RLIM_INFINITY, "stops", [*own, "sh"])
    assert "disk is full" in said and "make room" in said
    assert 0 < written < 5000


MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /home rw - nfs4 files:/home rw,vers=4.2
41 40 0:41 / /home/alice/local\040disk rw - xfs /dev/sdb1 rw
42 22 0:42 / /run/user rw - tmpfs tmpfs rw
43 42 0:43 / /run/user rw - fuse.sshfs bastion:/ rw
not a mount at all
"""


@pytest.mark.parametrize(
    ("folder", "filesystem", "network"),
    [
        ("/var/lib", "ext4", False),
        ("/home/alice/.local/state", "nfs4", True),
        ("/home/alice/local disk/state", "xfs", False),
        ("/homes", "ext4", False),
        ("/run/user/1000", "fuse.sshfs", True),
    ],
)
def test_network_filesystems_are_known(folder: str, filesystem: str, network: bool) -> None:
    found = filesystem_of(Path(folder), MOUNTS)
    assert (found, is_network(found)) == (filesystem, network)


@pytest.mark.parametrize(("network", "mode", "synchronous"), [(False, "wal", 2), (True, "delete", 3)])
def test_a_commit_is_on_disk_when_it_returns(
    file: Path, monkeypatch: pytest.MonkeyPatch, network: bool, mode: str, synchronous: int
) -> None:
    """sqlite.org/pragma.html: 2 is FULL, 3 is EXTRA, which a rollback journal needs."""
    monkeypatch.setattr("backends.journal.database.is_on_network", lambda folder: network)
    with closing(open_to_write(file, 1)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == (mode,)
        assert database.execute("PRAGMA synchronous").fetchone() == (synchronous,)


async def test_without_shared_memory_each_commit_goes_to_the_file(
    journal: SqliteJournal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqliteJournal(file, ManualClock()) as local:
        await local.record("a1", EventKind.STEP, "orlando")
    monkeypatch.setattr("backends.journal.database.is_on_network", lambda folder: True)
    await journal.record("a2", EventKind.STEP, "orlando")
    assert [each.name for each in file.parent.iterdir()] == ["journal.db"]
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert (await journal.verify()).rows == 2


async def test_a_sqlite_without_strict_tables_will_do(
    journal: SqliteJournal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red Hat 8 comes with 3.26."""
    monkeypatch.setattr("backends.journal.schema.STRICT_SINCE", (99, 0))
    for _ in range(3):
        await journal.record("a1", EventKind.STEP, "orlando")
    assert (await journal.verify()).rows == 3
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        assert "STRICT" not in database.execute("SELECT sql FROM sqlite_master WHERE name = 'event'").fetchone()[0]
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            database.execute("DELETE FROM event")
        database.execute("DROP TRIGGER event_stays")
        database.execute("UPDATE event SET data = x'00ff' WHERE number = 2")
    assert (await journal.verify()).broken_at == 2
