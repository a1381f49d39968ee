"""Cordon, uncordon, and what a drain says before it is begun: its plan, its command, its rules."""

from __future__ import annotations

import pytest

from backends.errors import Conflict, Forbidden, NotFound
from backends.model.change import Impact, Permission
from backends.model.drain import DrainOptions
from backends.model.proposal import Finding, Level, Result, Step
from backends.operations.gate_records import change_data, change_of
from backends.operations.node_works.cordon import CordonWork, UncordonWork
from backends.operations.node_works.drain import DrainWork
from tests.operations.gate_stage import YES
from tests.operations.node_stage import DAEMONS, WEB, NodeStage, passing
from tests.support.fake_progress import FakeProgress
from tests.support.node_objects import a_budget, a_node, a_pod, an_owner


@pytest.fixture
def stage() -> NodeStage:
    return NodeStage()


# Cordon and uncordon


async def test_a_node_is_cordoned_and_given_back(stage: NodeStage) -> None:
    work = await CordonWork.plan(stage.cluster, "node-a")
    assert work.change.command == "kubectl --kubeconfig nowhere/kubeconfig --context orlando cordon node-a"
    assert (work.change.summary, work.change.impact) == ("cordon node node-a on orlando", Impact.CAREFUL)
    assert "+  unschedulable: true" in (await work.preview()).diff and stage.cluster.writes == []
    assert await work.act(FakeProgress()) == "node node-a is cordoned"
    assert stage.cluster.node["spec"]["unschedulable"] is True
    assert (await work.verify()).ok
    assert await work.act(FakeProgress()) == "node node-a was cordoned already"
    assert (await work.preview()).notes == ("it is cordoned already",)

    back = await UncordonWork.plan(stage.cluster, "node-a")
    assert not (await work.verify()).ok or back.change.impact is Impact.NONE
    assert await back.act(FakeProgress()) == "node node-a is schedulable"
    assert "unschedulable" not in stage.cluster.node["spec"]
    assert (await back.verify()).ok and not (await work.verify()).ok
    assert len(stage.cluster.writes) == 2


@pytest.mark.parametrize("make", [CordonWork, UncordonWork])
async def test_another_node_of_the_same_name_is_left_alone(
    stage: NodeStage, make: type[CordonWork] | type[UncordonWork]
) -> None:
    work = await make.plan(stage.cluster, "node-a")
    stage.cluster.put(
        "nodes", a_node("node-a", cordoned=make is UncordonWork) | {"metadata": {"name": "node-a", "uid": "2"}}
    )
    for ask in (work.preview(), work.act(FakeProgress()), work.findings()):
        with pytest.raises(Conflict, match="deleted and joined again"):
            await ask
    assert not (await work.verify()).ok and stage.cluster.writes == []


async def test_works_are_made_again_of_what_the_journal_has(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB))
    drain = await stage.drain(force=True, grace_s=5, timeout_s=0.0, at_once=2)
    change = change_of("orlando", change_data(drain.change))
    again = DrainWork.from_change(change, stage.cluster, stage.clock)
    assert again.change.parameters == drain.change.parameters
    assert again.change.parameters["pods"] == [["default", "web-1", "uid-default-web-1"]]
    with pytest.raises(KeyError):
        DrainWork.from_change(
            change_of("orlando", change_data(drain.change) | {"parameters": {}}), stage.cluster, stage.clock
        )
    cordon = await CordonWork.plan(stage.cluster, "node-a")
    made = CordonWork.from_change(change_of("orlando", change_data(cordon.change)), stage.cluster, stage.clock)
    assert await made.act(FakeProgress()) == "node node-a is cordoned"


async def test_the_last_node_is_not_cordoned_by_mistake() -> None:
    stage = NodeStage("node-a")
    found = {each.rule: each.level for each in await (await CordonWork.plan(stage.cluster, "node-a")).findings()}
    assert found == {"control-plane-node": Level.PASS, "last-ready-node": Level.REFUSE}


async def test_a_node_that_is_not_ready_is_given_back_with_a_warning(stage: NodeStage) -> None:
    stage.cluster.put("nodes", a_node("node-a", ready="Unknown", message="Kubelet stopped posting node status."))
    (found,) = await (await UncordonWork.plan(stage.cluster, "node-a")).findings()
    assert found.level is Level.WARN and "Kubelet stopped posting" in found.evidence


# What a drain says before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (DrainOptions(), "drain node-a --ignore-daemonsets --timeout=1800s"),
        (
            DrainOptions(force=True, delete_local_data=True, grace_s=0, timeout_s=0),
            "drain node-a --ignore-daemonsets --delete-emptydir-data --force --grace-period=0 --timeout=0s",
        ),
    ],
)
async def test_the_command_is_the_one_of_kubectl(stage: NodeStage, options: DrainOptions, words: str) -> None:
    change = (await DrainWork.plan(stage.cluster, "node-a", options, stage.clock)).change
    assert change.command == f"kubectl --kubeconfig nowhere/kubeconfig --context orlando {words}"
    assert change.impact is Impact.DISRUPTIVE


async def test_evicting_must_be_allowed_where_the_pods_are(stage: NodeStage) -> None:
    agents = an_owner("DaemonSet", "agent", namespace="system")
    stage.cluster.put("daemonset.apps", agents)
    agent = a_pod("agent-1", owner=agents, namespace="system")
    stage.cluster.pods(a_pod("web-1", owner=WEB), a_pod("x", namespace="other"), agent)
    needs = (await stage.drain()).change.needs
    assert Permission("patch", "nodes") in needs
    assert [each.namespace for each in needs if each.subresource == "eviction"] == ["default", "other"]


async def test_the_preview_is_the_cordon_and_the_plan(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB), a_pod("proxy-1", owner=DAEMONS))
    preview = await (await stage.drain()).preview()
    assert "+  unschedulable: true" in preview.diff
    assert preview.notes[0].startswith("evicts 1 pod, within 30s") and preview.notes[0].endswith(
        "1 of a DaemonSet stays"
    )
    assert preview.notes[1].startswith("evict default/web-1: Deployment web; to node-b or 1 more; an outage")
    assert preview.notes[2] == "keep default/proxy-1: DaemonSet kube-proxy keeps it here"
    assert stage.cluster.writes == [] and stage.cluster.evictions == []


async def test_what_cannot_be_read_is_said_and_hinders_nothing(stage: NodeStage) -> None:
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}
    gadget = an_owner("Gadget", "g") | {"apiVersion": "example.com/v1"}
    stage.cluster.pods(a_pod("db-0", owner=WEB, volumes=[claim]), a_pod("g-1", owner=gadget))
    notes = (await (await stage.drain()).preview()).notes
    assert any(each.startswith("not known: volume of data-db-0: ") for each in notes)
    assert any(each.startswith("not known: Gadget g: ") for each in notes)


async def test_a_controller_that_is_gone_is_known_from_one_made_anew(stage: NodeStage) -> None:
    old, new, anew = (an_owner("ReplicaSet", name) for name in ("old", "new", "new"))
    anew["metadata"]["uid"] = "another"
    stage.cluster.put("replicaset.apps", anew)
    stage.cluster.pods(a_pod("old-1", owner=old), a_pod("new-1", owner=new))
    found = _by_rule(await (await stage.drain()).findings())["unmanaged-pods"]
    assert "its ReplicaSet old is gone" in found.evidence and "its ReplicaSet new is gone" in found.evidence


def _by_rule(findings: object) -> dict[str, Finding]:
    assert isinstance(findings, tuple)
    return {each.rule: each for each in findings}


RULES = {
    "control-plane-node", "last-ready-node", "node-ready", "disruption-budgets", "unmanaged-pods", "local-data",
    "single-replica", "nowhere-to-go",
}  # fmt: skip


async def test_a_harmless_drain_passes_every_rule(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB), a_pod("web-2", "node-b", owner=WEB), a_pod("p", owner=DAEMONS))
    stage.cluster.put("poddisruptionbudgets", a_budget("web"))
    found = _by_rule(await (await stage.drain()).findings())
    assert set(found) == RULES and {each.level for each in found.values()} == {Level.PASS}
    assert found["disruption-budgets"].evidence == "default/web lets pods go"


@pytest.mark.parametrize(
    ("rule", "level", "evidence", "overridable"),
    [
        ("unmanaged-pods", Level.REFUSE, "lost for good without --force: default/alone", False),
        ("local-data", Level.REFUSE, "wants --delete-emptydir-data: default/data-1: tmp", False),
        ("single-replica", Level.WARN, "away until it runs elsewhere: default: the only ready pod", True),
        ("nowhere-to-go", Level.REFUSE, "default/data-1: 0/3 nodes are available: 1 node(s) were", True),
        ("disruption-budgets", Level.REFUSE, "budget never wants 2 of 2 pods healthy", True),
    ],
)
async def test_a_rule_refuses_with_its_evidence(
    stage: NodeStage, rule: str, level: Level, evidence: str, overridable: bool
) -> None:
    tmp = [{"name": "tmp", "emptyDir": {}}]
    stage.cluster.pods(
        a_pod("alone", labels={"app": "never"}), a_pod("data-1", owner=WEB, cpu="64", volumes=tmp, labels={"app": "x"})
    )
    stage.cluster.put("poddisruptionbudgets", a_budget("never", allowed=0, desired=2))
    found = _by_rule(await (await stage.drain()).findings())[rule]
    assert (found.level, found.overridable) == (level, overridable)
    assert evidence in found.evidence
    given = _by_rule(await (await stage.drain(force=True, delete_local_data=True)).findings())
    assert given["unmanaged-pods"].level is given["local-data"].level is Level.WARN


async def test_what_waiting_mends_warns_only(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB, cpu="64"), a_pod("web-2", "node-b", owner=WEB))
    stage.cluster.put("poddisruptionbudgets", a_budget("web", allowed=0, desired=2, expected=3))
    found = _by_rule(await (await stage.drain()).findings())
    assert found["disruption-budgets"].level is Level.WARN and "waited for" in found["disruption-budgets"].evidence
    assert found["nowhere-to-go"].level is Level.WARN


async def test_the_last_node_of_a_pool_warns_and_of_the_stamp_refuses() -> None:
    stage = NodeStage("node-a")
    stage.cluster.put("nodes", a_node("other", labels={"agentpool": "another"}))
    found = _by_rule(await (await stage.drain()).findings())["last-ready-node"]
    assert found.level is Level.WARN and "no node of the pool linuxpool" in found.evidence
    stage.cluster.put("nodes", a_node("other", labels={"agentpool": "another"}, cordoned=True))
    assert _by_rule(await (await stage.drain()).findings())["last-ready-node"].level is Level.REFUSE


async def test_a_control_plane_node_refuses(stage: NodeStage) -> None:
    stage.cluster.put("nodes", a_node("node-a", labels={"kubernetes.io/role": "master"}))
    assert _by_rule(await (await stage.drain()).findings())["control-plane-node"].level is Level.REFUSE


async def test_a_node_whose_kubelet_is_gone_warns(stage: NodeStage) -> None:
    stage.cluster.put("nodes", a_node("node-a", ready="Unknown", message="Kubelet stopped posting node status."))
    found = _by_rule(await (await stage.drain()).findings())["node-ready"]
    assert found.level is Level.WARN and "stay Terminating" in found.evidence


async def test_one_question_reads_the_pods_once(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB))
    work = await stage.drain()
    stage.cluster.calls.clear()
    await stage.gate.propose(work)
    assert [call for call in stage.cluster.calls if call[:2] == ("list_objects", "pods")] == [
        ("list_objects", "pods", None, "", "")
    ]


async def test_a_node_that_is_not_there_is_not_drained(stage: NodeStage) -> None:
    with pytest.raises(NotFound):
        await stage.drain("node-z")


async def test_a_drain_that_is_not_allowed_is_not_begun(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB))
    stage.cluster.allowed = lambda verb, kind: (verb != "create", "not for you" if verb == "create" else "")
    outcome = await passing(stage.clock, (await stage.start_drain()).finished())
    assert (outcome.result, outcome.step) == (Result.REFUSED, Step.ALLOWED)
    assert "create pods/eviction in default: not for you" in outcome.why
    assert stage.cluster.writes == []


async def test_a_cordon_that_is_refused_ends_it_before_anything_is_evicted(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB), a_pod("web-2", "node-b", owner=WEB))
    work = await stage.drain()
    proposal = await stage.gate.propose(work)
    stage.cluster.failing["patch"] = Forbidden("cannot patch nodes node-a", why="forbidden", stamp="orlando")
    outcome = await stage.ended(stage.runs.start(work, proposal, YES))
    assert outcome.result is Result.FAILED and "cannot patch nodes" in str(outcome)
    assert stage.cluster.asked == []


async def test_a_large_stamp_is_planned_as_well(stage: NodeStage) -> None:
    stage.cluster.pods(*(a_pod(f"web-{number}", f"node-{'abc'[number % 3]}", owner=WEB) for number in range(600)))
    notes = (await (await stage.drain()).preview()).notes
    assert notes[0].startswith("evicts 200 pods") and len(notes) == 201
