"""How far an upgrade came, at every stretch of it."""

from __future__ import annotations

import pytest

from backends.model.engine.progress import NodeStep, Phase
from tests.aks_engine.log.writer import START, LogWriter, machine

_DEPLOYMENT = "k8s-upgrade-{}-26-11-23T08.07.53-1556076493"
_STARTING = f"Starting ARM Deployment {_DEPLOYMENT} in resource group g. This will take some time..."
_FINISHED = f"Finished ARM Deployment ({_DEPLOYMENT}). Succeeded"


def _planned(agents: int = 3, masters: int = 3, scope: str = "control plane and all nodes") -> LogWriter:
    run = LogWriter("upgrade")
    run.out("Writing cloud profile to: /tmp/x", "Upgrading cluster with name suffix: 10127131")
    for index in range(agents):
        run.say(f"Adding Agent VM: <pool-{index}>, orchestrator: Kubernetes:1.33.10 to pool: pool (AgentVMs)")
    for index in range(masters):
        run.say(f"Master VM name: <master-{index}>, orchestrator: 1.33.10 (MasterVMs)")
    run.say(f"Upgrading {scope} to Kubernetes version 1.34.4")
    run.say("Prepping master nodes for upgrade...", f"Master nodes that need to be upgraded: {masters}")
    run.say("Starting upgrade of master nodes...", f"masterNodesInCluster: {masters}")
    return run


def _master(run: LogWriter, name: str) -> None:
    run.say(f"Upgrading Master VM: <{name}>")
    run.delete(name, 150)
    run.deploy(name, 480)
    run.say(f"Master node: <{name}> not ready yet...")
    run.wait(150)
    run.say(f"Master node: <{name}> is ready")


def _agents_begin(run: LogWriter, todo: int = 3, total: int = 3) -> None:
    run.say("Prepping agent pool 'pool' for upgrade...")
    run.say(f"Starting upgrade of {todo} agent nodes (out of {total}) in pool identifier: pool, name: pool...")


def _surge(run: LogWriter, name: str) -> None:
    run.say(f"Creating new agent node <{name}> (index {name[-1]})")
    run.deploy(name, 480)
    run.say(f"Validating <{name}>")
    run.wait(60)
    run.say(f"Agent node: <{name}> is ready")


def _empty_machine(run: LogWriter, old: str, new: str) -> None:
    run.say(f"Upgrading Agent VM: <{old}>, pool name: pool")
    run.say(f"Copying custom annotations, labels, taints from old node <{old}> to new node <{new}>...")
    run.say(f"Node <{new}> has been marked unschedulable.", f"Node <{new}> has no scheduled pods")
    run.say(f"Successfully copied custom annotations, labels, taints from old node <{old}> to new node <{new}>.")
    run.say(f"Node <{old}> has been marked unschedulable.")
    run.say("2 pods will be deleted", fields=f" node=<{old}> prefix=drain")


def test_before_anything_is_known() -> None:
    run = LogWriter("upgrade")
    assert run.progress.share is None
    assert run.progress.eta_s is None
    assert (run.progress.phase, run.progress.step) == (Phase.START, "starting")
    run.out("Writing cloud profile to: /tmp/x")
    assert run.phase() is Phase.LOADING
    run.out("Upgrading cluster with name suffix: 10127131")
    assert run.phase() is Phase.CHECKING_IMAGES
    assert run.progress.started_at == START


def test_the_plan_gives_the_work_and_a_first_estimate() -> None:
    """Three masters, one machine to have room, three agents of which the last is not made again."""
    run = _planned()
    assert run.progress.units_total == pytest.approx(3 + 0.65 + 2 + 0.35)
    assert run.progress.eta_s == pytest.approx(6 * 780)
    assert run.phase() is Phase.MASTERS
    assert [(each.name, each.step) for each in run.progress.nodes] == [
        (machine(name), NodeStep.WAITING) for name in ("master-0", "master-1", "master-2", "pool-0", "pool-1", "pool-2")
    ]
    assert run.progress.current is None
    assert run.progress.target_version == "1.34.4"


def test_the_agents_are_no_work_when_only_the_control_plane_is_upgraded() -> None:
    run = _planned(scope="control plane nodes")
    assert run.progress.units_total == 3.0
    assert {each.pool for each in run.progress.nodes} == {"master"}


def test_a_master_step_by_step() -> None:
    run = _planned()
    seen = []
    run.say("Upgrading Master VM: <master-0>", "deleting VM <master-0> in resource group g ...")
    seen.append((run.progress.step, run.progress.units_done))
    run.wait(150)
    run.out(_STARTING.format("master-0"))
    seen.append((run.progress.step, run.progress.units_done))
    assert run.progress.step_lasts_s == (240.0, 1200.0)
    assert run.node("master-0").since == START + 150
    run.wait(480)
    run.out(_FINISHED.format("master-0"))
    seen.append((run.progress.step, run.progress.units_done))
    run.say("Master node: <master-0> status error: Get x: EOF")
    assert run.node("master-0").note == "cannot be asked for: Get x: EOF"
    run.say("Master node: <master-0> is ready")
    seen.append((run.progress.step, run.progress.units_done))
    name = machine("master-0")
    assert [step for step, _ in seen] == [
        f"deleting the machine {name}",
        f"deploying {name}",
        f"waiting for {name} to be ready",
        "going on to the next master",
    ]
    done = [units for _, units in seen]
    assert done == sorted(done)
    assert done[0] == 0.0 and done[-1] == 1.0
    node = run.node("master-0")
    assert (node.began_at, node.ended_at, node.note) == (START, START + 630, "")


def test_late_copies_of_ready_change_nothing() -> None:
    """They come when the next master is under way."""
    run = _planned()
    _master(run, "master-0")
    run.say("Upgrading Master VM: <master-1>", "deleting VM <master-1> in resource group g ...")
    before = run.progress
    run.wait(3)
    run.say("Master node: <master-0> is ready", "Master node: <master-0> is ready")
    assert run.progress.nodes == before.nodes
    assert run.progress.current is not None
    assert run.progress.current.name == machine("master-1")


def test_the_rest_is_reckoned_of_the_pace_seen() -> None:
    run = _planned()
    _master(run, "master-0")
    assert run.progress.eta_s == pytest.approx(5 * 780)
    run = _planned()
    run.say("Upgrading Master VM: <master-0>")
    run.wait(1_560)
    run.say("Master node: <master-0> is ready")
    assert run.progress.eta_s == pytest.approx(5 * 1_560)


def test_agents_in_any_order_to_the_end() -> None:
    run = _planned()
    for name in ("master-0", "master-1", "master-2"):
        _master(run, name)
    _agents_begin(run)
    assert (run.progress.phase, run.progress.pool) == (Phase.AGENTS, "pool")
    _surge(run, "pool-3")
    assert run.node("pool-3").is_surge
    assert run.progress.units_done == pytest.approx(3.65)
    _empty_machine(run, "pool-2", "pool-3")
    assert run.progress.step == f"draining {machine('pool-2')}: 0 of 2 pods are gone"
    run.say("web-1 pod successfully evicted")
    assert run.progress.step == f"draining {machine('pool-2')}: 1 of 2 pods are gone"
    assert run.node("pool-2").note == "2 pods to evict, 1 left"
    assert run.node("pool-3").step is NodeStep.READY
    run.say("db-0 pod successfully evicted")
    run.delete("pool-2", 150)
    assert run.node("pool-2").note == ""
    run.deploy("pool-2", 480)
    run.say("Validating <pool-2>", "Agent node: <pool-2> not ready yet...", "Agent node: <pool-2> is ready")
    _empty_machine(run, "pool-0", "pool-2")
    run.delete("pool-0", 150)
    run.deploy("pool-0", 480)
    run.say("Agent node: <pool-0> is ready")
    assert run.progress.units_done == pytest.approx(5.65)
    _empty_machine(run, "pool-1", "pool-0")
    run.delete("pool-1", 150)
    run.say("Skipping creation of VM <pool-1> (index 1)")
    assert run.node("pool-1").step is NodeStep.GONE
    run.say("Cluster upgraded successfully to Kubernetes version 1.34.4")
    progress = run.progress
    assert (progress.phase, progress.is_succeeded, progress.share, progress.eta_s) == (Phase.DONE, True, 1.0, 0.0)
    assert (progress.alarms, progress.failures, progress.step, progress.step_lasts_s) == ((), (), "", None)


def test_a_fresh_machine_with_pods_is_emptied_for_its_labels() -> None:
    run = _planned()
    _agents_begin(run)
    _surge(run, "pool-3")
    run.say("Upgrading Agent VM: <pool-0>, pool name: pool")
    run.say("Copying custom annotations, labels, taints from old node <pool-0> to new node <pool-3>...")
    run.say("Node <pool-3> has been marked unschedulable.")
    run.say("1 pods will be deleted", fields=" node=<pool-3> prefix=drain")
    assert run.progress.step == f"copying labels of {machine('pool-0')} to {machine('pool-3')}"
    assert run.node("pool-3").step is NodeStep.READY
    assert run.node("pool-0").step is NodeStep.COPYING


def test_a_drain_that_is_given_up_is_an_alarm() -> None:
    run = _planned()
    _agents_begin(run)
    _empty_machine(run, "pool-0", "pool-3")
    run.wait(3_600)
    run.say("There are pending pods when an error occurred: Drain did not complete within 1h0m0s")
    run.say(*(f"pod/web-{index}" for index in range(6)))
    assert not run.progress.alarms
    run.say("Error draining agent VM <pool-0>. Proceeding with deletion. Error: Drain did not complete within 1h0m0s")
    (alarm,) = run.progress.alarms
    assert alarm.startswith(f"the drain of {machine('pool-0')} was given up and its machine is deleted all the same")
    assert alarm.endswith("left: web-0, web-1, web-2 and more")
    run.delete("pool-0", 150)
    assert run.node("pool-0").note.startswith("its drain failed and it was deleted all the same")
    assert run.progress.failures == ()


@pytest.mark.parametrize(
    ("todo", "upgraded", "total", "ends"),
    [
        (3, 0, 3, None),
        (3, 1, 3, None),
        (1, 2, 3, None),
        (5, 0, 3, "ends with 4"),
        (2, 0, 3, "ends with 3"),
        (2, 2, 2, "ends with 3"),
        (1, 0, 3, "ends with 3"),
    ],
)
def test_counts_that_drifted_apart_are_an_alarm(todo: int, upgraded: int, total: int, ends: str | None) -> None:
    """A retry after the machine for room was made has one more than the api model counts."""
    run = LogWriter("upgrade")
    run.say("Upgrading control plane and all nodes to Kubernetes version 1.34.4")
    for index in range(upgraded):
        run.say(f"Adding Agent VM: <pool-{index}>, orchestrator: Kubernetes:1.34.4 to pool: pool (UpgradedAgentVMs)")
        run.say(f"Agent VM: <pool-{index}>, pool name: pool on expected orchestrator version")
    _agents_begin(run, todo, total)
    assert [ends in alarm for alarm in run.progress.alarms if ends] == [True] * (ends is not None)
    assert len(run.progress.alarms) == (ends is not None)
    wanted = max(0, total + 1 - todo - upgraded)
    assert run.progress.units_total == pytest.approx(wanted * 0.65 + todo - 1 + 0.35)


def test_a_retry_counts_only_what_is_left() -> None:
    run = LogWriter("upgrade")
    run.out("Upgrading cluster with name suffix: 10127131")
    run.say("Adding Agent VM: <pool-1>, orchestrator: Kubernetes:1.33.10 to pool: pool (AgentVMs)")
    run.say("Adding Agent VM: <pool-2>, orchestrator: Kubernetes:1.34.4 to pool: pool (UpgradedAgentVMs)")
    run.say("Adding Agent VM: <pool-3>, orchestrator: Kubernetes:1.34.4 to pool: pool (UpgradedAgentVMs)")
    run.say("Master VM name: <master-0>, orchestrator: 1.34.4 (UpgradedMasterVMs)")
    run.say("Checking status of upgraded control plane nodes")
    assert run.progress.step == "waiting for masters of an earlier try to be ready"
    run.say("Upgrading control plane and all nodes to Kubernetes version 1.34.4")
    run.say("Master nodes that need to be upgraded: 0")
    run.say("Master VM: <master-0> is upgraded to expected orchestrator version")
    assert run.progress.units_total == pytest.approx(0.65 + 0.35)
    assert run.progress.units_done == 0.0
    assert run.node("master-0").note == run.node("pool-3").note == "has the version already"
    assert run.progress.alarms == ()


def test_a_long_look_at_upgraded_masters_is_an_alarm() -> None:
    """It goes on with the next master although one of the new ones is not ready."""
    run = LogWriter("upgrade")
    run.say("Checking status of upgraded control plane nodes")
    run.wait(140)
    run.say("Upgrading control plane and all nodes to Kubernetes version 1.34.4")
    (alarm,) = run.progress.alarms
    assert "it will delete the next master" in alarm


def test_masters_in_the_wrong_resource_group() -> None:
    run = LogWriter("upgrade")
    run.out("Upgrading cluster with name suffix: 10127131")
    run.say("Upgrading control plane and all nodes to Kubernetes version 1.34.4", "masterNodesInCluster: 0")
    run.say("Expected master count: 3, Creating 3 more master VMs", "Creating upgraded master VM with index: 0")
    assert "is it the right one?" in run.progress.alarms[0]
    assert run.node("master-0").step is NodeStep.DEPLOYING
    run.say("VM name was empty. Skipping node condition check")
    assert run.node("master-0").note == "made anew; aks-engine does not wait until it is ready"


def test_several_pools_in_any_order() -> None:
    """What the plan says of a pool counts until the pool's own turn, and each machine knows its pool."""
    run = LogWriter("upgrade")
    run.out("Upgrading cluster with name suffix: 10127131")
    for pool, count in (("web", 2), ("db", 1)):
        for index in range(count):
            run.say(f"Adding Agent VM: <{pool}-{index}>, orchestrator: Kubernetes:1.33.10 to pool: {pool} (AgentVMs)")
    run.say("Upgrading control plane and all nodes to Kubernetes version 1.34.4")
    run.say("Master nodes that need to be upgraded: 0")
    assert run.progress.units_total == pytest.approx((0.65 + 1 + 0.35) + (0.65 + 0.35))
    run.say("Starting upgrade of 1 agent nodes (out of 1) in pool identifier: db, name: db...")
    _surge(run, "db-1")
    run.say("Upgrading Agent VM: <db-0>, pool name: db", "Node <db-0> has been marked unschedulable.")
    run.delete("db-0", 150)
    run.say("Skipping creation of VM <db-0> (index 0)")
    assert run.progress.units_done == pytest.approx(1.0)
    run.say("Prepping agent pool 'web' for upgrade...")
    run.say("Starting upgrade of 2 agent nodes (out of 2) in pool identifier: web, name: web...")
    assert run.progress.pool == "web"
    _surge(run, "web-2")
    assert run.progress.units_done == pytest.approx(1.65)
    assert [(each.pool, each.step.value) for each in run.progress.nodes] == [
        ("db", "gone"),
        ("db", "ready"),
        ("web", "waiting"),
        ("web", "waiting"),
        ("web", "ready"),
    ]


def test_a_machine_of_windows_is_known_by_its_turn() -> None:
    """Its name tells neither pool nor index."""
    run = _planned()
    run.say("Starting upgrade of 1 agent nodes (out of 1) in pool identifier: win, name: win...")
    run.say("Creating new agent node 1012k8s011 (index 1)")
    run.deploy("win-1", 480)
    run.say("Agent node: 1012k8s011 is ready", "Upgrading Agent VM: 1012k8s010, pool name: win")
    run.say("deleting VM 1012k8s010 in resource group g ...")
    run.out(_STARTING.format("win-0"))
    windows = {each.name: each.step for each in run.progress.nodes if each.pool == "win"}
    assert windows == {"1012k8s011": NodeStep.READY, "1012k8s010": NodeStep.DEPLOYING}


def test_what_it_was_at_when_it_failed_stays() -> None:
    run = _planned()
    _master(run, "master-0")
    run.say("Upgrading Master VM: <master-1>", "deleting VM <master-1> in resource group g ...")
    run.raw("Error: upgrading cluster: context deadline exceeded", "Usage:")
    assert run.phase() is Phase.FAILED
    assert (run.node("master-1").step, run.node("master-1").note) == (
        NodeStep.FAILED,
        "the run ended while it was deleting machine",
    )
    assert (run.progress.units_done, run.progress.eta_s, run.progress.step) == (1.0, None, "")
    run.say("Master node: <master-0> is ready")
    assert run.phase() is Phase.FAILED


def test_an_error_after_the_good_news_is_a_failure() -> None:
    """The api model is written at the very end."""
    run = _planned()
    run.say("Cluster upgraded successfully to Kubernetes version 1.34.4")
    run.raw("Error: upgrading cluster: write _output/a/apimodel.json: no space left on device")
    assert (run.progress.phase, run.progress.is_succeeded) == (Phase.FAILED, False)
    assert [each.id for each in run.progress.failures] == ["disk-full"]


def test_other_alarms() -> None:
    run = LogWriter("upgrade")
    run.say("Skipping VM: odd-1 for upgrade as the orchestrator version could not be determined.")
    run.say("Ignoring agent VM odd-2 in provisioning state Failed")
    run.say("Copying custom annotations, labels, taints from old node a-0 to new node a-1 can't complete within 5m0s")
    assert [alarm.split(" ")[0] for alarm in run.progress.alarms] == ["odd-1", "odd-2", "labels,"]
    run.say("Ignoring agent VM odd-2 in provisioning state Failed")
    assert len(run.progress.alarms) == 3


def test_a_log_whose_beginning_is_lost() -> None:
    """The VM keeps the newest bytes of a very long log."""
    run = LogWriter("upgrade")
    run.deploy("pool-2", 480)
    assert not run.progress.nodes
    run.say("Agent node: <pool-2> is ready")
    run.deploy("pool-1", 480)
    assert [each.name for each in run.progress.nodes] == [machine("pool-1"), machine("pool-2")]
