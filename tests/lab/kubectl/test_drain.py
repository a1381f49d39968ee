"""`kubectl drain` in its cases: what is in its way, what it waits for, and what becomes of the pods."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from backends.lab.runner import RunningLab
from tests.lab.kubectl.conftest import control_of
from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

WORKERS = tuple(f"k8s-linuxpool-35064155-{number}" for number in range(3))
MASTER = "k8s-master-35064155-0"
STAMP = "orlando"
FLAGS = ("--ignore-daemonsets", "--delete-emptydir-data")
BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: held}
spec: {minAvailable: 1, selector: {matchLabels: {app: held}}}
"""


@pytest.fixture(autouse=True)
def nodes_open_again(kubectl: Kubectl, lab: RunningLab) -> Iterator[None]:
    """Mend the stamp and open its nodes after each test."""
    yield
    control_of(lab).clear(STAMP)
    for node in (MASTER, *WORKERS):
        kubectl.run("uncordon", node)
    for name in ("ratings-web", "ratings-api"):
        kubectl.run("rollout", "status", f"deployment/{name}", "--timeout=40s")


def objects(kubectl: Kubectl, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(kubectl.run("get", *arguments, "-o", "json").out)["items"])


@pytest.fixture
def worker(kubectl: Kubectl) -> str:
    """A worker that runs pods of the application, but not its only database."""
    (database,) = objects(kubectl, "pods", "-l", "app=ratings-mongodb")
    places = [each["spec"]["nodeName"] for each in objects(kubectl, "pods", "-l", "app=ratings-web")]
    return str(next(node for node in places if node != database["spec"]["nodeName"]))


def on_node(kubectl: Kubectl, node: str) -> list[str]:
    """Return who owns the pods that are left on a node."""
    found = objects(kubectl, "pods", "-A", "--field-selector", f"spec.nodeName={node}")
    return sorted({each["metadata"].get("ownerReferences", [{"kind": "nobody"}])[0]["kind"] for each in found})


def application_answers(lab: RunningLab) -> int:
    with urllib.request.urlopen(f"{lab.addresses[f'{STAMP}/application']}/healthz", timeout=10) as answer:
        return int(answer.status)


def test_everything_moves_and_the_application_answers(kubectl: Kubectl, lab: RunningLab, worker: str) -> None:
    drained = kubectl.run("drain", worker, *FLAGS, "--timeout=50s")
    assert drained.out.endswith(f"node/{worker} drained\n")
    assert on_node(kubectl, worker) == ["DaemonSet"]
    assert application_answers(lab) == 200


def test_a_dry_run_moves_nothing(kubectl: Kubectl, worker: str) -> None:
    before = on_node(kubectl, worker)
    printed = kubectl.run("drain", worker, *FLAGS, "--dry-run=server")
    assert f"node/{worker} cordoned (server dry run)" in printed.out
    assert "evicting pod default/ratings-web-" in printed.out
    assert on_node(kubectl, worker) == before
    assert "SchedulingDisabled" not in kubectl.run("get", "node", worker).out


def test_a_pod_nobody_manages_is_in_the_way_until_forced(kubectl: Kubectl, lab: RunningLab, worker: str) -> None:
    control_of(lab).fault(STAMP, f"debug-pod={worker}")
    kubectl.run("wait", "--for=condition=ready", "pod/debug-ops", "--timeout=20s")
    refused = kubectl.run("drain", worker, "--ignore-daemonsets", "--timeout=20s", code=1)
    assert "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/debug-ops" in (
        refused.err
    )
    refused = kubectl.run("drain", worker, *FLAGS, "--timeout=20s", code=1)
    assert "cannot delete Pods that declare no controller (use --force to override): default/debug-ops" in refused.err
    forced = kubectl.run("drain", worker, *FLAGS, "--force", "--timeout=50s")
    assert "deleting Pods that declare no controller: default/debug-ops" in forced.err
    assert "debug-ops" not in kubectl.run("get", "pods").out


def test_static_pods_of_a_master_stay(kubectl: Kubectl) -> None:
    drained = kubectl.run("drain", MASTER, *FLAGS, "--timeout=50s")
    assert drained.out.endswith(f"node/{MASTER} drained\n")
    assert on_node(kubectl, MASTER) == ["DaemonSet", "Node"]


def test_a_budget_blocks_and_then_allows(kubectl: Kubectl) -> None:
    kubectl.run("create", "deployment", "held", "--image=registry.example/held:v1", "--replicas=1")
    try:
        kubectl.run("apply", "-f", "-", stdin=BUDGET)
        kubectl.run("rollout", "status", "deployment/held", "--timeout=30s")
        (pod,) = objects(kubectl, "pods", "-l", "app=held")
        counted = ("get", "pdb", "held", "-o", "jsonpath={.status.currentHealthy}")
        kubectl.until(lambda each: each.out == "1", *counted)
        drain = ("drain", pod["spec"]["nodeName"], *FLAGS, "--pod-selector=app=held")
        blocked = kubectl.run(*drain, "--timeout=2s", code=1)
        assert "Cannot evict pod as it would violate the pod's disruption budget." in blocked.err
        kubectl.run("scale", "deployment/held", "--replicas=2")
        kubectl.run("rollout", "status", "deployment/held", "--timeout=30s")
        assert kubectl.run(*drain, "--timeout=50s").out.endswith("drained\n")
    finally:
        kubectl.run("delete", "deployment/held", "pdb/held", code=None)


def test_a_pod_that_can_go_nowhere_waits_and_says_why(kubectl: Kubectl, lab: RunningLab, worker: str) -> None:
    control_of(lab).fault(STAMP, "no-room")
    # With two web pods on this node the budget lets only one go while the other cannot be replaced.
    kubectl.run("drain", worker, *FLAGS, "--timeout=3s", code=None)
    told = ("get", "pods", "-l", "app=ratings-web", "-o", "jsonpath={.items[*].status.conditions[*].message}")
    waiting = kubectl.until(lambda each: "nodes are available" in each.out, *told)
    assert "2 Insufficient cpu" in waiting.out
    assert "1 node(s) were unschedulable" in waiting.out
    assert application_answers(lab) == 200
    control_of(lab).clear(STAMP)
    kubectl.run("rollout", "status", "deployment/ratings-web", "--timeout=30s")


def test_evictions_that_are_refused_are_tried_again(kubectl: Kubectl, lab: RunningLab, worker: str) -> None:
    control_of(lab).fault(STAMP, "eviction-429=2")
    drained = kubectl.run("drain", worker, *FLAGS, "--timeout=50s")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in drained.err
    assert drained.out.endswith(f"node/{worker} drained\n")


def test_a_pod_takes_its_time_to_end(kubectl: Kubectl) -> None:
    """With a grace of its own and a hook, deletionTimestamp is set and the pod is there until it has ended."""
    kubectl.run("apply", "-f", "-", stdin=json.dumps(_slow_pod("slow", 600)))
    kubectl.run("wait", "--for=condition=ready", "pod/slow", "--timeout=20s")
    kubectl.run("delete", "pod", "slow", "--wait=false")
    (pod,) = (each for each in objects(kubectl, "pods") if each["metadata"]["name"] == "slow")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 3600
    assert "Terminating" in kubectl.run("get", "pod", "slow").out
    assert kubectl.run("delete", "pod", "slow", "--grace-period=1").code == 0


def _slow_pod(name: str, sleeps_s: int) -> dict[str, Any]:
    hook = {"preStop": {"exec": {"command": ["sh", "-c", f"sleep {sleeps_s}"]}}}
    main = {"name": "main", "image": "registry.example/slow:v1", "lifecycle": hook}
    spec = {"terminationGracePeriodSeconds": 3600, "containers": [main]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
