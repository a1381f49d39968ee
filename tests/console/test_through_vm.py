"""The console on a lab stamp whose API is read through a helper VM: a real sshd that is cut and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from backends.model.health import Health
from console.commands.lab_process import LabProcess
from console.configuration import load_settings
from console.configuration.folders import known_hosts_file, make_private
from console.wiring import open_services
from tests.console.command_line import stampdeck
from tests.support.sshd import Sshd, running_sshd
from tests.support.waiting import until


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def through_vm(on_lab: LabProcess, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's fleet.yaml, with orlando's API said to be behind this sshd, whose key is remembered."""
    fleet = yaml.safe_load(on_lab.config.read_text())
    orlando = fleet["stamps"][0]
    orlando["cluster"]["via"] = "helper"
    orlando["helper_vm"] = {
        "host": sshd.host,
        "port": sshd.port,
        "user": sshd.user,
        "key_files": [str(sshd.key)],
        "agent": False,
    }
    file = on_lab.config.with_name("through-vm.yaml")
    file.write_text(yaml.safe_dump(fleet))
    make_private(known_hosts_file().parent)
    known_hosts_file().write_text(sshd.known_hosts_line())
    monkeypatch.setenv("STAMPDECK_CONFIG", str(file))
    return file


def test_commands_read_the_cluster_through_the_vm(through_vm: Path, sshd: Sshd) -> None:
    found = stampdeck("--stamp", "orlando", "get", "nodes", "-o", "json")
    assert found.code == 0, found.err
    assert json.loads(found.out)
    assert sshd.log.read_text().count("Accepted publickey") == 1
    assert stampdeck("--stamp", "seattle", "get", "nodes").code == 0
    assert sshd.log.read_text().count("Accepted publickey") == 1, "a stamp without a VM went through one"


def test_without_the_vm_the_cluster_is_down_in_the_vm_s_words(through_vm: Path, sshd: Sshd) -> None:
    sshd.kill()
    found = stampdeck("--stamp", "orlando", "get", "nodes")
    assert found.code != 0
    assert f"nothing listens on port {sshd.port} of 127.0.0.1" in found.err


def test_an_unknown_host_key_stops_a_command_before_anything_is_sent(through_vm: Path, sshd: Sshd) -> None:
    known_hosts_file().unlink()
    found = stampdeck("--stamp", "orlando", "get", "nodes")
    assert found.code != 0 and "SHA256:" in found.err and "is not known" in found.err
    assert "Accepted" not in sshd.log.read_text()


async def test_the_fleet_comes_back_by_itself_when_the_sshd_does(through_vm: Path, sshd: Sshd) -> None:
    async with open_services(load_settings(str(through_vm)), stamps=("orlando",)) as services:

        def api() -> Health:
            return services.fleet.state.value.stamp("orlando").api.health

        await until(lambda: api() is Health.LIVE, 60.0)
        sshd.kill()
        await until(lambda: api() in (Health.RETRYING, Health.DOWN), 60.0)
        await until(lambda: str(sshd.port) in services.fleet.state.value.stamp("orlando").api.reason, 60.0)
        sshd.start()
        await until(lambda: api() is Health.LIVE, 60.0)
