"""Workloads: scale, roll out, go back, pause, restart."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

NAMESPACE = "rollouts"
NAME = "hello"
TARGET = f"deployment/{NAME}"


@pytest.fixture(scope="module", autouse=True)
def namespace(kubectl: Kubectl) -> Iterator[None]:
    """A namespace with one deployment of two pods."""
    assert kubectl.run("create", "namespace", NAMESPACE).out == f"namespace/{NAMESPACE} created\n"
    made = kubectl.run(
        "create", "deployment", NAME, "--image=registry.example/hello:v1", "--replicas=2", "-n", NAMESPACE
    )
    assert made.out == f"deployment.apps/{NAME} created\n"
    yield
    assert kubectl.run("delete", "namespace", NAMESPACE).out == f'namespace "{NAMESPACE}" deleted\n'


def run(kubectl: Kubectl, *arguments: str, code: int | None = 0) -> str:
    return kubectl.run(*arguments, "-n", NAMESPACE, code=code).out


def image(kubectl: Kubectl) -> str:
    return run(kubectl, "get", TARGET, "-o", "jsonpath={.spec.template.spec.containers[0].image}")


def test_rollout_status_follows_to_the_end(kubectl: Kubectl) -> None:
    printed = run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    assert printed.endswith(f'deployment "{NAME}" successfully rolled out\n')


def test_scale(kubectl: Kubectl) -> None:
    assert run(kubectl, "scale", "deployment", NAME, "--replicas=4") == f"deployment.apps/{NAME} scaled\n"
    run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    row = kubectl.run("get", "deployment", NAME, "-n", NAMESPACE).table.row(NAME)
    assert (row["READY"], row["UP-TO-DATE"], row["AVAILABLE"]) == ("4/4", "4", "4")
    refused = kubectl.run("scale", TARGET, "--current-replicas=9", "--replicas=1", "-n", NAMESPACE, code=1)
    assert refused.err == "error: Expected replicas to be 9, was 4\n"
    run(kubectl, "scale", TARGET, "--current-replicas=4", "--replicas=2")


def test_set_image_history_and_undo(kubectl: Kubectl) -> None:
    first = image(kubectl)
    assert run(kubectl, "set", "image", TARGET, "hello=registry.example/hello:v2") == (
        f"deployment.apps/{NAME} image updated\n"
    )
    printed = run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    assert printed.endswith("successfully rolled out\n")
    history = run(kubectl, "rollout", "history", TARGET).splitlines()
    assert history[:2] == [f"deployment.apps/{NAME} ", "REVISION  CHANGE-CAUSE"]
    assert [line.split() for line in history[2:4]] == [["1", "<none>"], ["2", "<none>"]]
    one = run(kubectl, "rollout", "history", TARGET, "--revision=1")
    assert one.startswith(f"deployment.apps/{NAME} with revision #1\nPod Template:\n")
    assert first in one
    assert run(kubectl, "rollout", "undo", TARGET) == f"deployment.apps/{NAME} rolled back\n"
    run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    assert image(kubectl) == first
    revisions = [line.split()[0] for line in run(kubectl, "rollout", "history", TARGET).splitlines()[2:4]]
    assert revisions == ["2", "3"]


def test_restart_makes_new_pods(kubectl: Kubectl) -> None:
    before = set(run(kubectl, "get", "pods", "-o", "name").split())
    assert run(kubectl, "rollout", "restart", TARGET) == f"deployment.apps/{NAME} restarted\n"
    run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    kubectl.until(lambda each: not before & set(each.out.split()), "get", "pods", "-o", "name", "-n", NAMESPACE)


def test_pause_holds_a_change_back_and_resume_lets_it_go(kubectl: Kubectl) -> None:
    assert run(kubectl, "rollout", "pause", TARGET) == f"deployment.apps/{NAME} paused\n"
    again = kubectl.run("rollout", "pause", TARGET, "-n", NAMESPACE, code=1)
    assert again.err == f'error: deployments.apps "{NAME}" is already paused\n'
    run(kubectl, "set", "image", TARGET, "hello=registry.example/hello:v3")
    sets = json.loads(run(kubectl, "get", "replicasets", "-o", "json"))["items"]
    assert not [each for each in sets if each["spec"]["template"]["spec"]["containers"][0]["image"].endswith("v3")]
    assert run(kubectl, "rollout", "resume", TARGET) == f"deployment.apps/{NAME} resumed\n"
    run(kubectl, "rollout", "status", TARGET, "--timeout=30s")
    assert image(kubectl).endswith("v3")


def test_describe_tells_of_the_rollout(kubectl: Kubectl) -> None:
    run(kubectl, "rollout", "status", TARGET)
    text = run(kubectl, "describe", TARGET)
    for line in (
        "StrategyType:           RollingUpdate",
        "RollingUpdateStrategy:  25% max unavailable, 25% max surge",
        "Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable",
        "Available      True    MinimumReplicasAvailable",
        "Progressing    True    NewReplicaSetAvailable",
        "deployment-controller  Scaled up replica set hello-",
    ):
        assert line in text


def test_wait_for_a_condition(kubectl: Kubectl) -> None:
    printed = run(kubectl, "wait", "--for=condition=available", TARGET, "--timeout=20s")
    assert printed == f"deployment.apps/{NAME} condition met\n"
    late = kubectl.run("wait", "--for=condition=nothing", TARGET, "--timeout=200ms", "-n", NAMESPACE, code=1)
    assert late.err == f"error: timed out waiting for the condition on deployments/{NAME}\n"


def test_stateful_and_daemon_sets_roll_too(kubectl: Kubectl) -> None:
    kubectl.run("rollout", "restart", "statefulset/ratings-mongodb", "-n", "default")
    done = kubectl.run("rollout", "status", "statefulset/ratings-mongodb", "-n", "default", "--timeout=40s")
    # Said of every StatefulSet, because the server fills in a partition of 0.
    assert done.out.endswith("partitioned roll out complete: 1 new pods have been updated...\n")
    status = kubectl.run("rollout", "status", "daemonset/kube-proxy", "-n", "kube-system", "--timeout=20s")
    assert status.out == 'daemon set "kube-proxy" successfully rolled out\n'
