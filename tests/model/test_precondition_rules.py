"""Rules about what a change touches: budgets, nodes, replicas."""

from __future__ import annotations

from typing import Any

import pytest

from backends.model.change import Impact, Target
from backends.model.preconditions.budgets import disruption_budgets
from backends.model.preconditions.nodes import control_plane_node, last_ready_node
from backends.model.preconditions.replicas import autoscaled, named, replicas_left, single_replica
from backends.model.proposal import Level


def _pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}}


def _budget(
    name: str, allowed: int, expected: int, needed: int, selector: Any, version: str = "policy/v1"
) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": selector},
        "status": {"disruptionsAllowed": allowed, "expectedPods": expected, "desiredHealthy": needed},
    }


WEB = {"matchLabels": {"app": "web"}}
SETS = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}
OTHER = {"matchLabels": {"app": "db"}}


@pytest.mark.parametrize(
    ("budgets", "level", "evidence"),
    [
        ([], Level.PASS, "no budget protects these pods"),
        ([_budget("db", 0, 1, 1, OTHER)], Level.PASS, "no budget protects these pods"),
        ([_budget("web", 1, 3, 2, WEB)], Level.PASS, "default/web lets pods go"),
        ([_budget("web", 0, 3, 2, WEB)], Level.WARN, "default/web lets no pod go now: it would be waited for"),
        ([_budget("web", 0, 2, 2, SETS)], Level.REFUSE, "default/web never lets a pod go: all of its pods"),
        ([_budget("a", 1, 3, 2, WEB), _budget("b", 1, 3, 2, SETS)], Level.REFUSE, "more than one budget protects"),
        ([_budget("all", 0, 3, 2, {})], Level.WARN, "default/all lets no pod go now"),
        ([_budget("none", 0, 3, 2, {}, "policy/v1beta1")], Level.PASS, "no budget protects"),
        ([_budget("null", 0, 3, 2, None)], Level.PASS, "no budget protects"),
        ([_budget("fresh", 0, 0, 0, WEB)], Level.WARN, "default/fresh lets no pod go now"),
    ],
)
def test_budgets_in_the_way(budgets: list[dict[str, Any]], level: Level, evidence: str) -> None:
    found = disruption_budgets([_pod("web-1", app="web"), _pod("web-2", app="web")], budgets, "orlando")
    assert (found.rule, found.level, found.stamp) == ("disruption-budgets", level, "orlando")
    assert found.evidence.startswith(evidence)


def test_a_budget_that_was_not_counted_yet_is_not_in_the_way() -> None:
    uncounted = _budget("web", 0, 3, 2, WEB) | {"status": {}}
    assert disruption_budgets([_pod("web-1", app="web")], [uncounted], "orlando").level is Level.PASS


def _node(
    name: str, *, ready: str = "True", cordoned: bool = False, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"unschedulable": cordoned},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


MASTER = _node("master-0", labels={"kubernetes.io/role": "master"})
MASTER_1 = _node("master-1", ready="Unknown", labels={"node-role.kubernetes.io/control-plane": ""})


@pytest.mark.parametrize(
    ("others", "level"),
    [
        ([_node("b")], Level.PASS),
        ([_node("b", ready="False"), _node("c")], Level.PASS),
        ([_node("b", cordoned=True)], Level.REFUSE),
        ([_node("b", ready="Unknown")], Level.REFUSE),
        ([MASTER], Level.REFUSE),
        ([], Level.REFUSE),
    ],
)
def test_the_last_ready_node(others: list[dict[str, Any]], level: Level) -> None:
    assert last_ready_node("a", [_node("a"), *others], "orlando").level is level


@pytest.mark.parametrize(
    ("node", "impact", "level"),
    [
        (_node("a"), Impact.DISRUPTIVE, Level.PASS),
        (MASTER, Impact.DISRUPTIVE, Level.REFUSE),
        (MASTER_1, Impact.CAREFUL, Level.WARN),
    ],
)
def test_control_plane_nodes(node: dict[str, Any], impact: Impact, level: Level) -> None:
    assert control_plane_node(node, [_node("a"), MASTER, MASTER_1], impact, "orlando").level is level


def test_control_plane_evidence_counts_the_others() -> None:
    found = control_plane_node(MASTER, [_node("a"), MASTER, MASTER_1], Impact.DISRUPTIVE, "orlando")
    assert found.evidence == "master-0 is of the control plane; 0 of its 1 other nodes are ready"


def _workload(name: str, replicas: int | None) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def test_single_replicas_warn() -> None:
    several = single_replica([_workload("web", 3), _workload("off", 0)], "orlando")
    assert several.level is Level.PASS
    found = single_replica([_workload("web", 3), _workload("db", 1), _workload("cache", None)], "orlando")
    assert found.level is Level.WARN
    assert found.evidence == "default/db and default/cache have one replica: away until it runs again"


@pytest.mark.parametrize(("left", "level"), [(0, Level.REFUSE), (1, Level.WARN), (2, Level.PASS)])
def test_replicas_left(left: int, level: Level) -> None:
    assert replicas_left(Target("deployment", "web", "default"), left, "orlando").level is level


def test_an_autoscaler_is_told_only_to_its_own() -> None:
    scaler = {
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 10},
    }
    found = autoscaled([scaler], Target("deployment", "web", "default"), "orlando")
    assert found is not None and found.level is Level.WARN
    assert "keeps it between 2 and 10" in found.evidence
    assert autoscaled([scaler], Target("statefulset", "web", "default"), "orlando") is None
    assert autoscaled([scaler], Target("deployment", "api", "default"), "orlando") is None


def test_names_in_a_sentence() -> None:
    assert named(["a"]) == "a"
    assert named(["a", "b", "c"]) == "a, b and c"
    assert named([str(each) for each in range(9)]) == "0, 1, 2, 3 and 5 more"
