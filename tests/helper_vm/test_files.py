"""Files copied from and to a real VM: over SFTP, without it, and with everything that can be wrong."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.errors import Conflict, Forbidden, LocalDiskFailed, NotFound, ServerFailed, SourceError, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.files import VmFiles, is_plain_name
from tests.helper_vm.vm_stage import connected, hop_of, remember
from tests.support.cutting_relay import CuttingRelay
from tests.support.sshd import Sshd, login_shell, ordinary_account, running_sshd
from tests.support.waiting import until

WAYS = ("sftp", "noisy", "absent")


@pytest.fixture(params=WAYS)
def sshd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sshd]:
    """A VM with SFTP, one whose shell greets everybody, and one without SFTP."""
    options = ["Subsystem sftp /nowhere/sftp-server"] if request.param == "absent" else []
    with running_sshd(tmp_path / "sshd", options=options) as server:
        if request.param == "noisy":
            if not login_shell().endswith("bash"):
                pytest.skip("only bash reads a file for every command")
            (server.home / ".bashrc").write_text("echo Welcome to the helper VM!\n")
        yield server


@pytest.fixture
async def vm(sshd: Sshd, tmp_path: Path) -> AsyncIterator[HelperVmConnection]:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as found:
        yield found


@pytest.fixture
def files(vm: HelperVmConnection) -> VmFiles:
    return VmFiles(vm)


async def test_a_file_comes_whole_and_private(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    content = os.urandom(9_000_000)
    (sshd.home / "logs $(x).tar").write_bytes(content)
    told: list[tuple[int, int]] = []
    target = tmp_path / "here.tar"
    await files.get("~/logs $(x).tar", target, lambda done, total: told.append((done, total)))
    assert target.read_bytes() == content
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert told[-1] == (len(content), len(content)) and [done for done, _ in told] == sorted(done for done, _ in told)
    assert [each.name for each in tmp_path.glob(".*.part")] == []


async def test_an_empty_file_comes_too(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    (sshd.home / "-empty").write_bytes(b"")
    await files.get("-empty", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b""


async def test_a_file_is_brought_whole_private_and_in_place_of_another(
    files: VmFiles, sshd: Sshd, tmp_path: Path
) -> None:
    source = tmp_path / "model.json"
    source.write_bytes(os.urandom(3_000_000))
    (sshd.home / "cluster").mkdir()
    (sshd.home / "cluster" / "api model.json").write_text("old")
    told: list[tuple[int, int]] = []
    await files.put(source, "~/cluster/api model.json", lambda done, total: told.append((done, total)))
    there = sshd.home / "cluster" / "api model.json"
    assert there.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert told[-1] == (3_000_000, 3_000_000)
    assert [each.name for each in there.parent.iterdir()] == ["api model.json"]


async def test_what_is_not_there_or_no_file_is_told(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    (sshd.home / "folder").mkdir()
    with pytest.raises(NotFound, match=r"cannot use ~/missing on .*it is not there"):
        await files.get("~/missing", tmp_path / "here")
    with pytest.raises(ServerFailed, match="it is no file"):
        await files.get("~/folder", tmp_path / "here")
    with pytest.raises(NotFound):
        await files.put(remembered(tmp_path), "~/nowhere/file")
    with pytest.raises(ServerFailed):
        await files.put(remembered(tmp_path), "~/folder")
    assert list((sshd.home / "folder").iterdir()) == []
    for wrong in ("~/folder/", "~/folder/..", "~/folder/a\nb"):
        with pytest.raises(NotFound, match="it names no file"):
            await files.put(remembered(tmp_path), wrong)
    assert not (tmp_path / "here").exists()


def remembered(folder: Path) -> Path:
    """A small file of ours."""
    path = folder / "small"
    path.write_text("small")
    return path


async def test_files_of_ours_that_cannot_be_read_or_written(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    (sshd.home / "file").write_text("content")
    with pytest.raises(LocalDiskFailed, match="cannot be written"):
        await files.get("file", tmp_path / "missing" / "here")
    with pytest.raises(LocalDiskFailed, match="cannot be read"):
        await files.put(tmp_path / "missing", "~/file")
    assert (sshd.home / "file").read_text() == "content"


async def test_names_that_lead_elsewhere_or_hide_something_are_left_out(files: VmFiles, sshd: Sshd) -> None:
    folder = sshd.home / "logs"
    folder.mkdir()
    for name in ("good.tar", "\x1b]0;evil\x07", "a\nb", "right-to-\u202eleft", ".hidden", "-rf"):
        (folder / name).write_text("")
    assert await files.names("~/logs") == ["-rf", ".hidden", "good.tar"]
    with pytest.raises(NotFound):
        await files.names("~/nowhere")


async def test_a_file_that_is_being_written_is_not_kept(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    growing = sshd.home / "log"
    growing.write_bytes(b"x" * 100_000)

    def grow(done: int, total: int) -> None:
        if done == total:
            growing.write_bytes(b"y" * 100_001)

    with pytest.raises(Conflict, match="it is being written to"):
        await files.get("log", tmp_path / "here", grow)
    assert not (tmp_path / "here").exists()


async def test_a_cut_leaves_nothing_half_done(sshd: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.write_bytes(os.urandom(2_000_000))
    (sshd.home / "file").write_bytes(b"old")
    (sshd.home / "big").write_bytes(os.urandom(2_000_000))
    async with CuttingRelay(sshd.host, sshd.port) as relay:
        known_hosts = remember(tmp_path / "known_hosts", sshd, port=relay.port)
        async with connected(known_hosts, hop_of(sshd, port=relay.port)) as vm:
            files = VmFiles(vm)
            await vm.run("true")
            for count in (30_000, 500_000, 1_500_000):
                relay.cut_after(count)
                with pytest.raises(Unreachable):
                    await files.put(source, "~/file")
                assert (sshd.home / "file").read_bytes() == b"old"
                relay.cut_after(count)
                with pytest.raises(Unreachable):
                    await files.get("big", tmp_path / "here")
                assert not (tmp_path / "here").exists()
            await files.put(source, "~/file")
    assert (sshd.home / "file").read_bytes() == source.read_bytes()


async def test_a_copy_that_is_given_up_leaves_nothing(files: VmFiles, sshd: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.write_bytes(os.urandom(8_000_000))
    copying = asyncio.create_task(files.put(source, "~/file"))
    await until(lambda: list(sshd.home.glob(".file.*.part")) or copying.done())
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    await until(lambda: not list(sshd.home.glob(".file.*.part")))
    assert not (sshd.home / "file").exists()


async def test_a_file_others_own_is_forbidden(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file that another account may not read")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        (Path(folder) / "sshd").mkdir()
        with Sshd(Path(folder) / "sshd", user=ordinary_account()) as server:
            (server.home / "root-only").write_text("x")
            (server.home / "root-only").chmod(0o600)
            async with connected(remember(tmp_path / "known_hosts", server), hop_of(server)) as vm:
                with pytest.raises(Forbidden):
                    await VmFiles(vm).get("~/root-only", tmp_path / "here")
                with pytest.raises(SourceError):
                    await VmFiles(vm).put(remembered(tmp_path), "/proc/file")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a\x00b", "a\x1b[m", "\u200bname", "a\r"])
def test_names_that_are_not_plain(name: str) -> None:
    assert not is_plain_name(name)
