"""Nodes that fall silent or vanish: what is said, what is evicted, and that all comes back."""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.pods import is_ready
from backends.lab.world.shapes import condition, is_deleting
from tests.lab.world.conftest import Living


def status(node: Object) -> str:
    return str((condition(node, "Ready") or {}).get("status"))


def on(lab: Living, node: str, *, namespace: str = "default") -> list[Object]:
    return [pod for pod in lab.store.listing("pods", namespace) if pod["spec"].get("nodeName") == node]


async def test_silent_node_is_lost_emptied_and_recovers(lab: Living) -> None:
    lab.board.set("node-notready")
    node = next(iter(lab.world.kubelet.silent))
    assert "linuxpool" in node
    assert "ratings-mongodb-0" not in {pod["metadata"]["name"] for pod in on(lab, node)}
    before = {pod["metadata"]["name"] for pod in on(lab, node)}

    await lab.until(lambda: status(lab.store.get("nodes", "", node)) == "Unknown", "NotReady")
    ready = condition(lab.store.get("nodes", "", node), "Ready") or {}
    assert (ready["reason"], ready["message"]) == ("NodeStatusUnknown", "Kubelet stopped posting node status.")
    await lab.until(
        lambda: (
            {(t["key"], t["effect"]) for t in lab.store.get("nodes", "", node)["spec"].get("taints", ())}
            == {("node.kubernetes.io/unreachable", effect) for effect in ("NoSchedule", "NoExecute")}
        ),
        "tainted",
    )
    await lab.until(lambda: not any(is_ready(pod) for pod in on(lab, node)), "its pods are not ready")
    await lab.until(lambda: all(is_deleting(pod) for pod in on(lab, node)), "evicted")
    assert {pod["metadata"]["name"] for pod in on(lab, node)} == before  # nobody there to end them
    assert f"Node {node} status is now: NodeNotReady" in lab.events("NodeNotReady")
    assert any(text.startswith("Marking for deletion Pod default/") for text in lab.events("TaintManagerEviction"))
    await lab.until(lambda: len(lab.ready("ratings-web")) == 3, "replaced elsewhere")
    await lab.until(lambda: len(lab.ready("ratings-api")) == 2, "replaced elsewhere")

    lab.board.clear("node-notready")
    await lab.until(lambda: status(lab.store.get("nodes", "", node)) == "True", "Ready")
    await lab.until(lambda: "taints" not in lab.store.get("nodes", "", node)["spec"], "taints gone")
    await lab.until(lambda: not on(lab, node), "the old pods ended")
    await lab.until(
        lambda: all(is_ready(pod) for pod in on(lab, node, namespace="kube-system")), "its daemons are ready"
    )
    assert f"Node {node} status is now: NodeReady" in lab.events("NodeReady")
    assert all(status(each) == "True" for each in lab.store.each("nodes"))


async def test_short_silence_evicts_nothing(lab: Living) -> None:
    names = {pod["metadata"]["name"] for pod in lab.pods("ratings-")}
    lab.board.set("node-notready")
    node = next(iter(lab.world.kubelet.silent))
    await lab.until(lambda: status(lab.store.get("nodes", "", node)) == "Unknown", "NotReady")
    lab.board.clear("node-notready")
    await lab.until(
        lambda: status(lab.store.get("nodes", "", node)) == "True" and len(lab.ready("ratings-web")) == 3, "back"
    )
    assert {pod["metadata"]["name"] for pod in lab.pods("ratings-")} == names


async def test_vanished_node_and_its_pods_go_and_come_back(lab: Living) -> None:
    node = "k8s-linuxpool-35064155-1"
    uid = lab.store.get("nodes", "", node)["metadata"]["uid"]
    lab.board.set("node-gone", node)
    assert lab.store.find("nodes", "", node) is None
    await lab.until(lambda: not on(lab, node), "pods collected")
    await lab.until(lambda: len(lab.ready("ratings-")) == 6, "the application is whole elsewhere")
    assert lab.events("RemovingNode") == [f"Node {node} event: Removing Node {node} from Controller"]

    lab.board.clear()
    await lab.until(lambda: lab.store.find("nodes", "", node) is not None, "registered")
    await lab.until(lambda: status(lab.store.get("nodes", "", node)) == "True", "Ready")
    assert lab.store.get("nodes", "", node)["metadata"]["uid"] != uid
    await lab.until(
        lambda: len([pod for pod in on(lab, node, namespace="kube-system") if is_ready(pod)]) == 4, "daemons are back"
    )


async def test_vanished_master_gets_its_control_plane_pods_back(lab: Living) -> None:
    node = "k8s-master-35064155-1"
    lab.board.set("node-gone", node)
    await lab.until(lambda: not on(lab, node, namespace="kube-system"), "pods collected")
    lab.board.clear()
    name = f"kube-apiserver-{node}"
    await lab.until(lambda: bool(lab.ready(name, "kube-system")), "its API server pod runs again")
    taints = lab.store.get("nodes", "", node)["spec"]["taints"]
    assert ("node-role.kubernetes.io/control-plane", "NoSchedule") in {(t["key"], t["effect"]) for t in taints}


def test_faults_on_what_does_not_exist_are_refused(lab: Living) -> None:
    refuse = lab.world.faults.refuse
    assert "did you mean k8s-linuxpool-35064155-1" in refuse("node-gone", "k8s-linuxpool-35064155-11")
    assert "did you mean ratings-web" in refuse("pods-crashloop", "rating-web")
    assert refuse("node-notready", "") == refuse("pods-crashloop", "ratings-web") == refuse("api-down", "x") == ""
