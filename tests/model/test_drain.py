"""The plan of a drain: every pod's fate, what would be lost, what hinders it, in which order, and how long."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.model.drain import DrainFacts, DrainOptions, DrainPlan, Fate, longest_s, plan_drain
from backends.model.drain_words import plan_lines
from tests.support.node_objects import Object, a_budget, a_node, a_pod, an_owner

WEB = an_owner("ReplicaSet", "web-7f9", above="web")
DAEMONS = an_owner("DaemonSet", "kube-proxy")
STATEFUL = an_owner("StatefulSet", "db", replicas=1)
NODES = [a_node("node-a"), a_node("node-b"), a_node("node-c")]


def _plan(
    *pods: Object, budgets: Any = (), nodes: Any = NODES, options: DrainOptions | None = None, **facts: Any
) -> DrainPlan:
    known = {owner["metadata"]["uid"]: owner for owner in (WEB, DAEMONS, STATEFUL)} | facts.pop("owners", {})
    return plan_drain(DrainFacts(nodes[0], nodes, pods, budgets, known, **facts), options or DrainOptions())


STATIC = {"kubernetes.io/config.mirror": "digest"}


@pytest.mark.parametrize(
    ("pod", "fate", "lost"),
    [
        (a_pod("web-1", owner=WEB), Fate.EVICT, ""),
        (a_pod("proxy-1", owner=DAEMONS), Fate.DAEMON, ""),
        (a_pod("proxy-1", owner=DAEMONS, phase="Failed"), Fate.FINISHED, ""),
        (a_pod("apiserver", annotations=STATIC, owner=a_node("node-a")), Fate.MIRROR, ""),
        (a_pod("report-1", phase="Succeeded"), Fate.FINISHED, ""),
        (a_pod("alone"), Fate.EVICT, "no controller makes it anew"),
        (a_pod("old-1", owner=an_owner("ReplicaSet", "gone")), Fate.EVICT, "its ReplicaSet gone is gone"),
        (a_pod("agent-1", owner=an_owner("DaemonSet", "gone")), Fate.EVICT, "its DaemonSet gone is gone"),
        (a_pod("other-1", owner=an_owner("Gadget", "unread")), Fate.EVICT, ""),
    ],
    ids=lambda value: value["metadata"]["name"] if isinstance(value, dict) else None,
)
def test_every_pod_has_a_fate(pod: Object, fate: Fate, lost: str) -> None:
    gone: dict[str, Any] = {"uid-ReplicaSet-gone": None, "uid-DaemonSet-gone": None}
    (found,) = _plan(pod, owners=gone).pods
    assert found.fate is fate
    assert found.unmanaged.startswith(lost) and bool(found.unmanaged) == bool(lost)
    assert found.leaves is (fate in (Fate.EVICT, Fate.FINISHED))


def test_only_pods_of_the_node_are_planned() -> None:
    assert [each.name for each in _plan(a_pod("web-1", owner=WEB), a_pod("web-2", "node-b", owner=WEB)).pods] == [
        "web-1"
    ]


@pytest.mark.parametrize(
    ("pod", "options", "withheld"),
    [
        (a_pod("alone"), DrainOptions(), "--force is not given"),
        (a_pod("alone"), DrainOptions(force=True), ""),
        (a_pod("alone", phase="Failed"), DrainOptions(), ""),
        (a_pod("alone", deleting=True), DrainOptions(), ""),
        (a_pod("c-1", owner=WEB, volumes=[{"name": "tmp", "emptyDir": {}}]), DrainOptions(), "--delete-emptydir-data"),
        (a_pod("c-1", owner=WEB, volumes=[{"name": "tmp", "emptyDir": {}}]), DrainOptions(delete_local_data=True), ""),
        (a_pod("c-1", owner=WEB, volumes=[{"name": "cm", "configMap": {"name": "cm"}}]), DrainOptions(), ""),
    ],
)
def test_what_would_be_lost_wants_its_option(pod: Object, options: DrainOptions, withheld: str) -> None:
    (found,) = _plan(pod, options=options).pods
    said = found.withheld(options)
    assert said.startswith(withheld) and bool(said) == bool(withheld)


BLOCKING = a_budget("web", allowed=0, healthy=2, desired=2, expected=3)


@pytest.mark.parametrize(
    ("pod", "budgets", "why", "for_good"),
    [
        (a_pod("web-1", owner=WEB), [], "", False),
        (a_pod("web-1", owner=WEB), [a_budget("web")], "", False),
        (a_pod("web-1", owner=WEB), [BLOCKING], "lets none go now: 2 healthy, 2 must be", False),
        (a_pod("web-1", owner=WEB), [a_budget("web", allowed=0, desired=2)], "wants 2 of 2 pods healthy", True),
        (a_pod("web-1", owner=WEB), [a_budget("web"), a_budget("all", selector={})], "2 budgets protect it", True),
        (a_pod("web-1", owner=WEB, phase="Pending"), [BLOCKING], "", False),
        (a_pod("web-1", owner=WEB, deleting=True), [BLOCKING], "", False),
        # A pod that is not ready may go when enough of the others are, or by the budget's own policy.
        (a_pod("web-1", owner=WEB, ready=False), [BLOCKING], "", False),
        (a_pod("web-1", owner=WEB, ready=False), [a_budget("web", allowed=0, healthy=0)], "lets none go now", False),
        (
            a_pod("web-1", owner=WEB, ready=False),
            [a_budget("web", allowed=0, healthy=0, unhealthyPodEvictionPolicy="AlwaysAllow")],
            "",
            False,
        ),
        (a_pod("web-1", namespace="other"), [BLOCKING], "", False),
    ],
)
def test_budgets_hinder(pod: Object, budgets: list[Object], why: str, for_good: bool) -> None:
    hindrance = _plan(pod, budgets=budgets).pods[0].hindrance
    assert (hindrance is None) == (not why)
    if hindrance is not None:
        assert why in hindrance.why and hindrance.for_good is for_good


def test_a_budget_that_was_changed_is_counted_first() -> None:
    fresh = a_budget("web")
    fresh["metadata"]["generation"] = 2
    hindrance = _plan(a_pod("web-1", owner=WEB), budgets=[fresh]).pods[0].hindrance
    assert hindrance is not None and "not been counted" in hindrance.why and not hindrance.for_good


def test_a_workload_is_away_when_no_other_pod_of_it_serves() -> None:
    def outage(*others: Object) -> str:
        return _plan(a_pod("web-1", owner=WEB), *others).pods[0].outage

    assert outage() == "the only ready pod of Deployment web"
    assert outage(a_pod("web-2", "node-b", owner=WEB)) == ""
    assert outage(a_pod("web-2", "node-b", owner=WEB, ready=False)) == "the only ready pod of Deployment web"
    assert outage(a_pod("web-2", "node-b", owner=WEB, deleting=True)) == "the only ready pod of Deployment web"
    assert outage(a_pod("web-2", owner=WEB)) == "all 2 ready pods of Deployment web are on this node"
    # What a Job runs serves nobody: it is begun again.
    job = an_owner("Job", "report")
    assert _plan(a_pod("report-1", owner=job), owners={"uid-Job-report": job}).pods[0].outage == ""


def test_what_keeps_state_goes_last_and_what_ended_first() -> None:
    plan = _plan(
        a_pod("db-0", owner=STATEFUL),
        a_pod("blocked-1", owner=an_owner("ReplicaSet", "blocked"), labels={"app": "web"}),
        a_pod("web-1", owner=WEB, labels={"app": "free"}),
        a_pod("web-2", "node-b", owner=WEB, labels={"app": "free"}),
        a_pod("zz-ended", phase="Succeeded"),
        a_pod("lonely-1", owner=an_owner("ReplicaSet", "lonely")),
        a_pod("data-1", owner=WEB, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]),
        a_pod("proxy-1", owner=DAEMONS),
        budgets=[BLOCKING],
    )
    names = [each.name for each in plan.pods]
    assert names == ["zz-ended", "web-1", "lonely-1", "blocked-1", "data-1", "db-0", "proxy-1"]


def test_the_words_say_what_happens_to_every_pod() -> None:
    plan = _plan(
        a_pod("web-1", owner=WEB),
        a_pod("alone"),
        a_pod("proxy-1", owner=DAEMONS),
        a_pod("db-0", owner=STATEFUL, cpu="64", volumes=[{"name": "tmp", "emptyDir": {}}]),
        budgets=[BLOCKING],
        unknown=("volume of d: forbidden",),
    )
    options = DrainOptions(delete_local_data=True)
    assert list(plan_lines(plan, options)) == [
        "evicts 3 pods, at most 5 at once and one of each workload or budget, within 30s if each takes its whole grace "
        "period; 1 of a DaemonSet stays",
        "withhold default/alone: --force is not given, and no controller makes it anew",
        "evict default/web-1: Deployment web; to node-b or 1 more; blocked now: budget web lets none go now: 2 "
        "healthy, 2 must be; an outage: the only ready pod of Deployment web; grace 30s",
        "evict default/db-0: StatefulSet db; nowhere: 0/3 nodes are available: 1 node(s) were unschedulable, 2 "
        "Insufficient cpu.; loses the data in tmp; an outage: the only ready pod of StatefulSet db; grace 30s",
        "keep default/proxy-1: DaemonSet kube-proxy keeps it here",
        "not known: volume of d: forbidden",
    ]
    assert next(iter(plan_lines(_plan(), options))) == "evicts no pod; none stay"


def test_grace_periods_add_up_along_a_lane_only() -> None:
    mates = [a_pod(f"web-{n}", owner=WEB, terminationGracePeriodSeconds=60) for n in range(3)]
    others = [a_pod(f"x{n}", owner=an_owner("ReplicaSet", f"x{n}")) for n in range(4)]
    assert _plan(*mates, *others).longest_s == 180
    assert _plan(*mates, options=DrainOptions(grace_s=1)).longest_s == 3
    assert _plan(*others, options=DrainOptions(at_once=2)).longest_s == 60


pods = st.builds(
    a_pod,
    st.uuids().map(lambda value: f"p-{value}"),
    st.sampled_from(["node-a", "node-a", "node-b", "node-z"]),
    namespace=st.sampled_from(["default", "other"]),
    owner=st.sampled_from([None, WEB, DAEMONS, STATEFUL, an_owner("ReplicaSet", "unread")]),
    cpu=st.sampled_from(["0", "100m", "3", "nonsense"]),
    phase=st.sampled_from(["Running", "Pending", "Succeeded", "Failed"]),
    ready=st.booleans(),
    labels=st.sampled_from([{"app": "web"}, {"app": "other"}]),
    deleting=st.booleans(),
    volumes=st.sampled_from([[], [{"name": "tmp", "emptyDir": {}}]]),
)
budgets = st.builds(a_budget, st.sampled_from(["web", "other"]), allowed=st.integers(0, 2), desired=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(pods, max_size=12), st.lists(budgets, max_size=3), st.booleans(), st.integers(1, 4))
def test_of_any_node_every_pod_is_in_the_plan_once(
    pods: list[Object], budgets: list[Object], force: bool, at_once: int
) -> None:
    options = DrainOptions(force=force, at_once=at_once)
    plan = _plan(*pods, budgets=budgets, options=options)
    here = sorted(each["metadata"]["uid"] for each in pods if each["spec"]["nodeName"] == "node-a")
    assert sorted(each.uid for each in plan.pods) == here
    assert plan.pods == (*plan.leaving, *plan.staying)
    states = [each.is_stateful for each in plan.leaving if each.fate is Fate.EVICT]
    assert states == sorted(states)
    assert all(
        not (each.unmanaged and not force and not each.withheld(options)) for each in plan.leaving if each.is_serving
    )
    # Never quicker than the slowest lane, never slower than one after another.
    lanes = {lane: sum(each.grace_s for each in mates) for lane, mates in itertools.groupby(
        sorted(plan.leaving, key=lambda each: each.lane), key=lambda each: each.lane)}  # fmt: skip
    assert max(lanes.values(), default=0) <= plan.longest_s <= sum(lanes.values())
    assert longest_s(plan.leaving, 1) == sum(lanes.values())
    assert len(list(plan_lines(plan, options))) == 1 + len(here)
