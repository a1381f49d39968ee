"""A file brought to a helper VM: what is planned, what changes meanwhile, what is read back, and its line for scp."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backends.errors import LocalDiskFailed, NotFound, Unreachable, UsageError
from backends.model.helper_vm import Finished, HelperVmAccess, SshHop
from backends.model.ssh_line import scp_line, ssh_line
from backends.operations.vm_files import PutWork, VmFileWorks
from backends.operations.vm_shell import node_hop
from backends.operations.work import PartlyDone
from tests.support.fake_progress import FakeProgress

ACCESS = HelperVmAccess(SshHop("10.0.0.4", "azureuser", 2222), (SshHop("bastion", "eva"),))


@dataclass
class There:
    path: str
    size: int


@dataclass
class Vm:
    """A helper VM with files in memory."""

    access: HelperVmAccess = ACCESS
    kept: dict[str, bytes] = field(default_factory=dict)
    cut: bool = False

    async def find(self, path: str) -> There:
        if path not in self.kept:
            raise NotFound("cannot use it", why="it is not there")
        return There(path, len(self.kept[path]))

    async def put(self, source: Path, path: str, progress: Any = None) -> None:
        if self.cut:
            raise Unreachable("lost", why="the connection was reset")
        self.kept[path] = source.read_bytes()
        progress(1, 2)
        progress(2, 2)

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        content = self.kept[command.rpartition(" ")[2]]
        return Finished(0, f"Welcome!\n{hashlib.sha256(content).hexdigest()}  x\n".encode(), b"")


async def planned(vm: Vm, source: Path, path: str = "/home/x/") -> PutWork:
    source.write_bytes(b"content")
    return await VmFileWorks({"orlando": vm}, {"orlando": vm}).plan_put("orlando", source, path)


async def test_it_is_copied_and_read_back_also_by_a_later_start(tmp_path: Path) -> None:
    vm = Vm()
    work = await planned(vm, tmp_path / "model.json")
    assert not (await work.verify()).ok
    assert "nothing has that name" in str((await work.preview()).notes)
    assert "/home/x/model.json" in await work.act(FakeProgress())
    assert (await work.verify()).ok and "is replaced" in str((await work.preview()).notes)
    rebuilt = VmFileWorks({"orlando": vm}, {"orlando": vm}).rebuild(work.change)
    assert rebuilt is not None and (await rebuilt.verify()).ok
    vm.kept["/home/x/model.json"] = b"changed"
    assert "another content" in (await rebuilt.verify()).evidence


async def test_what_changed_since_the_plan_is_not_copied_and_a_cut_is_said(tmp_path: Path) -> None:
    vm = Vm()
    work = await planned(vm, tmp_path / "model.json")
    (tmp_path / "model.json").write_bytes(b"another")
    with pytest.raises(PartlyDone, match="nothing was copied"):
        await work.act(FakeProgress())
    work = await planned(vm, tmp_path / "model.json")
    vm.cut = True
    with pytest.raises(PartlyDone, match="reset"):
        await work.act(FakeProgress())
    assert vm.kept == {}


async def test_what_cannot_be_planned(tmp_path: Path) -> None:
    works = VmFileWorks({"orlando": Vm()}, {"orlando": Vm()})
    with pytest.raises(LocalDiskFailed, match="cannot be read"):
        await works.plan_put("orlando", tmp_path / "nothing", "x")
    with pytest.raises(UsageError, match="no helper VM"):
        await works.plan_put("seattle", tmp_path / "nothing", "x")


def test_the_lines_of_openssh() -> None:
    assert ssh_line(ACCESS) == "ssh -J eva@bastion:22 -p 2222 azureuser@10.0.0.4"
    behind = node_hop(ACCESS, "k8s-1")
    assert ssh_line(ACCESS, behind) == "ssh -J eva@bastion:22,azureuser@10.0.0.4:2222 azureuser@k8s-1"
    assert scp_line(ACCESS, "a b", "~/x") == "scp -J eva@bastion:22 -P 2222 'a b' 'azureuser@10.0.0.4:~/x'"
    for wrong in ("-oProxyCommand=x", "a b", "x;y"):
        with pytest.raises(UsageError):
            node_hop(ACCESS, wrong)
