"""Topology spread constraints that forbid: what a drained node means to them."""

from __future__ import annotations

from typing import Any

import pytest

from backends.model import drain_company
from backends.model.drain_matching import matches
from backends.model.drain_room import Placement, Room
from tests.support.node_objects import Object, a_node, a_pod

SKEWED = "node(s) didn't match pod topology spread constraints"
HOST = "kubernetes.io/hostname"


def constraint(key: str = HOST, **more: Any) -> Object:
    found = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule"}
    return {**found, "labelSelector": {"matchLabels": {"app": "web"}}, **more}


def web(number: int, node: str = "node-a", *constraints: Object, **more: Any) -> Object:
    spread: dict[str, Any] = {"topologySpreadConstraints": list(constraints)} if constraints else {}
    return a_pod(f"web-{number}", node, **spread, **more)


def zoned(name: str, zone: str, **more: Any) -> Object:
    return a_node(name, labels={HOST: name, "zone": zone}, **more)


def place(pod: Object, nodes: list[Object], pods: Any = ()) -> Placement:
    return Room(nodes, pods, "node-a", {}).place(pod)


NODES = [a_node("node-a", cordoned=True), a_node("node-b"), a_node("node-c")]
ON_BOTH = [web(2, "node-b"), web(3, "node-c")]


def test_the_drained_node_stays_a_domain_without_a_pod_so_that_no_other_may_have_two() -> None:
    found = place(web(1, "node-a", constraint()), NODES, ON_BOTH)
    assert f"2 {SKEWED}" in found.why_not
    assert place(web(1, "node-a", constraint(maxSkew=2)), NODES, ON_BOTH).nodes == ("node-b", "node-c")
    honors = constraint(nodeTaintsPolicy="Honor")
    assert place(web(1, "node-a", honors), NODES, ON_BOTH).nodes == ("node-b", "node-c")
    assert place(web(1, "node-a", honors), NODES, ON_BOTH[:1]).nodes == ("node-c",)


@pytest.mark.parametrize(
    "loose",
    [
        constraint(whenUnsatisfiable="ScheduleAnyway"),
        constraint(labelSelector={"matchLabels": {"app": "other"}}),
        {"maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule"},
    ],
)
def test_what_only_prefers_or_speaks_of_others_forbids_nothing(loose: Object) -> None:
    assert set(place(web(1, "node-a", loose), NODES, ON_BOTH).nodes) == {"node-b", "node-c"}


def test_zones_are_counted_over_their_nodes_and_a_node_without_the_label_is_none() -> None:
    nodes = [zoned("node-a", "1", cordoned=True), zoned("node-b", "1"), zoned("node-c", "2"), a_node("node-d")]
    found = place(web(1, "node-a", constraint("zone")), nodes, [web(2, "node-c")])
    assert found.nodes == ("node-b",)
    full = [*nodes[:1], *nodes[2:]]
    found = place(web(1, "node-a", constraint("zone")), full, [web(2, "node-c")])
    assert f"1 {SKEWED}, 1 {SKEWED} (missing required label), 1 node(s) were unschedulable" in found.why_not


def test_nodes_a_pod_may_not_use_are_no_domains_unless_the_constraint_says_so() -> None:
    nodes = [a_node("node-b"), a_node("gpu", labels={HOST: "gpu", "agentpool": "gpu"})]
    bound: dict[str, Any] = {"nodeSelector": {"agentpool": "linuxpool"}}
    pods = [web(2, "node-b")]
    assert place(web(1, "node-a", constraint(), **bound), nodes, pods).nodes == ("node-b",)
    ignores = constraint(nodeAffinityPolicy="Ignore")
    assert SKEWED in place(web(1, "node-a", ignores, **bound), nodes, pods).why_not


def test_too_few_domains_count_as_an_empty_one() -> None:
    nodes = NODES[1:]
    assert place(web(1, "node-a", constraint(minDomains=2)), nodes, ON_BOTH).nodes
    assert SKEWED in place(web(1, "node-a", constraint(minDomains=3)), nodes, ON_BOTH).why_not


def test_pods_of_another_revision_and_namespace_are_not_counted() -> None:
    def of(revision: str, number: int, node: str, *constraints: Object, **more: Any) -> Object:
        return web(number, node, *constraints, labels={"app": "web", "pod-template-hash": revision}, **more)

    keyed = constraint(matchLabelKeys=["pod-template-hash", "unheard-of"])
    old = [of("old", 2, "node-b"), of("old", 3, "node-c")]
    assert len(place(of("new", 1, "node-a", keyed), NODES, old).nodes) == 2
    assert SKEWED in place(of("old", 1, "node-a", keyed), NODES, old).why_not
    elsewhere = [web(2, "node-b", namespace="other"), web(3, "node-c", namespace="other")]
    assert len(place(web(1, "node-a", constraint()), NODES, elsewhere).nodes) == 2


def test_each_placed_pod_counts_for_the_next() -> None:
    room = Room(NODES, (), "node-a", {})
    first = room.place(web(1, "node-a", constraint())).nodes
    second = room.place(web(2, "node-a", constraint())).nodes
    assert len(first) == 2 and second == first[1:]
    assert SKEWED in room.place(web(3, "node-a", constraint())).why_not


def test_pods_are_counted_once_and_not_for_every_placement(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counting(*arguments: Any) -> bool:
        nonlocal asked
        asked += 1
        return matches(*arguments)

    monkeypatch.setattr(drain_company, "matches", counting)
    nodes = [a_node(f"n{number}", pods="200") for number in range(30)]
    pods = [web(number, f"n{number % 30}", constraint()) for number in range(600)]
    room = Room([a_node("node-a"), *nodes], pods, "node-a", {})
    for number in range(20):
        assert f"30 {SKEWED}" in room.place(web(1000 + number, "node-a", constraint())).why_not
    assert asked <= 600 + 20 * 2
