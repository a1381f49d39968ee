from __future__ import annotations

from typing import Any

import pytest

from backends.model.change import Target
from backends.model.preconditions.autoscaling import autoscale_findings
from backends.model.preconditions.rollouts import rollout_findings
from backends.model.proposal import Level
from backends.model.rollout import revisions, rollout_of

TARGET = Target("deployment", "web", "default")


def deployment(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 3},
        "spec": {"replicas": 3, **(spec or {})},
        "status": {"observedGeneration": 3, **status},
    }


def stateful_set(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {**deployment(spec, **status), "kind": "StatefulSet"}


def daemon_set(**status: Any) -> dict[str, Any]:
    return {**deployment(**status), "kind": "DaemonSet"}


@pytest.mark.parametrize(
    ("obj", "done", "said"),
    [
        (deployment(observedGeneration=2), False, "waiting for its controller"),
        (deployment(updatedReplicas=1, replicas=3), False, "1 of 3 new replicas have been updated"),
        (deployment(updatedReplicas=3, replicas=4), False, "1 old replicas are pending termination"),
        (
            deployment(updatedReplicas=3, replicas=3, availableReplicas=2),
            False,
            "2 of 3 updated replicas are available",
        ),
        (deployment(updatedReplicas=3, replicas=3, availableReplicas=3), True, "3 of 3 replicas are updated"),
        (deployment({"replicas": 0}), True, "0 of 0"),
        (deployment({"paused": True}, updatedReplicas=1, replicas=3), False, "it is paused"),
        (stateful_set(readyReplicas=2), False, "2 of 3 pods are ready"),
        (
            stateful_set(readyReplicas=3, updatedReplicas=1, updateRevision="b", currentRevision="a"),
            False,
            "1 of 3 pods are at the new revision",
        ),
        (stateful_set(readyReplicas=3, updateRevision="b", currentRevision="b"), True, "3 of 3 pods"),
        (stateful_set({"updateStrategy": {"type": "OnDelete"}}), True, "only when they are deleted"),
        (
            stateful_set({"updateStrategy": {"rollingUpdate": {"partition": 2}}}, readyReplicas=3, updatedReplicas=1),
            True,
            "1 of 1 pods above its partition",
        ),
        (daemon_set(desiredNumberScheduled=4, updatedNumberScheduled=2), False, "2 of 4 new pods"),
        (
            daemon_set(desiredNumberScheduled=4, updatedNumberScheduled=4, numberAvailable=3),
            False,
            "3 of 4 updated pods are available",
        ),
        (daemon_set(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2), True, "2 of 2"),
        ({"kind": "ConfigMap"}, True, "it has no rollout"),
    ],
)
def test_a_rollout_is_read_as_kubectl_reads_it(obj: dict[str, Any], done: bool, said: str) -> None:
    found = rollout_of(obj)
    assert found.done is done
    assert said in found.text
    assert not found.failed


def test_a_missed_deadline_is_a_failure_until_it_is_mended() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    failed = rollout_of(deployment(updatedReplicas=1, replicas=4, conditions=[late]))
    assert not failed.done and "progress deadline" in failed.failed
    mended = rollout_of(deployment(updatedReplicas=3, replicas=3, availableReplicas=3, conditions=[late]))
    assert mended.done and not mended.failed


def replica_set(number: str, image: str, uid: str = "u") -> dict[str, Any]:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "annotations": {"deployment.kubernetes.io/revision": number},
            "ownerReferences": [{"uid": uid}],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
    }


def test_revisions_are_those_of_the_workload_in_their_order() -> None:
    owned = [
        replica_set("10", "web:v3"),
        replica_set("2", "web:v2"),
        replica_set("1", "web:v1", uid="another"),
        replica_set("", "x"),
    ]
    assert [(each.number, each.images) for each in revisions(deployment(), owned)] == [
        (2, ("web:v2",)),
        (10, ("web:v3",)),
    ]


def levels(spec: dict[str, Any], kind: str = "Deployment") -> dict[str, Level]:
    done = deployment(spec, updatedReplicas=3, replicas=3, availableReplicas=3)
    found = rollout_findings({**done, "kind": kind}, TARGET, "orlando")
    return {each.rule: each.level for each in found}


def test_replacing_all_pods_at_once_refuses() -> None:
    assert levels({"strategy": {"type": "Recreate"}})["pods-replaced"] is Level.REFUSE
    assert levels({})["pods-replaced"] is Level.PASS
    assert levels({"strategy": {"rollingUpdate": {"maxUnavailable": 3}}})["pods-replaced"] is Level.WARN
    assert levels({"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}})["pods-replaced"] is Level.WARN
    assert levels({"replicas": 1}, "StatefulSet")["pods-replaced"] is Level.WARN


def test_a_paused_or_unfinished_rollout_is_told() -> None:
    assert levels({"paused": True})["rollout-paused"] is Level.REFUSE
    unfinished = rollout_findings(deployment(updatedReplicas=1, replicas=3), TARGET, "orlando")
    assert {each.rule: each.level for each in unfinished}["rollout-going-on"] is Level.WARN


@pytest.mark.parametrize(
    ("containers", "replicas", "limits", "served", "warned"),
    [
        ([{"name": "web", "resources": {"requests": {"cpu": "10m"}}}], 3, (1, 10), True, set()),
        ([{"name": "web"}], 3, (1, 10), True, {"cpu-requested"}),
        ([{"name": "web", "resources": {"limits": {"cpu": 1}}}], 3, (1, 10), False, {"metrics-served"}),
        ([{"name": "web", "resources": {"limits": {"cpu": 1}}}], 12, (1, 10), True, {"replicas-within"}),
        ([{"name": "web", "resources": {"limits": {"cpu": 1}}}], 0, (1, 10), True, {"replicas-within"}),
    ],
)
def test_an_autoscaler_that_cannot_work_warns(
    containers: list[dict[str, Any]], replicas: int, limits: tuple[int, int], served: bool, warned: set[str]
) -> None:
    obj = deployment({"replicas": replicas, "template": {"spec": {"containers": containers}}})
    found = autoscale_findings(obj, TARGET, limits, metrics_served=served, stamp="orlando")
    assert {each.rule for each in found if each.level is not Level.PASS} == warned
