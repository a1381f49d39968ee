"""Where a pod could go, in the scheduler's words when there is no place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from backends.model import drain_company
from backends.model.drain_matching import matches
from backends.model.drain_room import Placement, Room, Volumes, requests_of, room_words
from tests.support.node_objects import Object, a_node, a_pod, an_owner

GPU = {"key": "sku", "value": "gpu", "effect": "NoSchedule"}
WEB = an_owner("ReplicaSet", "web")


def _place(pod: Object, *nodes: Object, pods: Any = (), volumes: Volumes | None = None) -> Placement:
    return Room([a_node("node-a"), *nodes], pods, "node-a", volumes or {}).place(pod)


def _affinity(kind: str, term: Object) -> Object:
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": term}}}


def _node_term(*expressions: Object, fields: Any = ()) -> Object:
    return _affinity(
        "nodeAffinity",
        {"nodeSelectorTerms": [{"matchExpressions": list(expressions), "matchFields": list(fields)}]},
    )


def _apart(app: str, key: str = "kubernetes.io/hostname") -> list[Object]:
    return [{"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}]


ZONED = a_node("node-b", labels={"zone": "2", "kubernetes.io/hostname": "node-b"})
UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}


@pytest.mark.parametrize(
    ("pod", "node", "why"),
    [
        (a_pod("p"), a_node("node-b"), ""),
        (a_pod("p", cpu="5"), a_node("node-b"), "Insufficient cpu"),
        (a_pod("p"), a_node("node-b", pods="0"), "Too many pods"),
        (a_pod("p"), a_node("node-b", cordoned=True), "node(s) were unschedulable"),
        (a_pod("p", tolerations=[UNSCHEDULABLE]), a_node("node-b", cordoned=True), ""),
        (a_pod("p"), a_node("node-b", ready="Unknown"), "node(s) were not ready"),
        (a_pod("p"), a_node("node-b", taints=[GPU]), "node(s) had untolerated taint {sku: gpu}"),
        (a_pod("p"), a_node("node-b", taints=[GPU | {"effect": "PreferNoSchedule"}]), ""),
        (a_pod("p", tolerations=[{"key": "sku", "operator": "Exists"}]), a_node("node-b", taints=[GPU]), ""),
        (a_pod("p", tolerations=[{"key": "sku", "value": "gpu"}]), a_node("node-b", taints=[GPU]), ""),
        (
            a_pod("p", tolerations=[{"key": "sku", "value": "cpu"}]),
            a_node("node-b", taints=[GPU]),
            "node(s) had untolerated taint {sku: gpu}",
        ),
        (a_pod("p", tolerations=[{"operator": "Exists"}]), a_node("node-b", taints=[GPU]), ""),
        (a_pod("p", nodeSelector={"zone": "1"}), ZONED, "node(s) didn't match Pod's node affinity/selector"),
        (a_pod("p", nodeSelector={"zone": "2"}), ZONED, ""),
        (a_pod("p", **_node_term({"key": "zone", "operator": "In", "values": ["1", "2"]})), ZONED, ""),
        (a_pod("p", **_node_term({"key": "zone", "operator": "Gt", "values": ["1"]})), ZONED, ""),
        (
            a_pod("p", **_node_term({"key": "zone", "operator": "NotIn", "values": ["2"]})),
            ZONED,
            "node(s) didn't match Pod's node affinity/selector",
        ),
        (
            a_pod("p", **_node_term(fields=[{"key": "metadata.name", "operator": "In", "values": ["node-b"]}])),
            ZONED,
            "",
        ),
        (a_pod("p", **_node_term()), ZONED, "node(s) didn't match Pod's node affinity/selector"),
    ],
)
def test_a_node_takes_a_pod_or_says_why_not(pod: Object, node: Object, why: str) -> None:
    found = _place(pod, node)
    if why:
        counted = sorted(["1 node(s) were unschedulable", f"1 {why}"])
        if why == "node(s) were unschedulable":
            counted = [f"2 {why}"]
        assert found.why_not == f"0/2 nodes are available: {', '.join(counted)}."
        assert room_words(found) == f"nowhere: {found.why_not}"
    else:
        assert found == Placement(("node-b",))
        assert room_words(found) == "to node-b"


def test_the_node_that_is_drained_takes_nothing_whatever_a_pod_tolerates() -> None:
    assert _place(a_pod("p", tolerations=[{"operator": "Exists"}])).nodes == ()


def test_what_was_placed_before_takes_its_room() -> None:
    room = Room([a_node("node-a"), a_node("node-b", cpu="1")], [a_pod("old", "node-b", cpu="300m")], "node-a", {})
    assert room.place(a_pod("p1", cpu="400m")).nodes == ("node-b",)
    assert room.place(a_pod("p2", cpu="400m")).why_not == (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."
    )
    assert room.place(a_pod("p3", cpu="300m")).nodes == ("node-b",)


def test_what_ended_takes_no_room_and_mates_are_spread() -> None:
    nodes = [a_node("node-b", cpu="1"), a_node("node-c", cpu="8")]
    ended = a_pod("old", "node-b", cpu="1", phase="Succeeded")
    assert set(_place(a_pod("p", cpu="1"), *nodes, pods=[ended]).nodes) == {"node-b", "node-c"}
    mate = a_pod("web-2", "node-c", owner=WEB)
    assert _place(a_pod("web-1", owner=WEB), *nodes, pods=[mate]).nodes == ("node-b", "node-c")


@pytest.mark.parametrize(
    ("mine", "theirs", "clash"),
    [
        ({"hostPort": 80}, {"hostPort": 80}, True),
        ({"hostPort": 80}, {"hostPort": 81}, False),
        ({"hostPort": 80, "protocol": "UDP"}, {"hostPort": 80}, False),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, False),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, True),
        ({"containerPort": 80}, {"hostPort": 80}, False),
    ],
)
def test_a_port_of_a_node_is_taken_once(mine: Object, theirs: Object, clash: bool) -> None:
    def pod(name: str, port: Object) -> Object:
        return a_pod(name, "node-b", containers=[{"name": "main", "ports": [port]}])

    found = _place(pod("p", mine), a_node("node-b"), pods=[pod("other", theirs)])
    assert bool(found.why_not) is clash
    assert not clash or "1 node(s) didn't have free ports for the requested pod ports" in found.why_not


def test_a_volume_may_hold_a_pod_to_a_node() -> None:
    pod = a_pod("db-0", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}])
    here = {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-a"]}]}
    ]}  # fmt: skip
    local = {("default", "data-db-0"): {"spec": {"nodeAffinity": {"required": here}}}}
    assert "1 node(s) had volume node affinity conflict" in _place(pod, a_node("node-b"), volumes=local).why_not
    assert _place(pod, a_node("node-b"), volumes={("default", "data-db-0"): {"spec": {}}}).nodes == ("node-b",)
    assert _place(pod, a_node("node-b")).nodes == ("node-b",)


def test_pods_that_want_to_be_apart() -> None:
    apart = a_pod("web-1", **_affinity("podAntiAffinity", _apart("web")))  # type: ignore[arg-type]
    mate = a_pod("web-2", "node-b")
    nodes = a_node("node-b"), a_node("node-c")
    assert _place(apart, *nodes, pods=[mate]).nodes == ("node-c",)
    found = _place(apart, nodes[0], pods=[mate])
    assert "1 node(s) didn't match pod anti-affinity rules" in found.why_not
    # The other way round: who is there already wants no company.
    lonely = a_pod("db-0", "node-b", **_affinity("podAntiAffinity", _apart("web")))  # type: ignore[arg-type]
    found = _place(a_pod("web-1"), nodes[0], pods=[lonely])
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in found.why_not
    assert _place(a_pod("web-1", namespace="other"), nodes[0], pods=[lonely]).nodes == ("node-b",)


def test_pods_that_want_company() -> None:
    follower = a_pod("cache-1", **_affinity("podAffinity", _apart("web")))  # type: ignore[arg-type]
    nodes = a_node("node-b"), a_node("node-c")
    assert _place(follower, *nodes, pods=[a_pod("web-1", "node-c")]).nodes == ("node-c",)
    assert "2 node(s) didn't match pod affinity rules" in _place(follower, *nodes).why_not
    first = a_pod("web-1", **_affinity("podAffinity", _apart("web")))  # type: ignore[arg-type]
    assert set(_place(first, *nodes).nodes) == {"node-b", "node-c"}


def test_requests_are_the_containers_together_or_the_largest_step_before_them() -> None:
    def container(cpu: str, **more: Any) -> Object:
        return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}

    def cpu(**spec: Any) -> Decimal:
        return requests_of({"spec": spec})["cpu"]

    assert cpu(containers=[container("100m"), container("200m")]) == Decimal("0.3")
    assert cpu(containers=[container("100m")], initContainers=[container("1"), container("500m")]) == 1
    sidecar = container("300m", restartPolicy="Always")
    assert cpu(containers=[container("100m")], initContainers=[sidecar]) == Decimal("0.4")
    assert cpu(containers=[container("100m")], initContainers=[sidecar, container("1")]) == Decimal("1.3")
    assert cpu(containers=[container("100m")], overhead={"cpu": "50m"}) == Decimal("0.15")
    assert requests_of({"spec": {"containers": [container("nonsense")]}})["cpu"] == 0


def test_company_is_counted_once_and_not_for_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counting(*arguments: Any) -> bool:
        nonlocal asked
        asked += 1
        return matches(*arguments)

    monkeypatch.setattr(drain_company, "matches", counting)
    apart = _affinity("podAntiAffinity", _apart("web"))  # type: ignore[arg-type]
    nodes = [a_node(f"n{number}", pods="200") for number in range(30)]
    pods = [a_pod(f"web-{number}", f"n{number % 30}", **apart) for number in range(600)]
    room = Room([a_node("node-a"), *nodes], pods, "node-a", {})
    for number in range(20):
        assert "30 node(s) didn't match pod anti-affinity rules" in room.place(a_pod(f"web-x{number}", **apart)).why_not
    assert asked <= 600 + 20 * 31
