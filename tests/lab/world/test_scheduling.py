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
        "6 Preemption is not helpful for scheduling."
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
