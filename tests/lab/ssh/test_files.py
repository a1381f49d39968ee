from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.ssh.machine import Ended, Machine, run

_BOTH = pytest.mark.parametrize("protocol", [[], ["-O"]], ids=["sftp", "old scp"])


@_BOTH
async def test_scp_there_and_back(machine: Machine, tmp_path: Path, protocol: list[str]) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "there").write_bytes(data)
    (tmp_path / "there").chmod(0o640)
    for target in ("orlando:one", "orlando:~/two", f"orlando:{machine.home}/three"):
        sent = await run(*machine.argv("scp", *protocol, "-p"), str(tmp_path / "there"), target)
        assert sent.status == 0, sent.err
    for name in ("one", "two", "three"):
        assert (machine.home / name).read_bytes() == data
    assert (machine.home / "one").stat().st_mode & 0o777 == 0o640
    fetched = await run(*machine.argv("scp", *protocol), "orlando:one", str(tmp_path / "back"))
    assert fetched.status == 0, fetched.err
    assert (tmp_path / "back").read_bytes() == data


@_BOTH
async def test_scp_of_a_folder(machine: Machine, tmp_path: Path, protocol: list[str]) -> None:
    for name in ("a", "b/c"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(name)
    sent = await run(*machine.argv("scp", *protocol, "-r"), str(tmp_path / "tree"), "orlando:")
    assert sent.status == 0, sent.err
    assert (machine.home / "tree/b/c").read_text() == "b/c"
    fetched = await run(*machine.argv("scp", *protocol, "-r"), "orlando:tree", str(tmp_path / "back"))
    assert fetched.status == 0, fetched.err
    assert (tmp_path / "back/b/c").read_text() == "b/c"


@_BOTH
async def test_scp_says_what_is_not_there(machine: Machine, tmp_path: Path, protocol: list[str]) -> None:
    refused = await run(*machine.argv("scp", *protocol), "orlando:nothing", str(tmp_path / "x"))
    assert refused.status == 1 and not (tmp_path / "x").exists()


async def sftp(machine: Machine, *commands: str) -> Ended:
    return await run(*machine.argv("sftp", "-b", "-", machine.vm.stamp), input="\n".join(commands).encode() + b"\n")


async def test_sftp_does_what_one_does_with_files(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "local").write_text("content")
    (machine.home / "old").write_text("old")
    found = await sftp(
        machine,
        "pwd",
        "mkdir d",
        f"put {tmp_path}/local d/x",
        "rename d/x old",  # onto one there is: by the extension posix-rename
        "chmod 600 old",
        "ls -l old",
        "symlink old link",
        f"get link {tmp_path}/back",
        "rmdir d",
        "df",
    )
    assert found.status == 0, found.err
    assert f"Remote working directory: {machine.home}" in found.out.decode()
    assert (machine.home / "old").read_text() == (tmp_path / "back").read_text() == "content"
    assert (machine.home / "old").stat().st_mode & 0o777 == 0o600
    assert not (machine.home / "d").exists()
    assert "-rw-------" in found.out.decode()


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../fleet.yaml", "../boot_id", "way-out/passwd", "file-out"])
async def test_nothing_outside_is_reached(machine: Machine, tmp_path: Path, path: str) -> None:
    (machine.home / "way-out").symlink_to("/etc")
    (machine.home / "file-out").symlink_to("/etc/passwd")
    assert (await sftp(machine, f"get {path} {tmp_path}/got")).status == 1
    assert (await run(*machine.argv("scp", "-O"), f"orlando:{path}", str(tmp_path / "got"))).status == 1
    assert not (tmp_path / "got").exists()


async def test_nothing_outside_is_written(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "local").write_text("content")
    (machine.home / "way-out").symlink_to(tmp_path)
    for command in (
        f"put {tmp_path}/local way-out/new",
        f"put {tmp_path}/local {tmp_path}/new",
        f"mkdir {tmp_path}/new",
    ):
        assert (await sftp(machine, command)).status == 1
    assert not (tmp_path / "new").exists()


async def test_a_link_that_leads_out_is_seen_and_removed(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (machine.home / "out").symlink_to(tmp_path / "kept")
    found = await sftp(machine, "ls -la", "rm out")
    assert found.status == 0, found.err
    assert "out" in found.out.decode() and not (machine.home / "out").is_symlink()
    assert (tmp_path / "kept").exists()


async def test_a_full_disk_takes_no_file(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"x" * 10_000)
    machine.faults.set("vm-disk-full")
    assert (await run(*machine.argv("scp"), str(tmp_path / "local"), "orlando:one")).status == 1
    machine.faults.clear()
    assert (await run(*machine.argv("scp"), str(tmp_path / "local"), "orlando:one")).status == 0
