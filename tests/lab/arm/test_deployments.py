"""Deployments: how they go on, what they leave, and every way in which they fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.lab.arm.conftest import COMPUTE, DEPLOYMENTS, DISK, IMAGE, VM, Stamp, machine, running, template


def inner(said: dict[str, Any]) -> dict[str, Any]:
    """Return the error that a failed deployment nests deepest."""
    assert said["status"] == "Failed"
    error = said["error"]
    assert error["code"] == "DeploymentFailed"
    assert error["message"] == (
        "At least one resource deployment operation failed. Please list deployment operations for details."
    )
    (detail,) = error["details"]
    assert detail["code"] == "Conflict"
    nested = json.loads(detail["message"])
    assert nested["status"] == "Failed" and nested["error"]["code"] == "ResourceDeploymentFailure"
    assert nested["error"]["message"] == ("The resource operation completed with terminal provisioning state 'Failed'.")
    found: dict[str, Any] = nested["error"]["details"][0]
    return found


async def test_while_it_runs_a_deployment_cannot_be_replaced(slow: Stamp) -> None:
    names = [slow.name("linuxpool", index) for index in (3, 4, 5)]
    begun = await slow.ask("PUT", f"{DEPLOYMENTS}/more", json=template(*(machine(each) for each in names)))
    assert begun.status_code == 201 and begun.json()["properties"]["provisioningState"] == "Running"
    assert "/operationStatuses/" in begun.headers["Azure-AsyncOperation"] and begun.headers["Retry-After"] == "30"
    machines = (await slow.ask("GET", VM, COMPUTE, params={"$expand": "instanceView"})).json()["value"]
    found = {each["name"]: each["properties"] for each in machines}
    assert [found[each]["provisioningState"] for each in names] == ["Creating"] * 3, "all are made at once"
    assert [each["code"] for each in found[names[0]]["instanceView"]["statuses"]] == ["ProvisioningState/creating"]
    again = await slow.ask("PUT", f"{DEPLOYMENTS}/more", json=template(machine(names[0])))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "DeploymentActive")
    assert (await slow.ask("DELETE", f"{DEPLOYMENTS}/more")).status_code == 409
    gone = await slow.ask("DELETE", f"{VM}/{slow.name('linuxpool', 0)}", COMPUTE)
    assert gone.status_code == 202
    body = template(machine(slow.name("linuxpool", 0)))
    said = await slow.ask("PUT", f"{DEPLOYMENTS}/x", json=body)
    assert (said.status_code, said.json()["error"]["code"]) == (409, "OperationNotAllowed"), "it is being deleted"


async def test_a_deployment_that_is_done_stays_as_a_trace(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 3)
    assert (await stamp.deploy("k8s-orlando-7", machine(name)))["status"] == "Succeeded"
    done = (await stamp.ask("GET", f"{DEPLOYMENTS}/k8s-orlando-7")).json()["properties"]
    assert done["provisioningState"] == "Succeeded" and "error" not in done
    assert [each["id"].rpartition("/")[2] for each in done["outputResources"]] == [name]
    minutes = int(done["duration"].removeprefix("PT").partition("M")[0])
    assert minutes >= 6, "eight simulated minutes, give or take a fifth"
    listed = [each["name"] for each in (await stamp.ask("GET", DEPLOYMENTS)).json()["value"]]
    assert listed[0] == "k8s-orlando-7" and len(listed) == 2, "and the one that made the cluster, long ago"
    repeated = await stamp.ask("PUT", f"{DEPLOYMENTS}/k8s-orlando-7", json=template(machine(name)))
    assert repeated.status_code == 200
    assert (await stamp.finish(repeated))["status"] == "Succeeded", "nothing is left to do"
    assert (await stamp.ask("DELETE", f"{DEPLOYMENTS}/k8s-orlando-7")).status_code == 204
    assert (await stamp.ask("HEAD", f"{DEPLOYMENTS}/k8s-orlando-7")).status_code == 404


async def test_several_machines_of_one_deployment(stamp: Stamp) -> None:
    names = [stamp.name("linuxpool", index) for index in (3, 4, 5)]
    assert (await stamp.deploy("more", *(machine(each) for each in names)))["status"] == "Succeeded"
    await stamp.until(lambda: all(stamp.status(each) == "True" for each in names), "every node is ready")


async def test_a_machine_that_is_there_keeps_its_image(stamp: Stamp) -> None:
    other = machine(stamp.name("linuxpool", 0), image=(*IMAGE[:3], "2025.337.1"))
    said = await stamp.ask("PUT", f"{DEPLOYMENTS}/x", json=template(other))
    assert (said.status_code, said.json()["error"]["code"]) == (409, "PropertyChangeNotAllowed")


async def test_the_quota_refuses_a_deployment_before_it_begins(stamp: Stamp) -> None:
    stamp.board.set("quota-exceeded", "1")
    assert (await stamp.deploy("first", machine(stamp.name("linuxpool", 3))))["status"] == "Succeeded"
    said = await stamp.ask("PUT", f"{DEPLOYMENTS}/second", json=template(machine(stamp.name("linuxpool", 4))))
    assert said.status_code == 400
    error = said.json()["error"]
    assert error["code"] == "InvalidTemplateDeployment"
    assert error["message"].startswith(
        "The template deployment 'second' is not valid according to the validation procedure. The tracking id is '"
    )
    assert error["message"].endswith("'. See inner errors for details.")
    assert error["details"][0]["code"] == "QuotaExceeded"
    assert "Maximum allowed: 22, Current in use: 22, Additional requested: 4." in error["details"][0]["message"]
    assert (await stamp.ask("GET", f"{VM}/{stamp.name('linuxpool', 4)}", COMPUTE)).status_code == 404
    stamp.board.clear("quota-exceeded")
    assert (await stamp.deploy("second", machine(stamp.name("linuxpool", 4))))["status"] == "Succeeded"


async def test_the_quota_holds_without_a_fault_too(tmp_path: Path) -> None:
    async with running(tmp_path) as stamp:
        body = template(*(machine(stamp.name("linuxpool", index)) for index in range(3, 25)))
        said = await stamp.ask("PUT", f"{DEPLOYMENTS}/x", json=body)
        assert said.json()["error"]["details"][0]["message"] == (
            "Operation results in exceeding quota limits of Core. Maximum allowed: 100, Current in use: 18, "
            "Additional requested: 88."
        )


async def test_a_provisioning_script_that_fails_leaves_a_machine_and_no_node(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 3)
    stamp.board.set("arm-failed", f"{name}:31")
    assert (await stamp.deploy("other", machine(stamp.name("linuxpool", 4))))["status"] == "Succeeded"
    error = inner(await stamp.deploy("x", machine(name)))
    assert error["code"] == "VMExtensionProvisioningError"
    assert error["message"].startswith(
        "VM has reported a failure when processing extension 'cse-agent-3'. Error message: \"Enable failed: failed "
        "to execute command: command terminated with exit status=31\n"
    )
    found = (await stamp.ask("GET", f"{DEPLOYMENTS}/x")).json()["properties"]
    assert found["provisioningState"] == "Failed" and found["error"]["code"] == "DeploymentFailed"
    steps = (await stamp.ask("GET", f"{DEPLOYMENTS}/x/operations")).json()["value"]
    (step,) = (each for each in steps if each["properties"]["provisioningState"] == "Failed")
    assert step["properties"]["statusCode"] == "Conflict"
    assert step["properties"]["targetResource"]["resourceName"] == f"{name}/cse-agent-3"
    assert step["properties"]["statusMessage"]["error"]["details"][0] == error
    assert (await stamp.ask("GET", "deployments/other/operations")).json()["value"][0]["properties"][
        "provisioningState"
    ] == "Succeeded"
    machine_ = (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()
    assert machine_["properties"]["provisioningState"] == "Failed"
    await stamp.until(lambda: stamp.status(stamp.name("linuxpool", 4)) == "True", "the other's node is ready")
    assert stamp.node(name) is None
    stamp.board.clear("arm-failed")
    await stamp.remove(name)
    assert (await stamp.deploy("x", machine(name)))["status"] == "Succeeded"
    await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")


async def test_a_stamp_without_room_and_one_without_the_image(stamp: Stamp) -> None:
    stamp.board.set("allocation-failed")
    assert inner(await stamp.deploy("a", machine(stamp.name("linuxpool", 3))))["code"] == "AllocationFailed"
    stamp.board.clear("allocation-failed")
    gone = machine(stamp.name("linuxpool", 4), image=(*IMAGE[:3], "2020.1.1"))
    error = inner(await stamp.deploy("b", gone))
    assert error["code"] == "PlatformImageNotFound"
    assert error["message"].startswith(f"The platform image '{':'.join(IMAGE[:3])}:2020.1.1' is not available.")
    assert (await stamp.ask("GET", f"{VM}/{gone['name']}", COMPUTE)).status_code == 404


async def test_a_node_that_never_gets_ready_gets_ready_when_that_ends(stamp: Stamp) -> None:
    name, other = stamp.name("linuxpool", 3), stamp.name("linuxpool", 4)
    stamp.board.set("node-never-ready", name)
    assert (await stamp.deploy("x", machine(name), machine(other)))["status"] == "Succeeded"
    await stamp.until(lambda: stamp.status(other) == "True", "the other node is ready")
    await stamp.until(lambda: stamp.status(name) == "False", "the node joined")
    joined = stamp.world.cluster.now
    await stamp.until(lambda: stamp.world.cluster.now > joined + 300, "five minutes pass")
    assert stamp.status(name) == "False"
    stamp.board.clear("node-never-ready")
    await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")


async def test_a_machine_without_a_version_by_its_tag_is_no_node(stamp: Stamp) -> None:
    odd = machine(stamp.name("linuxpool", 3)) | {"tags": {"orchestrator": "Kubernetes:new"}}
    assert (await stamp.deploy("x", odd, machine(stamp.name("linuxpool", 4))))["status"] == "Succeeded"
    await stamp.until(lambda: stamp.status(stamp.name("linuxpool", 4)) == "True", "the other's node is ready")
    assert stamp.node(odd["name"]) is None


async def test_a_machine_deleted_while_it_is_made_never_joins(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 3)
    begun = await stamp.ask("PUT", f"{DEPLOYMENTS}/x", json=template(machine(name)))
    await stamp.finish(await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE))
    await stamp.finish(begun)
    disks = [each["name"] for each in (await stamp.ask("GET", DISK, COMPUTE)).json()["value"]]
    assert f"{name}_OsDisk_1_abc" in disks, "the disk stays until it is deleted"
    ended = stamp.world.cluster.now
    await stamp.until(lambda: stamp.world.cluster.now > ended + 300, "five minutes pass")
    assert stamp.node(name) is None
