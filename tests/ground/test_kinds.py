from __future__ import annotations

import pytest

from backends.model.kinds import ResourceKind, find_kind

PODS = ResourceKind("", "v1", "pods", "Pod", True, "pod", ("po",))
NODES = ResourceKind("", "v1", "nodes", "Node", False, "node", ("no",))
EVENTS = ResourceKind("", "v1", "events", "Event", True, "event", ("ev",))
NEW_EVENTS = ResourceKind("events.k8s.io", "v1", "events", "Event", True, "event", ("ev",))
DEPLOYMENTS = ResourceKind("apps", "v1", "deployments", "Deployment", True, "deployment", ("deploy",))
KINDS = (PODS, NODES, EVENTS, DEPLOYMENTS, NEW_EVENTS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pods", PODS),
        ("pod", PODS),
        ("Pod", PODS),
        ("po", PODS),
        ("deploy", DEPLOYMENTS),
        ("deployments.apps", DEPLOYMENTS),
        ("deployments.v1.apps", DEPLOYMENTS),
        ("deployment.apps", DEPLOYMENTS),
        ("events", EVENTS),
        ("ev", EVENTS),
        ("events.events.k8s.io", NEW_EVENTS),
        ("gateways", None),
        ("", None),
    ],
)
def test_a_kind_is_found_by_every_name_kubectl_takes(name: str, expected: ResourceKind | None) -> None:
    assert find_kind(KINDS, name) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PODS.path(), "/api/v1/pods"),
        (PODS.path("default"), "/api/v1/namespaces/default/pods"),
        (PODS.path("default", "web-1", "log"), "/api/v1/namespaces/default/pods/web-1/log"),
        (NODES.path("ignored", "n-1"), "/api/v1/nodes/n-1"),
        (DEPLOYMENTS.path("prod", "web"), "/apis/apps/v1/namespaces/prod/deployments/web"),
    ],
)
def test_paths_are_those_of_the_api(path: str, expected: str) -> None:
    assert path == expected


def test_names_are_listed_once_most_usual_first() -> None:
    assert DEPLOYMENTS.names == ("deployments", "deployment", "deploy", "deployments.apps")
