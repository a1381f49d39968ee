"""Machines that are restarted: down for a minute, then the same nodes with another boot id."""

from __future__ import annotations

from pathlib import Path

from tests.lab.arm.conftest import COMPUTE, VM, Stamp, running


async def test_a_restarted_machine_is_down_for_a_while_and_then_the_same_node(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 1)
    before = stamp.node(name)
    assert before is not None

    begun = await stamp.ask("POST", f"{VM}/{name}/restart", COMPUTE)

    assert begun.status_code == 202
    view = (await stamp.ask("GET", f"{VM}/{name}/instanceView", COMPUTE)).json()
    assert [each["code"] for each in view["statuses"]] == ["ProvisioningState/succeeded", "PowerState/starting"]
    assert (await stamp.finish(begun))["status"] == "Succeeded"
    await stamp.until(lambda: stamp.status(name) == "True", "the node is ready")
    after = stamp.node(name)
    assert after is not None
    assert stamp.events("NodeNotReady", name)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    boot = after["status"]["nodeInfo"]["bootID"]
    assert boot != before["status"]["nodeInfo"]["bootID"]
    assert stamp.events("Rebooted", name) == [f"Node {name} has been rebooted, boot id: {boot}"]
    view = (await stamp.ask("GET", f"{VM}/{name}/instanceView", COMPUTE)).json()
    assert view["statuses"][1]["code"] == "PowerState/running"


async def test_one_master_of_three_may_restart_and_the_api_answers(stamp: Stamp) -> None:
    begun = await stamp.ask("POST", f"{VM}/{stamp.name('master', 0)}/restart", COMPUTE)

    answer = await stamp.ask_api("/readyz")

    assert answer is not None
    assert (await stamp.finish(begun))["status"] == "Succeeded"


async def test_while_the_only_master_restarts_the_api_refuses(tmp_path: Path) -> None:
    async with running(tmp_path, nodes=2) as stamp:
        assert stamp.plan.masters == 1
        begun = await stamp.ask("POST", f"{VM}/{stamp.name('master', 0)}/restart", COMPUTE)

        assert await stamp.ask_api("/readyz") is None

        assert (await stamp.finish(begun))["status"] == "Succeeded"
        assert await stamp.ask_api("/readyz") is not None


async def test_a_machine_that_is_not_there_or_goes_is_not_restarted(stamp: Stamp) -> None:
    absent = await stamp.ask("POST", f"{VM}/k8s-linuxpool-35064155-9/restart", COMPUTE)
    name = stamp.name("linuxpool", 2)
    deleting = await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE)
    refused = await stamp.ask("POST", f"{VM}/{name}/restart", COMPUTE)

    assert (absent.status_code, absent.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "OperationNotAllowed")
    assert (await stamp.finish(deleting))["status"] == "Succeeded"


async def test_a_reader_may_not_restart(stamp: Stamp) -> None:
    answer = await stamp.ask("POST", f"{VM}/{stamp.name('master', 0)}/restart", COMPUTE, who=stamp.arm.reader)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
