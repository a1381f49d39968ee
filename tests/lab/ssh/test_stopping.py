from __future__ import annotations

from pathlib import Path

from backends.lab.folder import LabFolder
from backends.lab.ssh.marked import find_marked, kill_marked
from tests.lab.ssh.machine import Machine, open_machine, started

_DETACH = "setsid -f sh -c 'while :; do sleep 0.01; done' >/dev/null 2>&1 </dev/null"


async def test_nothing_of_a_stopped_machine_is_left(tmp_path: Path) -> None:
    async with open_machine(LabFolder(tmp_path / "lab")) as machine:
        for _ in range(3):
            await machine.ssh(_DETACH)
        async with machine.connecting("trap '' HUP TERM; echo on; sleep 600; sleep 600") as process:
            assert process.stdout is not None and await process.stdout.readline() == b"on\n"
            mark = machine.vm.sandbox.mark
            assert len(find_marked(mark)) >= 5
            await machine.vm.stop()
            assert find_marked(mark) == []
            assert await process.wait() == 255


async def test_what_a_killed_lab_left_is_ended_by_the_next_in_its_folder(tmp_path: Path) -> None:
    left = {"STAMPDECK_VM": f"{tmp_path}/lab/vm/orlando:of-an-earlier-lab", "PATH": "/usr/bin:/bin"}
    others = {"STAMPDECK_VM": f"{tmp_path}/lab/vm/orlando-2:of-another", "PATH": "/usr/bin:/bin"}
    (tmp_path / "lab/vm/orlando").mkdir(parents=True)
    async with (
        started("sleep", "600", environment=left) as orphan,
        started("sleep", "600", environment=others) as other,
        open_machine(LabFolder(tmp_path / "lab")),
    ):
        assert await orphan.wait() == -9
        assert other.returncode is None


async def test_a_machine_is_new_at_every_start(machine: Machine, tmp_path: Path) -> None:
    (machine.home / "left").touch()
    await machine.vm.stop()
    async with open_machine(machine.folder) as again:
        assert not (again.home / "left").exists()
        assert again.vm.host_key != machine.vm.host_key


def test_nothing_is_found_where_nothing_runs(tmp_path: Path) -> None:
    assert find_marked(str(tmp_path)) == [] and kill_marked(str(tmp_path)) == 0
