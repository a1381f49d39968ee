"""Machines that are deleted and made: what Resource Manager says, and what becomes of the cluster."""

from __future__ import annotations

from pathlib import Path

from backends.lab.world.pods import is_ready
from tests.lab.arm.conftest import COMPUTE, DEPLOYMENTS, DISK, NETWORK, NIC, VM, Stamp, machine, running, template


def pods_on(stamp: Stamp, node: str) -> list[str]:
    return [p["metadata"]["name"] for p in stamp.store.each("pods") if p["spec"].get("nodeName") == node]


async def test_every_node_has_a_machine_with_the_engines_tags_image_interface_and_disks(stamp: Stamp) -> None:
    found = {each["name"]: each for each in (await stamp.ask("GET", VM, COMPUTE)).json()["value"]}
    assert set(found) == {node["metadata"]["name"] for node in stamp.store.each("nodes")}
    master = found[stamp.name("master", 0)]
    assert master["tags"] == {
        "aksEngineVersion": "v0.85.0",
        "creationSource": f"aksengine-{master['name']}",
        "orchestrator": "Kubernetes:1.33.10",
        "poolName": "master",
        "resourceNameSuffix": "35064155",
    }
    storage = master["properties"]["storageProfile"]
    assert ":".join(storage["imageReference"].values()) == (
        "microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2026.139.1"
    )
    assert [each["name"] for each in storage["dataDisks"]] == [f"{master['name']}-etcddisk"]
    node = stamp.node(master["name"])
    assert node is not None and node["spec"]["providerID"] == f"azure://{master['id']}"
    nic = await stamp.ask("GET", master["properties"]["networkProfile"]["networkInterfaces"][0]["id"], NETWORK)
    assert nic.json()["name"] == "k8s-master-35064155-nic-0"
    address = nic.json()["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    assert address == node["status"]["addresses"][0]["address"]
    view = await stamp.ask("GET", f"{VM}/{master['name']}/instanceView", COMPUTE)
    assert [each["code"] for each in view.json()["statuses"]] == ["ProvisioningState/succeeded", "PowerState/running"]


async def test_an_agent_replaced_as_an_upgrade_does_it_comes_back_with_the_new_version(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 1)
    before = stamp.node(name)
    assert before is not None
    await stamp.finish(await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE))
    assert (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).status_code == 404
    assert (await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE)).status_code == 204
    await stamp.until(lambda: stamp.node(name) is None, "the cloud's controller removed the node")
    assert stamp.events("NodeNotReady", name) == [f"Node {name} status is now: NodeNotReady"]
    assert stamp.events("DeletingNode", name)
    assert (await stamp.finish(await stamp.ask("DELETE", f"{NIC}/k8s-linuxpool-35064155-nic-1", NETWORK)))[
        "status"
    ] == "Succeeded"

    said = await stamp.deploy("k8s-upgrade-linuxpool-1-x", machine(name))
    assert said["status"] == "Succeeded" and "error" not in said
    await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")
    assert stamp.events("NodeReady", name) and stamp.events("Starting", name), "it joined before it was ready"
    after = stamp.node(name)
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert after["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.4"
    assert after["status"]["capacity"] == before["status"]["capacity"]
    assert after["spec"]["providerID"] == before["spec"]["providerID"]
    assert stamp.store.find("leases.coordination.k8s.io", "kube-node-lease", name) is not None
    daemons = {each["metadata"]["name"] for each in stamp.store.each("daemonsets.apps")}
    await stamp.until(
        lambda: (
            {p["metadata"]["ownerReferences"][0]["name"] for p in stamp.store.each("pods")
             if p["spec"].get("nodeName") == name and is_ready(p)} >= daemons
        ),
        "the pods of its DaemonSets are ready",
    )  # fmt: skip
    assert any("Successfully pulled" in each["message"] for each in stamp.store.each("events"))


async def test_while_it_is_deleted_a_machine_is_still_there_and_keeps_its_parts(slow: Stamp) -> None:
    name = slow.name("linuxpool", 1)
    deleting = await slow.ask("DELETE", f"{VM}/{name}", COMPUTE)
    assert deleting.status_code == 202 and "monitor=true" in deleting.headers["Location"]
    assert deleting.headers["Retry-After"] == "30"
    where = deleting.headers["Azure-AsyncOperation"].removeprefix(slow.arm.url).partition("?")[0]
    status = await slow.ask("GET", where, COMPUTE)
    assert status.json()["status"] == "InProgress" and "endTime" not in status.json()
    assert (await slow.ask("GET", f"{VM}/{name}", COMPUTE)).json()["properties"]["provisioningState"] == "Deleting"
    again = await slow.ask("DELETE", f"{VM}/{name}", COMPUTE)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "OperationNotAllowed")
    in_use = await slow.ask("DELETE", f"{NIC}/k8s-linuxpool-35064155-nic-1", NETWORK)
    assert (in_use.status_code, in_use.json()["error"]["code"]) == (400, "NicInUse")
    assert name in slow.world.kubelet.silent, "its kubelet says nothing from the first moment"


async def test_a_master_keeps_its_etcd_disk_and_runs_the_new_control_plane(stamp: Stamp) -> None:
    name = stamp.name("master", 2)
    await stamp.remove(name)
    kept = (await stamp.ask("GET", f"{DISK}/{name}-etcddisk", COMPUTE)).json()
    assert kept["properties"]["diskState"] == "Unattached" and "managedBy" not in kept
    await stamp.deploy("k8s-upgrade-master-2-x", machine(name))
    await stamp.until(lambda: stamp.status(name) == "True", "the master is ready")
    again = (await stamp.ask("GET", f"{DISK}/{name}-etcddisk", COMPUTE)).json()
    assert again["managedBy"].endswith(name) and again["properties"] != kept["properties"]
    assert again["properties"]["timeCreated"] == kept["properties"]["timeCreated"]
    api = stamp.store.get("pods", "kube-system", f"kube-apiserver-{name}")
    assert api["spec"]["containers"][0]["image"].endswith(":v1.34.4")
    await stamp.until(
        lambda: is_ready(stamp.store.get("pods", "kube-system", f"kube-apiserver-{name}")), "its API server is ready"
    )
    assert stamp.world.cluster.version == "v1.33.10", "two masters still are of the old version"


async def test_the_control_plane_is_of_the_new_version_once_every_master_is(tmp_path: Path) -> None:
    async with running(tmp_path, speed=900) as stamp:
        for index in range(3):
            name = stamp.name("master", index)
            await stamp.remove(name)
            await stamp.deploy(f"k8s-upgrade-master-{index}-x", machine(name))
            await stamp.until(lambda name=name: stamp.status(name) == "True", "the master is ready")  # type: ignore[misc]
        assert stamp.world.cluster.version == "v1.34.4"
        said = await stamp.ask_api("/version")
        assert said is not None
        assert said.json()["gitVersion"] == "v1.34.4"
        proxies = stamp.store.get("daemonsets.apps", "kube-system", "kube-proxy")
        assert proxies["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v1.34.4")


async def test_a_new_agent_gets_an_address_and_a_network_of_its_own(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 3)
    await stamp.deploy("k8s-orlando-1", machine(name, "1.33.10"))
    await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")
    nodes = list(stamp.store.each("nodes"))
    assert len({node["status"]["addresses"][0]["address"] for node in nodes}) == len(nodes)
    node = stamp.node(name)
    assert node is not None and node["metadata"]["labels"]["agentpool"] == "linuxpool"
    others = [each["spec"]["podCIDR"] for each in nodes if each is not node and each["metadata"]["name"] != name]
    assert node["spec"]["podCIDR"] not in others


async def test_while_the_only_master_is_away_the_api_refuses_connections(tmp_path: Path) -> None:
    async with running(tmp_path, nodes=3) as stamp:
        name = stamp.name("master", 0)
        assert await stamp.ask_api("/readyz")
        await stamp.remove(name)
        assert await stamp.ask_api("/readyz") is None
        await stamp.deploy("k8s-upgrade-master-0-x", machine(name))
        await stamp.until(lambda: stamp.status(name) == "True", "the master is ready")
        assert await stamp.ask_api("/readyz")


async def test_of_three_masters_one_may_be_away_and_two_may_not(stamp: Stamp) -> None:
    await stamp.ask("DELETE", f"{VM}/{stamp.name('master', 0)}", COMPUTE)
    assert stamp.arm.life.control_plane.is_up
    await stamp.ask("DELETE", f"{VM}/{stamp.name('master', 1)}", COMPUTE)
    assert not stamp.arm.life.control_plane.is_up


async def test_a_deleted_group_takes_its_machines_and_a_deployment_of_a_whole_cluster_brings_them(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, nodes=6, speed=900) as stamp:
        gone = await stamp.ask("DELETE", "", "2018-05-01")
        assert gone.status_code == 202 and "operationresults" in gone.headers["Location"]
        assert not stamp.arm.life.control_plane.is_up
        await stamp.until(lambda: not list(stamp.store.each("nodes")), "every node is gone")
        assert (await stamp.ask("GET", VM, COMPUTE)).json()["error"]["code"] == "ResourceGroupNotFound"
        assert (await stamp.ask("PUT", "", "2018-05-01", json={"location": "orlando"})).status_code == 201
        assert (await stamp.ask("GET", DEPLOYMENTS)).json()["value"] == [], "its history went with the group"
        names = [stamp.name(pool, index) for pool in ("master", "linuxpool") for index in range(3)]
        said = await stamp.deploy("k8s-orlando-2", *(machine(each) for each in names))
        assert said["status"] == "Succeeded"
        await stamp.until(lambda: all(stamp.status(each) == "True" for each in names), "every node is ready")
        assert stamp.arm.life.control_plane.is_up and len(pods_on(stamp, names[0])) > 4


async def test_machines_of_another_cluster_or_group_are_no_nodes(stamp: Stamp) -> None:
    nodes = {each["metadata"]["name"] for each in stamp.store.each("nodes")}
    other = f"/subscriptions/{stamp.arm.cloud.subscription}/resourcegroups/typo-rg"
    assert (await stamp.ask("PUT", other, json={"location": "orlando"})).status_code == 201
    for path, name in (
        (other, stamp.name("master", 0)),
        (f"{other[:-7]}k8s-orlando", "k8s-linuxpool-11111111-0"),
    ):
        begun = await stamp.ask("PUT", f"{path}/{DEPLOYMENTS}/d", json=template(machine(name)))
        assert (await stamp.finish(begun))["status"] == "Succeeded"
    assert len((await stamp.ask("GET", f"{other}/{VM}", COMPUTE)).json()["value"]) == 1
    assert {each["metadata"]["name"] for each in stamp.store.each("nodes")} == nodes
    await stamp.finish(await stamp.ask("DELETE", f"{other}/{VM}/{stamp.name('master', 0)}", COMPUTE))
    assert stamp.status(stamp.name("master", 0)) == "True"


async def test_a_hop_to_a_newer_base_image_shows_in_the_node(tmp_path: Path) -> None:
    async with running(tmp_path, version="v1.28.15") as stamp:
        name = stamp.name("linuxpool", 0)
        node = stamp.node(name)
        assert node is not None and node["status"]["nodeInfo"]["osImage"] == "Ubuntu 20.04.6 LTS"
        image = (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()["properties"]["storageProfile"]
        assert image["imageReference"]["sku"] == "aks-engine-azurestack-ubuntu-2004"
        await stamp.remove(name)
        newer = machine(
            name, "1.29.15", image=("microsoft-aks", "aks", "aks-engine-azurestack-ubuntu-2204", "2025.079.2")
        )
        await stamp.deploy("k8s-upgrade-linuxpool-0-x", newer)
        await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")
        node = stamp.node(name)
        assert node is not None and node["status"]["nodeInfo"]["osImage"] == "Ubuntu 22.04.5 LTS"


async def test_a_vanished_node_whose_machine_is_deleted_does_not_come_back(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 1)
    stamp.board.set("node-gone", name)
    assert stamp.node(name) is None
    await stamp.finish(await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE))
    deleted = stamp.world.cluster.now
    await stamp.until(lambda: stamp.world.cluster.now > deleted + 60, "a minute passes")
    stamp.board.clear("node-gone")
    assert stamp.node(name) is None
