"""Each rule before a run: what it says when its one fact is spoilt, and that it says nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from backends.model.azure_stack import Usage
from backends.model.engine.api_model import Pool
from backends.model.engine.command import AddPool, Deploy, GetLogs, RotateCerts, Scale, Upgrade
from backends.model.engine.vm_facts import Probe
from backends.model.job import ForeignProcess, JobState, JobStatus
from backends.model.preflight.cluster import victims
from backends.model.preflight.examine import preflight
from backends.model.preflight.facts import PreflightFacts, Unread
from backends.model.preflight.stamp import cores_of
from backends.model.proposal import Level
from tests.support.engine_facts import (
    IMAGE,
    TARGET,
    VERSION,
    a_look,
    a_model,
    a_room,
    cluster_nodes,
    good_facts,
    machines,
    node_name,
)
from tests.support.node_objects import a_budget, a_pod

RUNNING = JobStatus("upgrade-1", JobState.RUNNING, meta={"operation": "upgrade", "who": "alice"})
LOOK = a_look()
PROBES = LOOK.probes


def said(facts: PreflightFacts) -> dict[str, tuple[Level, str, bool]]:
    """Return what is not a pass, by rule."""
    return {
        each.rule: (each.level, each.evidence, each.overridable)
        for each in preflight(facts)
        if each.level is not Level.PASS
    }


def test_nothing_is_said_against_a_run_that_nothing_stands_in_the_way_of() -> None:
    assert said(good_facts()) == {}
    rules = [each.rule for each in preflight(good_facts())]
    assert len(rules) == len(set(rules)) == 21, rules


@pytest.mark.parametrize(
    ("changes", "rule", "level", "words", "overridable"),
    [
        ({"engine": Unread("not found")}, "engine", Level.REFUSE, "not found", False),
        ({"offered": ("1.35.0",)}, "target-offered", Level.REFUSE, "it offers 1.35.0", True),
        ({"offered": ()}, "target-offered", Level.REFUSE, "it offers nothing", True),
        ({"offered": Unread("timeout")}, "target-offered", Level.REFUSE, "timeout", True),
        ({"location": "seattle"}, "api-model", Level.REFUSE, "fleet.yaml says seattle", False),
        ({"model": a_model(modes=("apimodel.json is 0644",))}, "api-model", Level.WARN, "0644", True),
        ({"resource_group": "rg-2", "machines": None}, "resource-group", Level.REFUSE, "fleet.yaml says rg-2", False),
        ({"machines": []}, "resource-group", Level.REFUSE, "would build masters", False),
        ({"nodes": Unread("refused")}, "nodes", Level.REFUSE, "refused", True),
        ({"machines": machines("1.32.9")}, "tags-agree", Level.REFUSE, "tagged 1.32.9", True),
        ({"images": {IMAGE: False}}, "base-image", Level.REFUSE, "lacks microsoft-aks", True),
        ({"images": Unread("403")}, "base-image", Level.WARN, "403", True),
        ({"usages": [Usage("cores", 98, 100)]}, "quota", Level.REFUSE, "98 of 100 used, 4 more", True),
        ({"usages": [Usage("virtualMachines", 50, 50)]}, "quota", Level.REFUSE, "50 of 50", True),
        ({"usages": Unread("403")}, "quota", Level.WARN, "403", True),
        ({"vm": Unread("no route")}, "helper-vm", Level.REFUSE, "no route", False),
        ({"vm": a_look(missing=("flock",))}, "helper-vm", Level.REFUSE, "lacks flock", False),
        ({"vm": a_look(kills_left_processes=True)}, "helper-vm", Level.REFUSE, "KillUserProcesses", True),
        ({"vm": a_look(locks_work=False)}, "helper-vm", Level.REFUSE, "two runs could work", True),
        ({"vm": a_look(free_bytes=2**20)}, "disk", Level.REFUSE, "1 MiB", True),
        ({"vm": a_look(free_bytes=None)}, "disk", Level.WARN, "not known", True),
        ({"vm": a_look(skew_s=-300.0)}, "clock", Level.WARN, "5m behind", True),
        ({"vm": a_look(credential_modes=("key.pem is 0644",))}, "credentials", Level.WARN, "0644", True),
        ({"vm": a_look(probes={**PROBES, "arm": Probe(False, "TLS")})}, "stamp-arm", Level.REFUSE, "TLS", True),
        (
            {"vm": a_look(probes={**PROBES, "login": Probe(False, "expired")})},
            "service-principal", Level.REFUSE, "expired", True,
        ),
        ({"vm": a_look(probes={"arm": Probe(True, "")})}, "api-from-vm", Level.WARN, "could not be asked", True),
        ({"jobs": (RUNNING,)}, "no-other-run", Level.REFUSE, "upgrade upgrade-1 of alice", False),
        ({"jobs": Unread("lost")}, "no-other-run", Level.REFUSE, "lost", True),
        (
            {"vm": a_look(foreign=(ForeignProcess(7, "bob", "aks-engine upgrade", "/m", 1.0),))},
            "no-other-run", Level.REFUSE, "bob started", False,
        ),
        ({"elsewhere": {"seattle": (RUNNING,)}}, "one-run-at-a-time", Level.REFUSE, "on seattle", True),
        ({"elsewhere": {"seattle": Unread("down")}}, "one-run-at-a-time", Level.WARN, "down", True),
        ({"room": Unread("403")}, "capacity", Level.WARN, "403", True),
        ({"pods": Unread("403")}, "disruption-budgets", Level.WARN, "403", True),
        ({"budgets": [a_budget("web", allowed=0)]}, "disruption-budgets", Level.REFUSE, "after an hour", True),
    ],
)  # fmt: skip
def test_one_fact_spoilt_is_one_answer(
    changes: dict[str, Any], rule: str, level: Level, words: str, overridable: bool
) -> None:
    found = said(good_facts(**changes))
    assert rule in found, found
    assert (found[rule][0], found[rule][2]) == (level, overridable)
    assert words in found[rule][1]


@pytest.mark.parametrize(
    ("target", "words"),
    [("1.35.0", "skips a minor"), ("1.32.9", "goes back"), ("1.33.9", "goes back"), ("new", "not versions")],
)
def test_a_step_that_kubernetes_forbids_cannot_be_overridden(target: str, words: str) -> None:
    found = said(good_facts(command=Upgrade(target), offered=(target,), machines=machines()))
    assert found["no-minor-skipped"][0] is Level.REFUSE
    assert not found["no-minor-skipped"][2]
    assert words in found["no-minor-skipped"][1]


def test_an_unread_api_model_leaves_what_needs_it_out_and_refuses() -> None:
    found = said(good_facts(model=Unread("broken JSON on line 7")))
    assert found == {"api-model": (Level.REFUSE, "it could not be read: broken JSON on line 7", False)}


def test_counts_that_do_not_agree_are_told_by_pool() -> None:
    found = said(good_facts(model=a_model(pools=(Pool("linuxpool", 5, "Standard_DS3_v2"),))))
    assert "linuxpool: the api model 5, nodes 3, machines 3" in found["counts-agree"][1]
    found = said(good_facts(nodes=cluster_nodes(agents=2)))
    assert "nodes 2" in found["counts-agree"][1]


def test_a_run_that_stopped_half_way_is_resumed_with_a_word() -> None:
    half = [*machines()[:4], *(msgspec.structs.replace(each, orchestrator=TARGET) for each in machines()[4:])]
    found = said(good_facts(machines=half))
    assert found["tags-agree"] == (
        Level.WARN, f"2 of 6 machines have {TARGET}: an earlier run is resumed, they are kept", True,
    )  # fmt: skip


def test_the_machine_more_of_a_run_that_stopped_is_no_wrong_count() -> None:
    more = machines(agents=4)
    half = [*more[:4], *(msgspec.structs.replace(each, orchestrator=TARGET) for each in more[4:])]
    found = said(good_facts(machines=half, nodes=cluster_nodes(agents=4)))
    assert found["counts-agree"][0] is Level.WARN
    assert "linuxpool still has the machine more" in found["counts-agree"][1]
    # Without a run to be resumed, or with two too many, it is one.
    assert said(good_facts(machines=more, nodes=cluster_nodes(agents=4)))["counts-agree"][0] is Level.REFUSE
    five = [*half, msgspec.structs.replace(half[-1], name=node_name("linuxpool", 4))]
    assert said(good_facts(machines=five, nodes=cluster_nodes(agents=5)))["counts-agree"][0] is Level.REFUSE


def test_an_upgraded_master_that_is_not_ready_stops_every_retry() -> None:
    down = node_name("master", 0)
    upgraded = [msgspec.structs.replace(machines()[0], orchestrator=TARGET), *machines()[1:]]
    found = said(good_facts(nodes=cluster_nodes(not_ready=(down,)), machines=upgraded))
    assert found["masters-ready"][0] is Level.REFUSE
    assert not found["masters-ready"][2]
    assert "quorum" in found["masters-ready"][1]
    # One that has the old version is an ordinary trouble.
    assert said(good_facts(nodes=cluster_nodes(not_ready=(down,))))["masters-ready"][2]


def test_a_lost_master_beside_upgraded_ones_stops_every_retry() -> None:
    upgraded = [msgspec.structs.replace(machines()[1], orchestrator=TARGET), *machines()[2:]]
    found = said(good_facts(machines=upgraded))
    assert found["lost-master"][0] is Level.REFUSE
    assert not found["lost-master"][2]
    # With none upgraded yet the engine makes it again.
    assert "lost-master" not in said(good_facts(machines=machines()[1:]))


def test_a_single_master_and_a_cordoned_node_are_worth_a_word() -> None:
    nodes = cluster_nodes(masters=1)
    nodes[1]["spec"]["unschedulable"] = True
    found = said(good_facts(nodes=nodes, machines=machines(masters=1), model=a_model(masters=Pool("master", 1))))
    assert "away while it is replaced" in found["single-master"][1]
    assert "is cordoned" in found["cordoned"][1]


def test_force_of_the_same_version_is_a_warning_without_resumption() -> None:
    found = said(good_facts(command=Upgrade(VERSION, force=True)))
    assert "base image" in found["target-offered"][1]
    assert "cannot be resumed" in found["resumable"][1]


def test_a_smaller_pool_names_who_goes_and_refuses_when_their_pods_find_no_place() -> None:
    command = Scale("linuxpool", 1)
    found = said(good_facts(command=command, pods=[a_pod("web-1", node_name("linuxpool", 2))]))
    assert (
        found["leaving-nodes"][1] == f"{node_name('linuxpool', 1)} and {node_name('linuxpool', 2)} will go, with 1 pod"
    )
    tight = a_room()
    tight = replace(tight, pods=tuple(replace(each, cpu_millicores=3000) for each in tight.pods))
    found = said(good_facts(command=command, room=tight))
    assert found["capacity"][0] is Level.REFUSE
    assert "for 2 pods" in found["capacity"][1]


def test_the_highest_numbers_leave_by_number_not_by_text() -> None:
    nodes = cluster_nodes(agents=11)
    assert victims(nodes, Scale("linuxpool", 9)) == [node_name("linuxpool", 9), node_name("linuxpool", 10)]


def test_a_bigger_pool_needs_quota_for_every_machine_and_disturbs_nobody() -> None:
    command = Scale("linuxpool", 6)
    assert said(good_facts(command=command)) == {}
    found = said(good_facts(command=command, usages=[Usage("cores", 89, 100)]))
    assert "12 more needed" in found["quota"][1]
    assert said(good_facts(command=Scale("gpu", 3)))["api-model"][1] == "it has no pool gpu: linuxpool"


@pytest.mark.parametrize(
    "command", [AddPool("~/pool.json"), Deploy("~/m.json", "_output/x"), RotateCerts("m", "~/k"), GetLogs("m", "~/k")]
)
def test_other_commands_are_asked_only_what_concerns_them(command: Any) -> None:
    rules = {each.rule for each in preflight(good_facts(command=command))}
    assert "target-offered" not in rules
    assert ("counts-agree" in rules) is isinstance(command, AddPool | RotateCerts)
    assert ("base-image" in rules) is isinstance(command, AddPool | Deploy)


@pytest.mark.parametrize(
    ("size", "cores"),
    [("Standard_DS3_v2", 4), ("Standard_D2_v2", 2), ("Standard_F8s", 8), ("Standard_D12_v2", 4), ("weird", None)],
)
def test_cores_of_machine_sizes(size: str, cores: int | None) -> None:
    assert cores_of(size) == cores
