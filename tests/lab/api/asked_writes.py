"""What dry runs and deletions are asked, in order, of the lab and of the real server."""

from __future__ import annotations

from typing import Any

from tests.lab.api.compared import Request
from tests.lab.api.test_writing import DEPLOYMENTS, MAPS, deployment

_NODES = "/api/v1/nodes"


def _map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


DRY_RUNS: tuple[Request, ...] = (
    ("POST", f"{MAPS}?dryRun=All", _map("dry", x="1"), None),
    ("GET", f"{MAPS}/dry", None, None),
    ("POST", f"{MAPS}?dryRun=foo", _map("dry"), None),
    ("POST", f"{MAPS}?fieldValidation=Strict", _map("strict") | {"dada": 1}, None),
    ("POST", MAPS, _map("a", x="1"), None),
    ("POST", f"{MAPS}?dryRun=All", _map("a"), None),
    ("PUT", f"{MAPS}/a?dryRun=All&fieldManager=us", _map("a", x="2"), None),
    ("PUT", f"{MAPS}/a?dryRun=All", {"metadata": {"name": "a", "resourceVersion": "1"}}, None),
    ("PUT", f"{MAPS}/a?dryRun=foo", _map("a", x="2"), None),
    ("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"x": "3"}}, "merge"),
    ("PATCH", f"{MAPS}/a?dryRun=foo", {"data": {"x": "3"}}, "merge"),
    ("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"x": 3}}, "strategic"),
    (
        "PATCH",
        f"{MAPS}/a?dryRun=All&fieldManager=us",
        {**_map("a", x="8"), "apiVersion": "v1", "kind": "ConfigMap"},
        "apply",
    ),
    (
        "PATCH",
        f"{MAPS}/a?dryRun=All&fieldManager=us&force=true",
        {**_map("a", x="8"), "apiVersion": "v1", "kind": "ConfigMap"},
        "apply",
    ),
    ("PATCH", f"{MAPS}/a?dryRun=All&force=true", {"data": {"x": "3"}}, "merge"),
    ("PATCH", f"{MAPS}/a?fieldManager={'x' * 129}", {"data": {"x": "3"}}, "merge"),
    ("PATCH", f"{MAPS}/a?fieldManager=a%07b", {"data": {"x": "3"}}, "merge"),
    ("GET", f"{MAPS}/a", None, None),
    ("POST", DEPLOYMENTS, deployment(), None),
    ("POST", f"{DEPLOYMENTS}?dryRun=All", deployment(), None),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All&fieldManager=kubectl-set",
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:v2"}]}}}},
        "strategic",
    ),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"replicas": -1}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"progressDeadlineSeconds": 5, "minReadySeconds": 9}}, "merge"),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
        "merge",
    ),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"strategy": {"type": "Recreate"}}}, "merge"),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {"spec": {"strategy": {"rollingUpdate": {"maxSurge": "x", "maxUnavailable": "200%"}}}},
        "merge",
    ),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"revisionHistoryLimit": -1}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"paused": True}}, "merge"),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": ""}]}}}},
        "strategic",
    ),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {"spec": {"template": {"spec": {"containers": [{"name": "Web_", "image": "x"}]}}}},
        "strategic",
    ),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": [{"name": "web", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}]
                    }
                }
            }
        },
        "strategic",
    ),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?dryRun=All",
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "two"}}}]}}}},
        "strategic",
    ),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"metadata": {"labels": {"bad label": "x"}}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"metadata": {"labels": {"good": "bad value!"}}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"metadata": {"annotations": {"bad key": "x"}}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web/scale?dryRun=All", {"spec": {"replicas": 9}}, "merge"),
    ("PUT", f"{DEPLOYMENTS}/web/scale?dryRun=All", {"metadata": {"name": "web"}, "spec": {"replicas": 9}}, None),
    ("PUT", f"{DEPLOYMENTS}/web/scale", {"metadata": {"name": "other"}, "spec": {"replicas": 9}}, None),
    (
        "PUT",
        f"{DEPLOYMENTS}/web/scale",
        {"metadata": {"name": "web", "resourceVersion": "1"}, "spec": {"replicas": 9}},
        None,
    ),
    ("PUT", f"{DEPLOYMENTS}/web/scale", {"metadata": {"name": "web", "uid": "x"}, "spec": {"replicas": 9}}, None),
    ("PATCH", f"{DEPLOYMENTS}/web/scale", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 9}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web/scale", [{"op": "test", "path": "/spec/replicas", "value": 5}], "json"),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web/scale",
        [{"op": "test", "path": "/spec/replicas", "value": 1}, {"op": "replace", "path": "/spec/replicas", "value": 2}],
        "json",
    ),
    ("GET", f"{DEPLOYMENTS}/web", None, None),
    ("DELETE", f"{DEPLOYMENTS}/web?dryRun=All", {"propagationPolicy": "Foreground"}, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"dryRun": ["All"], "propagationPolicy": "Orphan"}, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"dryRun": ["All"]}, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"dryRun": ["Some"]}, None),
    ("GET", f"{DEPLOYMENTS}/web", None, None),
)

DELETIONS: tuple[Request, ...] = (
    ("POST", MAPS, _map("d"), None),
    ("POST", MAPS, {"metadata": {"name": "held", "finalizers": ["example.com/wait"]}}, None),
    ("DELETE", f"{MAPS}/nope", None, None),
    ("DELETE", f"{MAPS}/d", {"preconditions": {"uid": "x"}}, None),
    ("DELETE", f"{MAPS}/d", {"preconditions": {"resourceVersion": "1"}}, None),
    ("DELETE", f"{MAPS}/d", {"preconditions": {"uid": "x", "resourceVersion": "1"}}, None),
    ("DELETE", f"{MAPS}/d?propagationPolicy=Sideways", None, None),
    ("DELETE", f"{MAPS}/d", {"propagationPolicy": "Foreground", "orphanDependents": True}, None),
    ("DELETE", f"{MAPS}/d", {"gracePeriodSeconds": -1}, None),
    ("DELETE", f"{MAPS}/d?dryRun=All", {"propagationPolicy": "Foreground"}, None),
    ("DELETE", f"{MAPS}/d", {"orphanDependents": True}, None),
    ("GET", f"{MAPS}/d", None, None),
    ("PATCH", f"{MAPS}/d", {"metadata": {"finalizers": ["foregroundDeletion"]}}, "merge"),
    ("PATCH", f"{MAPS}/d", {"metadata": {"finalizers": ["new.example.com/x"]}}, "merge"),
    ("PATCH", f"{MAPS}/d", {"metadata": {"finalizers": None}}, "merge"),
    ("GET", f"{MAPS}/d", None, None),
    ("DELETE", f"{MAPS}/held", None, None),
    ("DELETE", f"{MAPS}/held", None, None),
    ("DELETE", f"{MAPS}/held", {"propagationPolicy": "Background"}, None),
    ("PATCH", f"{MAPS}/held", {"data": {"still": "here"}}, "merge"),
    ("PATCH", f"{MAPS}/held?dryRun=All", {"metadata": {"finalizers": []}}, "merge"),
    ("GET", f"{MAPS}/held", None, None),
    ("PATCH", f"{MAPS}/held", {"metadata": {"finalizers": []}}, "merge"),
    ("GET", f"{MAPS}/held", None, None),
    ("POST", MAPS, {"metadata": {"name": "wrong", "finalizers": ["no-slash"]}}, None),
    ("POST", MAPS, {"metadata": {"name": "one", "labels": {"set": "a"}}}, None),
    ("POST", MAPS, {"metadata": {"name": "two", "labels": {"set": "a"}}}, None),
    ("POST", MAPS, {"metadata": {"name": "six", "labels": {"set": "b"}}}, None),
    ("DELETE", f"{MAPS}?labelSelector=set%3Da&dryRun=All", None, None),
    ("DELETE", f"{MAPS}?labelSelector=set%3Da", {"preconditions": {"uid": "x"}}, None),
    ("DELETE", f"{MAPS}?labelSelector=set%3Da&propagationPolicy=Sideways", None, None),
    ("DELETE", f"{MAPS}?labelSelector=set%3Da", {"propagationPolicy": "Background"}, None),
    ("GET", f"{MAPS}?labelSelector=set", None, None),
    ("DELETE", "/api/v1/configmaps?labelSelector=set%3Db", None, None),
    ("DELETE", "/api/v1/namespaces", None, None),
    ("POST", DEPLOYMENTS, deployment(), None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Foreground"}, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Foreground"}, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Orphan"}, None),
    ("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 4}}, "merge"),
    ("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Background"}, None),
    ("GET", f"{DEPLOYMENTS}/web", None, None),
    ("DELETE", f"{_NODES}/nope", None, None),
)
