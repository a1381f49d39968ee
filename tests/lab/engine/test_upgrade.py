"""Upgrades of a running stamp: what is said, as the real engine says it, and what becomes of machines and nodes."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path

from tests.lab.engine.stand import Stand, engine_stand

MASTERS = ("master-0", "master-1", "master-2")


def full(stand: Stand, *ends: str) -> list[str]:
    """Return names of machines by their ends: `linuxpool-1`."""
    return [stand.stamp.plan.node_name(*_parted(each)) for each in ends]


async def _until(stream: asyncio.StreamReader, text: str) -> AsyncIterator[bytes]:
    """Yield lines up to the one with a text."""
    async for line in stream:
        yield line
        if text in line.decode():
            return
    raise AssertionError(f"never said: {text}")


def _parted(end: str) -> tuple[str, int]:
    pool, _, index = end.partition("-")
    return pool, int(index)


def mark(stand: Stand, name: str) -> None:
    """Give a node a label and a taint of the operators' own."""
    store = stand.stamp.store
    node = copy.deepcopy(store.get("nodes", "", name))
    node["metadata"]["labels"]["rack"] = "7"
    node["spec"]["taints"] = [{"key": "reserved", "value": "reports", "effect": "PreferNoSchedule"}]
    store.replace("nodes", node)


async def test_three_and_three_are_upgraded_scaled_up_and_down(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        mark(stand, full(stand, "linuxpool-0")[0])
        before = stand.model
        upgrade = await stand.upgrade("1.34.4")
        upgrade.agrees_with("61-upgrade-3m-3a-notty")
        assert [each.names["node"] for each in upgrade.said["E"] if each.id == "master_begin"] == full(stand, *MASTERS)
        replaced = [each.names["node"] for each in upgrade.said["E"] if each.id == "agent_begin"]
        skipped = [each.names["node"] for each in upgrade.said["E"] if each.id == "agent_skip_create"]
        assert sorted(replaced) == full(stand, "linuxpool-0", "linuxpool-1", "linuxpool-2")
        assert skipped == replaced[-1:]
        left = {"linuxpool-0", "linuxpool-1", "linuxpool-2", "linuxpool-3"} - {"-".join(skipped[0].split("-")[1::2])}
        assert stand.versions == dict.fromkeys(sorted({*MASTERS, *left}), "v1.34.4")
        assert not any(stand.nodes(lambda node: node["spec"].get("unschedulable", False)).values())
        racks = stand.nodes(lambda node: node["metadata"]["labels"].get("rack"))
        taints = stand.nodes(lambda node: [each["key"] for each in node["spec"].get("taints") or []])
        marked = [end for end, rack in racks.items() if rack]
        tainted = [end for end, keys in taints.items() if "reserved" in keys]
        assert len(marked) == 1 and marked == tainted
        after = stand.model
        kubernetes = after["properties"]["orchestratorProfile"]
        assert (kubernetes["orchestratorVersion"], kubernetes["orchestratorRelease"]) == ("1.34.4", "1.34")
        assert after["properties"]["agentPoolProfiles"] == before["properties"]["agentPoolProfiles"]
        assert list(after["properties"]) == list(before["properties"])
        assert stand.model_path.stat().st_mode & 0o777 == 0o600

        text = stand.model_path.read_text()
        up = await stand.scale(5, *stand.api_server)
        up.agrees_with("73-scale-up-apiserver")
        assert {"linuxpool-4", "linuxpool-5"} <= set(stand.versions)
        changed = set(stand.model_path.read_text().splitlines()) ^ set(text.splitlines())
        assert {each.strip(" ,") for each in changed} <= {'"count": 3', '"count": 5'}

        down = await stand.scale(3, *stand.api_server)
        down.agrees_with("75-scale-down")
        assert sorted(stand.versions) == sorted({*MASTERS, *left})
        assert stand.model["properties"]["agentPoolProfiles"][0]["count"] == 3


async def test_a_run_that_failed_half_way_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        await stand.drop(*full(stand, "linuxpool-2"))
        await stand.drop(*full(stand, "master-1", "master-2"))
        before = stand.model_path.read_bytes()
        failed = await stand.watch(
            stand.upgrading("1.34.4"),
            {"deleting managed disk k8s-linuxpool-": lambda: stand.stamp.board.set("image-missing")},
        )
        failed.agrees_with("70-upgrade-agent-arm-failure")
        assert stand.model_path.read_bytes() == before
        stand.stamp.board.clear()
        (await stand.upgrade("1.34.4")).agrees_with("79-upgrade-retry-after-agent-failure")
        assert set(stand.versions.values()) == {"v1.34.4"} and len(stand.versions) == 6


async def test_deployments_that_fail_are_told_once_or_twice_as_the_real_ones(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, version="v1.33.5") as stand:
        board = stand.stamp.board
        board.set("arm-failed", f"{full(stand, 'master-0')[0]}:50")
        stand.environment["AKSE_SIM_RELEASE"] = "v0.85.0"
        before = stand.model_path.read_text()
        stand.model_path.write_text(before.replace("aks-ubuntu-22.04", "aks-ubuntu-20.04"))
        (await stand.upgrade("1.34.4")).agrees_with("a2-upgrade-distro-overwrite")
        assert "aks-ubuntu-20.04" in stand.model_path.read_text()
    async with engine_stand(tmp_path / "short", version="v1.33.10") as stand:
        board = stand.stamp.board
        await stand.drop(*full(stand, "linuxpool-1", "linuxpool-2"))
        await stand.drop(*full(stand, "master-1", "master-2"))
        board.set("quota-exceeded", "0")
        refused = await stand.upgrade("1.34.4")
        refused.agrees_with("72-upgrade-template-invalid")
        assert "QuotaExceeded" in refused.err
        board.clear()
        board.set("arm-failed", full(stand, "master-1")[0])
        (await stand.upgrade("1.34.4")).agrees_with("71-upgrade-master-arm-failure")


async def test_a_quota_reached_half_way_is_no_harm_once_it_is_raised(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.retag(*full(stand, *MASTERS))
        stand.stamp.board.set("quota-exceeded", "1")
        refused = await stand.upgrade("1.34.4")
        assert refused.code == 1 and "QuotaExceeded" in refused.error + refused.err
        assert refused.ids("O").count("arm_done") == 1 and refused.ids("O").count("arm_start") == 2
        assert len([each for each in stand.versions if "linuxpool" in each]) == 3
        stand.stamp.board.clear()
        again = await stand.upgrade("1.34.4")
        assert again.code == 0
        agents = {end: version for end, version in stand.versions.items() if "linuxpool" in end}
        assert len(agents) == 3 and set(agents.values()) == {"v1.34.4"}


async def test_a_machine_that_failed_is_deleted_and_made_again_by_the_next_run(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.retag(*full(stand, *MASTERS))
        surge = full(stand, "linuxpool-3")[0]
        stand.stamp.board.set("arm-failed", f"{surge}:91")
        failed = await stand.upgrade("1.34.4")
        assert failed.code == 1
        assert failed.error.startswith("upgrading cluster: DeploymentName[k8s-upgrade-linuxpool-3-")
        assert "VMExtensionProvisioningError" in failed.out and "exit status=91" in failed.out
        stand.stamp.board.clear()
        again = await stand.watch(stand.upgrading("1.34.4"), {})
        assert again.code == 0
        assert f"Deleting agent VM {surge} in provisioning state Failed" in again.err
        assert again.err.index(f"Deleting agent VM {surge}") < again.err.index(f"Creating new agent node {surge}")


async def test_nodes_that_are_never_ready_stop_it_and_an_agent_is_deleted_again(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        await stand.drop(*full(stand, "linuxpool-1", "linuxpool-2"))
        board, (master, agent) = stand.stamp.board, full(stand, "master-0", "linuxpool-1")
        board.set("node-never-ready", master)
        (await stand.upgrade("1.34.4", "--vm-timeout", "1")).agrees_with("81-upgrade-master-never-ready")
        tags = {each.name: each.tags for each in stand.stamp.arm.cloud.inventory.machines}
        assert tags[master]["orchestrator"] == "Kubernetes:1.34.4"
        board.clear()
        stand.retag(*full(stand, *MASTERS))
        await stand.stamp.until(lambda: stand.stamp.status(master) == "True", f"{master} is ready")
        board.set("node-never-ready", agent)
        (await stand.upgrade("1.34.4", "--vm-timeout", "1")).agrees_with("80-upgrade-agent-never-ready")
        assert stand.stamp.arm.cloud.inventory.machines.find("k8s-orlando", agent) is None


async def test_force_replaces_what_has_the_version_already(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        await stand.drop(*full(stand, "linuxpool-1", "linuxpool-2"))
        (await stand.upgrade("1.33.10", "--force")).agrees_with("88-upgrade-force-same-version")
        assert set(stand.versions) == {*MASTERS, "linuxpool-1", "linuxpool-2", "linuxpool-3"}


async def test_missing_masters_are_made_first_and_the_control_plane_can_go_alone(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        await stand.drop(*full(stand, "linuxpool-1", "linuxpool-2"))
        await stand.drop(*full(stand, "master-1", "master-2"))
        (await stand.upgrade("1.34.4", "--control-plane-only")).agrees_with("89-upgrade-control-plane-only")
        assert stand.versions["linuxpool-0"] == "v1.33.10"


async def test_a_single_master_is_away_while_it_is_replaced(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, nodes=2) as stand:
        alone = await stand.upgrade("1.34.4", "--control-plane-only")
        assert alone.code == 0 and "connect: connection refused" in alone.err
        assert stand.versions == {"master-0": "v1.34.4", "linuxpool-0": "v1.33.10"}
        assert stand.model["properties"]["orchestratorProfile"]["orchestratorVersion"] == "1.34.4"
        assert (await stand.upgrade("1.34.4")).error.endswith("get-versions --version 1.34.4'")


async def test_two_upgraded_masters_that_are_not_ready_stop_it_and_one_does_not(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        await stand.drop(*full(stand, "linuxpool-1", "linuxpool-2"))
        silent = full(stand, "master-0", "master-1")
        stand.retag(*silent)
        for name in silent:
            stand.stamp.world.nodes.fall_silent(name)
        await stand.stamp.until(lambda: all(stand.stamp.status(each) != "True" for each in silent), "both are lost")
        (await stand.upgrade("1.34.4")).agrees_with("a9-upgrade-retry-two-upgraded-masters-notready")
        stand.retag(silent[1], version="1.33.10")
        process = await stand.start(*stand.upgrading("1.34.4"))
        assert process.stderr is not None
        said = [line.decode() async for line in _until(process.stderr, f"Upgrading Master VM: {silent[1]}")]
        process.kill()
        await process.communicate()
        assert any("Checking status of upgraded control plane nodes" in each for each in said)


async def test_a_master_lost_beside_upgraded_ones_is_not_made_again_and_nobody_is_told(tmp_path: Path) -> None:
    """The engine counts only masters of the old version as taken: it deploys index 0 once more, which is there."""
    async with engine_stand(tmp_path) as stand:
        stand.retag(*full(stand, "master-0", "linuxpool-0", "linuxpool-1", "linuxpool-2"))
        await stand.drop(*full(stand, "master-1"))
        outcome = await stand.upgrade("1.34.4")
        assert outcome.code == 0 and "Creating upgraded master VM with index: 0" in outcome.err
        assert {"master-0", "master-2"} <= set(stand.versions)
        assert stand.stamp.arm.cloud.inventory.machines.find("k8s-orlando", full(stand, "master-1")[0]) is None


async def test_in_a_wrong_group_masters_are_made_and_it_is_called_a_success(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        (await stand.upgrade("1.34.4", group="typo-rg")).agrees_with("90-upgrade-wrong-empty-rg")
        made = [each.name for each in stand.stamp.arm.cloud.inventory.machines.of("typo-rg")]
        assert sorted(made) == full(stand, *MASTERS)
        assert set(stand.versions.values()) == {"v1.33.10"}


async def test_an_older_engine_upgrades_an_older_cluster_and_a_newer_one_skips_minors(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, nodes=2, version="v1.29.15") as stand:
        stand.environment["AKSE_SIM_RELEASE"] = "v0.82.2"
        refused = await stand.upgrade("1.33.10", "--control-plane-only")
        assert refused.error.endswith("get-versions --version 1.29.15'")
        stand.environment["AKSE_SIM_RELEASE"] = "v0.85.0"
        skipping = await stand.upgrade("1.33.10", "--control-plane-only", "--debug")
        assert skipping.code == 0 and stand.versions["master-0"] == "v1.33.10"
        told = [each.names["text"] for each in skipping.said["O"] if each.id == "UNKNOWN"]
        assert [each.split()[0] for each in told] == ["Resolving", *["Already"] * 3, "Validate", "output:"]
        assert stand.stamp.arm.engine.secret not in skipping.out + skipping.err
        machine = stand.stamp.arm.cloud.inventory.machines.find("k8s-orlando", full(stand, "master-0")[0])
        assert machine is not None and machine.tags["aksEngineVersion"] == "v0.85.0"


async def test_counts_out_of_step_change_the_size_of_the_pool(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, nodes=8) as stand:
        stand.retag(*full(stand, *MASTERS))
        model = stand.model
        model["properties"]["agentPoolProfiles"][0]["count"] = 3
        stand.model_path.write_text(json.dumps(model, indent=2))
        drifted = await stand.upgrade("1.34.4")
        assert drifted.code == 0
        assert "Starting upgrade of 5 agent nodes (out of 3) in pool identifier: linuxpool" in drifted.err
        assert "agent_surge" not in drifted.ids("E")
        assert len(stand.versions) == 3 + 4
