"""Where pods go, and what is said when they can go nowhere."""

from __future__ import annotations

from typing import Any

from backends.lab.objects import Object
from backends.lab.world.shapes import condition
from tests.lab.world.conftest import Living, living, workload

BIG: dict[str, Any] = {"resources": {"requests": {"cpu": "3"}}}


def told(pod: Object) -> str:
    return str((condition(pod, "PodScheduled") or {}).get("message", ""))


async def test_capacity_by_requests_is_never_exceeded(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("big", 5, **BIG))
    await lab.until(
        lambda: len(lab.ready("big")) == 3 and sum(bool(told(pod)) for pod in lab.pods("big")) == 2, "three fit"
    )
    assert len({pod["spec"]["nodeName"] for pod in lab.ready("big")}) == 3
    waiting = next(pod for pod in lab.pods("big") if told(pod))
    assert told(waiting) == (
        "0/6 nodes are available: 3 Insufficient cpu, 3 node(s) had untolerated taint "
        "{node-role.kubernetes.io/control-plane: true}. preemption: 0/6 nodes are available: "
        "3 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling."
    )
    assert told(waiting) in lab.events("FailedScheduling")
    assert waiting["status"]["phase"] == "Pending"

    lab.edit("deployments.apps", "big", replicas=3)
    await lab.until(lambda: len(lab.pods("big")) == 3, "the waiting ones go first")
    assert len(lab.ready("big")) == 3


async def test_room_that_opens_is_used(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("big", 4, **BIG))
    await lab.until(lambda: len(lab.ready("big")) == 3, "three fit")
    victim = lab.ready("big")[0]
    lab.store.create("deployments.apps", workload("small", 1))
    lab.edit("deployments.apps", "big", replicas=3)
    lab.world.cluster.delete_pod(victim)
    await lab.until(lambda: len(lab.ready("big")) == 3, "three again")


async def test_selector_and_cordon_are_respected(lab: Living) -> None:
    demo = workload("demo", 1)
    demo["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    lab.store.create("deployments.apps", demo)
    await lab.until(lambda: any(told(pod) for pod in lab.pods("demo")), "nowhere to go")
    assert "didn't match Pod's node affinity/selector" in told(lab.pods("demo")[0])
    node = lab.store.listing("nodes")[0]["metadata"]["name"]
    lab.store.change("nodes", "", node, lambda obj: obj["metadata"]["labels"].update(disk="fast"))
    await lab.until(lambda: len(lab.ready("demo")) == 1, "placed")
    assert lab.ready("demo")[0]["spec"]["nodeName"] == node

    lab.store.change("nodes", "", node, lambda obj: obj["spec"].update(unschedulable=True))
    await lab.until(
        lambda: (
            [t["key"] for t in lab.store.get("nodes", "", node)["spec"].get("taints", ())]
            == ["node.kubernetes.io/unschedulable"]
        ),
        "tainted",
    )
    lab.world.cluster.delete_pod(lab.ready("demo")[0])
    await lab.until(lambda: any("were unschedulable" in told(pod) for pod in lab.pods("demo")), "cordoned")
    lab.store.change("nodes", "", node, lambda obj: obj["spec"].pop("unschedulable"))
    await lab.until(lambda: len(lab.ready("demo")) == 1, "placed again")
    assert "taints" not in lab.store.get("nodes", "", node)["spec"]


async def test_old_version_words_taints_its_way() -> None:
    async with living(version="v1.20.2") as lab:
        lab.store.create("deployments.apps", workload("big", 4, **BIG))
        await lab.until(lambda: any(told(pod) for pod in lab.pods("big")), "one waits")
        text = next(told(pod) for pod in lab.pods("big") if told(pod))
        assert text == (
            "0/6 nodes are available: 3 Insufficient cpu, 3 node(s) had taint "
            "{node-role.kubernetes.io/master: true}, that the pod didn't tolerate."
        )


def _keeps(kind: str, app: str, topology: str = "kubernetes.io/hostname", weight: int = 0) -> dict[str, Any]:
    """Return the affinity of a pod to, or away from, the pods of an app."""
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": topology}
    if weight:
        preferred = {"weight": weight, "podAffinityTerm": term}
        return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _with_affinity(name: str, replicas: int, affinity: dict[str, Any]) -> Object:
    made = workload(name, replicas)
    made["spec"]["template"]["spec"]["affinity"] = affinity
    return made


def _nodes(lab: Living, name: str) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in lab.ready(name))


async def test_pods_that_avoid_each_other_run_on_one_node_each(lab: Living) -> None:
    lab.store.create("deployments.apps", _with_affinity("apart", 4, _keeps("podAntiAffinity", "apart")))
    await lab.until(
        lambda: len(lab.ready("apart")) == 3 and any(told(pod) for pod in lab.pods("apart")), "one on each worker"
    )
    assert len(set(_nodes(lab, "apart"))) == 3
    waiting = next(pod for pod in lab.pods("apart") if told(pod))
    assert told(waiting).startswith(
        "0/6 nodes are available: 3 node(s) didn't match pod anti-affinity rules, 3 node(s) had untolerated taint"
    )


async def test_pods_that_belong_together_follow_the_first(lab: Living) -> None:
    lab.store.create("deployments.apps", _with_affinity("together", 4, _keeps("podAffinity", "together")))
    await lab.until(lambda: len(lab.ready("together")) == 4, "all ready")
    assert len(set(_nodes(lab, "together"))) == 1
    lab.store.create("deployments.apps", _with_affinity("alone", 1, _keeps("podAffinity", "nobody")))
    await lab.until(lambda: any(told(pod) for pod in lab.pods("alone")), "nobody to join")
    assert "3 node(s) didn't match pod affinity rules" in told(lab.pods("alone")[0])


async def test_those_that_run_keep_others_away(lab: Living) -> None:
    everywhere = _keeps("podAntiAffinity", "guest", "kubernetes.io/os")
    lab.store.create("deployments.apps", _with_affinity("hermit", 1, everywhere))
    await lab.until(lambda: len(lab.ready("hermit")) == 1, "ready")
    lab.store.create("deployments.apps", workload("guest", 1))
    await lab.until(lambda: any(told(pod) for pod in lab.pods("guest")), "kept away")
    assert "3 node(s) didn't satisfy existing pods anti-affinity rules" in told(lab.pods("guest")[0])
    lab.store.remove("deployments.apps", "default", "hermit")
    await lab.until(lambda: len(lab.ready("guest")) == 1, "let in")


async def test_preferences_decide_where_nothing_else_does(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("base", 1))
    await lab.until(lambda: len(lab.ready("base")) == 1, "ready")
    lab.store.create("deployments.apps", _with_affinity("near", 3, _keeps("podAffinity", "base", weight=50)))
    lab.store.create("deployments.apps", _with_affinity("far", 2, _keeps("podAntiAffinity", "base", weight=50)))
    await lab.until(lambda: len(lab.ready("near")) == 3 and len(lab.ready("far")) == 2, "placed")
    assert set(_nodes(lab, "near")) == set(_nodes(lab, "base"))
    assert not set(_nodes(lab, "far")) & set(_nodes(lab, "base"))


async def test_the_old_plugin_says_it_twice() -> None:
    async with living(version="v1.20.2") as lab:
        lab.store.create("deployments.apps", _with_affinity("alone", 1, _keeps("podAffinity", "nobody")))
        await lab.until(lambda: any(told(pod) for pod in lab.pods("alone")), "nobody to join")
        assert told(lab.pods("alone")[0]) == (
            "0/6 nodes are available: 3 node(s) didn't match pod affinity rules, 3 node(s) didn't match pod "
            "affinity/anti-affinity, 3 node(s) had taint {node-role.kubernetes.io/master: true}, that the pod didn't "
            "tolerate."
        )


async def test_every_shortage_is_said(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("huge", 1, resources={"requests": {"cpu": "30", "memory": "900Gi"}}))
    await lab.until(lambda: any(told(pod) for pod in lab.pods("huge")), "nowhere to go")
    assert told(lab.pods("huge")[0]).startswith("0/6 nodes are available: 3 Insufficient cpu, 3 Insufficient memory, ")
