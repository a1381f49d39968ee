"""Drains that do not end, an API that is away, a full disk, and signals in the middle of a run."""

from __future__ import annotations

import copy
import itertools
import os
import pty
import resource
import signal
import sys
from pathlib import Path

import pytest

from tests.lab.engine.reading import comparable, recorded
from tests.lab.engine.stand import LAUNCH, Stand, engine_stand


def masters(stand: Stand) -> list[str]:
    return [stand.stamp.name("master", index) for index in range(3)]


def block(stand: Stand, budget: str) -> None:
    """Let no pod go that a budget protects."""
    store, kind = stand.stamp.store, "poddisruptionbudgets.policy"
    found = next(each for each in store.each(kind) if each["metadata"]["name"] == budget)
    changed = copy.deepcopy(found)
    changed["spec"] = {"maxUnavailable": 0, "selector": found["spec"]["selector"]}
    store.replace(kind, changed)


async def test_a_budget_that_lets_nothing_go_is_waited_for_and_then_the_machine_is_deleted(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.retag(*masters(stand))
        block(stand, "ratings-web")
        blocked = await stand.upgrade("1.34.4", "--cordon-drain-timeout", "1")
        assert blocked.code == 0
        real = comparable(recorded("82-upgrade-pdb-blocked-drain")["E"])
        beside = {"agent_status_error", "pod_evicted", "drain_none", "drain_pending_pod"}
        assert set(comparable(blocked.said["E"])) <= {*real} | beside
        given_up = [each.names for each in blocked.said["E"] if each.id == "drain_timeout_proceed"]
        assert any(each["next"] == "deletion" for each in given_up)
        assert {each["error"] for each in given_up} == {"Drain did not complete within 1m0s"}
        told = blocked.err.splitlines()
        where = next(number for number, line in enumerate(told) if "There are pending pods when an error" in line)
        assert told[where].endswith(r'Drain did not complete within 1m0s\n"')
        pending = list(itertools.takewhile(lambda line: 'level=error msg="pod/' in line, told[where + 1 :]))
        assert any("pod/ratings-web-" in each for each in pending) and all(each.endswith(r'\n"') for each in pending)
        assert 'level=warning msg="Error draining agent VM ' in told[where + 1 + len(pending)]
        assert len(stand.versions) == 6


async def test_a_drain_that_fails_ends_scale_with_the_nodes_cordoned_and_nothing_deleted(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.fault(drain_error="")
        failed = await stand.scale(2, *stand.api_server)
        assert failed.code == 1 and "scale_will_delete" not in failed.ids("E")
        name = stand.stamp.name("linuxpool", 2)
        assert failed.error.startswith(
            f'Got error while draining the nodes to be deleted: Node "{name}" failed to drain with error: '
            'error when evicting pod "'
        )
        assert "scale_drain_fail" in failed.ids("O")
        node = stand.stamp.node(name)
        assert node is not None and node["spec"]["unschedulable"] is True
        assert stand.model["properties"]["agentPoolProfiles"][0]["count"] == 3


async def test_scale_down_waits_five_minutes_for_an_api_that_is_away(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.stamp.board.set("api-down")
        away = await stand.scale(2, *stand.api_server)
        real = recorded("99-scale-down-apiserver-unreachable")
        assert away.code == real["exit"]
        assert comparable(away.said["E"]) == comparable(real["E"])
        assert comparable(away.said["O"]) == comparable(real["O"])
        assert 'failed to drain with error: Get "https://127.0.0.1:' in away.error


async def test_an_api_that_is_away_is_noticed_after_the_first_master_is_gone(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.stamp.board.set("api-down")
        away = await stand.upgrade("1.34.4", "--vm-timeout", "2")
        assert away.error == "upgrading cluster: Node was not ready within 2m0s"
        assert "vm_delete" in away.ids("E") and "master_status_error" in away.ids("E")


async def test_a_full_disk_leaves_half_an_api_model(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.retag(*masters(stand), *(stand.stamp.name("linuxpool", index) for index in range(3)))
        size = stand.model_path.stat().st_size
        stand.fault(save_failed="")
        failed = await stand.upgrade("1.34.4")
        assert failed.ids("E")[-2:] == ["upgrade_ok", "ERROR"] and "pool_noop" in failed.ids("E")
        assert failed.error == "write _output/k8s-orlando/apimodel.json: no space left on device"
        assert 0 < stand.model_path.stat().st_size < size


async def test_a_disk_that_is_full_from_the_start_stops_it_before_it_touches_anything(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        with (tmp_path / "log").open("wb") as log:
            process = await stand.start(
                *stand.upgrading("1.34.4"), stdout=log, stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
            )  # fmt: skip
            assert await process.wait() == 1
        assert (tmp_path / "log").stat().st_size == 100
        assert set(stand.versions.values()) == {"v1.33.10"}


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_at_once_and_what_was_begun_at_the_stamp_goes_on(tmp_path: Path, signum: int) -> None:
    async with engine_stand(tmp_path) as stand:
        process = await stand.start(*stand.upgrading("1.34.4"))
        assert process.stderr is not None
        async for line in process.stderr:
            if b"deleting NIC" in line:
                process.send_signal(signum)
                break
        await process.communicate()
        assert process.returncode == -signum
        assert stand.stamp.arm.cloud.inventory.machines.find("k8s-orlando", masters(stand)[0]) is None
        assert "1.33.10" in stand.model_path.read_text()


async def test_when_nobody_reads_its_log_any_more_it_dies_of_sigpipe(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        reader, writer = os.pipe()
        process = await stand.start(*stand.upgrading("1.34.4"), stdout=writer, stderr=writer)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        assert await process.wait() == -signal.SIGPIPE


async def test_under_nohup_a_hangup_is_no_end(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        process = await stand.start(
            *stand.upgrading("1.34.4"), preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        )
        assert process.stderr is not None
        async for line in process.stderr:
            if b"deleting VM" in line:
                process.send_signal(signal.SIGHUP)
            if b"deleting NIC" in line:
                break
        assert process.returncode is None
        process.kill()
        await process.communicate()


def test_on_a_terminal_both_logs_are_coloured(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-I", "-c", LAUNCH, "version"], {"HOME": str(tmp_path)},
        file_actions=[(os.POSIX_SPAWN_DUP2, slave, each) for each in (1, 2)],
    )  # fmt: skip
    assert os.waitpid(pid, 0)[1] == 0
    said = os.read(master, 4096).decode()
    os.close(master)
    os.close(slave)
    assert said.startswith("\x1b[33mWARN\x1b[0m[0000] failed to open file ")
    assert "\r\nVersion: v0.85.0\r\n" in said


@pytest.mark.parametrize("factor", ["5"])
async def test_a_slow_engine_looks_at_arm_less_often(tmp_path: Path, factor: str) -> None:
    async with engine_stand(tmp_path) as stand:
        stand.fault(slow=factor)
        slow = await stand.scale(4, *stand.api_server)
        assert slow.code == 0
        finished = next(line for line in slow.out.splitlines() if "Finished ARM Deployment" in line)
        assert int(finished.partition("[0m[")[2][:4]) >= 450
