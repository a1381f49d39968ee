"""The helper VM as a part of its stamp: how it is announced, what lies in its home, what it reaches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from backends.lab.engine.releases import RELEASES, release_for
from backends.lab.runner import Lab, LabOptions, open_lab
from backends.lab.ssh.marked import find_marked
from tests.lab.ssh.machine import Ended, require_openssh, run
from tests.support.peers import require_kubectl
from tests.support.waiting import until


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    require_openssh()
    async with open_lab(LabOptions(tmp_path / "lab", speed=50, incidents=False)) as found:
        yield found


async def ssh(lab: Lab, stamp: str, *words: str, options: tuple[str, ...] = ()) -> Ended:
    return await run("ssh", "-F", str(lab.folder.path / "ssh/config"), *options, stamp, *words)


async def test_the_fleet_file_says_how_it_is_reached(lab: Lab) -> None:
    fleet = yaml.safe_load(lab.folder.config.read_text())
    document = json.loads(lab.folder.ready_file.read_text())
    for stamp in fleet["stamps"]:
        machine, said = stamp["helper_vm"], document["stamps"][stamp["name"]]["helper_vm"]
        assert machine == {
            "host": "127.0.0.1",
            "port": said["port"],
            "user": "azureuser",
            "key_files": [f"ssh/{stamp['name']}-azureuser"],
            "agent": False,
            "host_key": said["host_key"],
            "api_model": f"~/_output/k8s-{stamp['name']}/apimodel.json",
        }
        assert lab.running.addresses[f"{stamp['name']}/ssh"] == f"ssh://azureuser@127.0.0.1:{machine['port']}"
        model = await ssh(lab, stamp["name"], f"cat {machine['api_model']}")
        assert json.loads(model.out)["location"] == stamp["name"]


async def test_every_release_of_the_engine_is_installed(lab: Lab) -> None:
    names = ["aks-engine", "aks-engine-azurestack", *(f"aks-engine-azurestack-{each.name}" for each in RELEASES)]
    found = await ssh(lab, "orlando", "; ".join(f"{name} version" for name in names))
    versions = [line.split()[-1] for line in found.out.decode().splitlines() if line.startswith("Version")]
    own = release_for(lab.options.version).name
    assert versions == [own, own, *(each.name for each in RELEASES)]
    wrong = await ssh(lab, "orlando", "aks-engine fly; echo $?")
    assert wrong.out.decode().splitlines()[-1] == "1"


async def test_a_run_of_the_engine_shows_its_name_and_flags_and_ends_with_the_lab(lab: Lab) -> None:
    description = lab.stamps["orlando"].arm.description()
    flags = {
        "azure-env": "AzureStackCloud",
        "api-model": "_output/k8s-orlando/apimodel.json",
        "location": "orlando",
        "resource-group": description["resource_group"],
        "subscription-id": description["subscription"],
        "upgrade-version": "1.30.10",
        "auth-method": "client_certificate",
        "client-id": description["engine_client_id"],
        "certificate-path": ".stampdeck-sp/client.pem",
        "private-key-path": ".stampdeck-sp/key.pem",
        "identity-system": description["identity_system"],
    }
    words = " ".join(f"--{name}={value}" for name, value in flags.items())
    started = await ssh(lab, "orlando", f"setsid -f aks-engine-azurestack upgrade {words} >log 2>&1 </dev/null")
    assert started.status == 0
    machine = lab.stamps["orlando"].helper_vm
    log = machine.sandbox.home / "log"
    await until(lambda: "upgrad" in log.read_text().lower() and "k8s-" in log.read_text(), 60)
    mark = machine.sandbox.mark
    commands = [Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0") for each in find_marked(mark)]
    (run_of_engine,) = (words for words in commands if b"upgrade" in words)
    place = run_of_engine.index(b"upgrade")
    assert Path(run_of_engine[place - 1].decode()).name == "aks-engine-azurestack"
    assert b"--upgrade-version=1.30.10" in run_of_engine[place:]
    await lab.stop()
    assert find_marked(mark) == []


async def test_its_stamps_api_is_reached_from_it(lab: Lab) -> None:
    kubectl = require_kubectl()
    kubeconfig = "~/_output/k8s-orlando/kubeconfig/kubeconfig.orlando.json"
    found = await ssh(lab, "orlando", f"{kubectl} --kubeconfig {kubeconfig} get nodes -o name")
    assert len(found.out.splitlines()) == lab.stamps["orlando"].plan.masters + lab.stamps["orlando"].plan.agents


async def test_the_stamps_authorities_are_trusted(lab: Lab) -> None:
    stamp = lab.stamps["orlando"]
    trusted = (stamp.helper_vm.sandbox.path / "ca.pem").read_text()
    for authority in (stamp.files.authority, stamp.arm.authority_file):
        assert authority.read_text() in trusted


async def test_machines_of_two_stamps_are_strangers(lab: Lab) -> None:
    config = (lab.folder.path / "ssh/config").read_text().replace("seattle-azureuser", "orlando-azureuser")
    lab.folder.write("ssh/other", config.encode())
    refused = await run("ssh", "-F", str(lab.folder.path / "ssh/other"), "-oBatchMode=yes", "seattle", "true")
    assert refused.status == 255 and "Permission denied" in refused.err


async def test_a_master_is_reached_through_it_and_not_otherwise(lab: Lab) -> None:
    stamp = lab.stamps["orlando"]
    name = stamp.plan.node_name("master", 0)
    node = stamp.store.get("nodes", "", name)
    address = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    options = (
        f"-oProxyCommand=ssh -F '{lab.folder.path}/ssh/config' -W [%h]:%p orlando",
        f"-oIdentityFile={lab.folder.path}/ssh/orlando-azureuser",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-lazureuser",
    )
    for host in (name, address):
        found = await run("ssh", "-F", "none", *options, host, "pwd; exit 5")
        assert found.status == 5 and Path(found.out.decode().strip()).parent.name == name, found.err
    other = await run("ssh", "-F", "none", *options, "10.240.0.250", "true")
    assert other.status == 255 and "administratively prohibited" in other.err
    stamp.faults.set("node-notready", name)
    silent = await run("ssh", "-F", "none", *options, name, "true")
    assert silent.status == 255
    mark = f"{lab.folder.path}/vm/orlando-nodes/"
    await lab.stop()
    assert find_marked(mark, any_beginning=True) == []
