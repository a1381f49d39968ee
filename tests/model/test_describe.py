"""Descriptions: what is told by kind, the fallback, and what is never told."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.model.describe import describe
from backends.model.describe.containers import containers_of
from backends.model.diagnosis import Facts
from backends.model.manifest import to_yaml
from backends.model.redact import MASK
from backends.model.scope import PodScope, scope_of
from backends.model.secrecy import looks_secret

NOW = 1_800_000_000.0

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-0",
        "namespace": "default",
        "uid": "u1",
        "labels": {"b": "2", "a": "1"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "hello"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}],
        "managedFields": [{"manager": "kubectl"}],
    },
    "spec": {
        "nodeName": "node-0",
        "containers": [
            {
                "name": "web",
                "image": "web:v1",
                "ports": [{"containerPort": 8080}],
                "args": ["--mode=fast", "--password", "hunter22", "--token=abcdefgh"],
                "env": [
                    {"name": "MODE", "value": "fast"},
                    {"name": "DB_PASSWORD", "value": "hunter22"},
                    {"name": "URL", "value": "https://me:hunter22@db.example/"},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "key"}}},
                ],
                "resources": {"requests": {"cpu": "25m"}},
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            }
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.244.0.9",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "web", "ready": True, "restartCount": 2, "state": {"running": {}}}],
    },
}


def test_a_pod() -> None:
    detail = describe("orlando", Facts(POD, NOW), gaps=["its events could not be read: no"])
    assert detail.title == "Pod default/web-0 on orlando"
    summary = {pair.label: pair.value for pair in detail.summary}
    assert summary["Status"] == "Running"
    assert summary["Restarts"] == "2"
    assert summary["Node"] == "node-0"
    assert [(owner.resource, owner.name) for owner in detail.owners] == [("replicasets.apps", "web")]
    assert [pair.label for pair in detail.labels] == ["a", "b"]
    assert [pair.label for pair in detail.annotations] == ["note"]
    assert detail.conditions[0].tone == "good"
    assert detail.findings == ()
    assert detail.gaps


def test_secrets_of_a_container_are_masked_and_the_rest_is_told() -> None:
    (container,) = containers_of(POD)
    assert container.state == "Running"
    environment = {pair.label: pair.value for pair in container.environment}
    assert environment == {
        "MODE": "fast",
        "DB_PASSWORD": MASK,
        "URL": f"https://me:{MASK}@db.example/",
        "KEY": "from secret db, key key",
    }
    pairs = {pair.label: pair.value for pair in container.pairs}
    assert pairs["Arguments"] == f"--mode=fast --password {MASK} --token={MASK}"
    assert pairs["Readiness"] == "http-get :8080/healthz every 10s, timeout 1s, 3 failures allowed"
    assert "hunter22" not in str(describe("orlando", Facts(POD, NOW)))


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True), ("password", True), ("API_KEY", True), ("AZURE_CLIENT_SECRET", True), ("token", True),
        ("STORAGE_CONNECTION_STRING", True), ("sas", True), ("MODE", False), ("KEYBOARD", False), ("AUTHOR", False),
        ("MONKEY", False), ("PASSENGER", False), ("passphrase", True),
    ],
)  # fmt: skip
def test_names_of_secrets(name: str, secret: bool) -> None:
    assert looks_secret(name) is secret


SECRET = {
    "kind": "Secret",
    "apiVersion": "v1",
    "metadata": {
        "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"p":"aHVudGVyMjI="}}', "k": "v"},
        "managedFields": [{}],
    },
    "type": "Opaque",
    "data": {"p": "aHVudGVyMjI="},
    "stringData": {"q": "hunter22"},
}


def test_a_secret_is_masked_everywhere_until_asked() -> None:
    masked = to_yaml(SECRET)
    assert "aHVudGVyMjI=" not in masked
    assert "hunter22" not in masked
    assert yaml.safe_load(masked)["data"] == {"p": f"{MASK} (8 bytes)"}
    assert yaml.safe_load(masked)["metadata"]["annotations"]["k"] == "v"
    detail = str(describe("orlando", Facts(dict(SECRET), NOW)))
    assert "aHVudGVyMjI=" not in detail
    assert "hunter22" not in detail
    revealed = yaml.safe_load(to_yaml(SECRET, reveal_secrets=True))
    assert revealed["data"] == SECRET["data"]


def test_values_that_look_like_secrets_are_masked_in_yaml_as_they_are_in_the_description() -> None:
    container = {
        "name": "api",
        "args": ["--token", "hunter22", "--level=info"],
        "env": [
            {"name": "DB_PASSWORD", "value": "hunter22"},
            {"name": "MODE", "value": "fast"},
            {"name": "DB", "value": "mongodb://u:hunter22@db/x"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "k", "key": "key"}}},
        ],
    }
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(pod)}
    pod["metadata"] = {"name": "p", "annotations": applied}
    masked = to_yaml(pod)
    assert "hunter22" not in masked
    shown = yaml.safe_load(masked)["spec"]["containers"][0]
    assert shown["args"] == ["--token", MASK, "--level=info"]
    assert [each.get("value") for each in shown["env"]] == [MASK, "fast", f"mongodb://u:{MASK}@db/x", None]
    assert shown["env"][3] == container["env"][3]
    assert yaml.safe_load(to_yaml(pod, reveal_secrets=True)) == pod
    settings = {"kind": "ConfigMap", "metadata": {}, "data": {"db-password": "hunter22", "level": "info"}}
    assert yaml.safe_load(to_yaml(settings))["data"] == {"db-password": MASK, "level": "info"}


def test_yaml_is_what_was_read_without_managed_fields_and_in_the_usual_order() -> None:
    written = to_yaml({"status": {"x": 1}, "metadata": {"name": "n", "managedFields": []}, "kind": "K", "spec": {}})
    assert list(yaml.safe_load(written)) == ["kind", "metadata", "spec", "status"]
    assert "managedFields" not in written
    script = {"kind": "ConfigMap", "metadata": {}, "data": {"run.sh": "a\nb\n", "on": "yes", "n": "012"}}
    assert yaml.safe_load(to_yaml(script)) == script
    assert "run.sh: |" in to_yaml(script)
    shared = {"a": 1}
    assert "&" not in to_yaml({"kind": "K", "metadata": {}, "x": shared, "y": shared})


def test_a_kind_nobody_knows_shows_its_spec_and_status() -> None:
    thing = {
        "kind": "Widget",
        "apiVersion": "example.org/v1",
        "metadata": {"name": "w"},
        "spec": {"size": 3, "password": "hunter22", "parts": [{"name": "a"}, "b"], "on": True},
        "status": {"conditions": [{"type": "Ready", "status": "False"}], "phase": "Odd"},
    }
    detail = describe("orlando", Facts(thing, NOW))
    sections = {section.title: section.lines for section in detail.sections}
    assert sections["Spec"] == (
        "size: 3", f"password: {MASK}", "parts:", "  -", "    name: a", "  - b", "on: true",
    )  # fmt: skip
    assert sections["Status"] == ("phase: Odd",)
    assert detail.conditions[0].tone == "bad"
    assert detail.findings[0].text == "not ready"


def test_a_node_tells_what_its_pods_request() -> None:
    node = {
        "kind": "Node",
        "metadata": {"name": "n"},
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"}},
    }
    pod = {
        "status": {"phase": "Running"},
        "spec": {"containers": [{"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]},
    }
    done = {**pod, "status": {"phase": "Succeeded"}}
    (section,) = describe("orlando", Facts(node, NOW, pods=[pod, done])).sections
    assert [pair.value for pair in section.pairs] == ["1 of 110", "500m of 2000m (25%)", "1024Mi of 4096Mi (25%)"]


@pytest.mark.parametrize(
    "kind",
    ["Pod", "Node", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Service", "HorizontalPodAutoscaler",
     "Job", "CronJob", "PersistentVolumeClaim", "PodDisruptionBudget", "Ingress", "ConfigMap", "Secret", "Thing"],
)  # fmt: skip
def test_every_kind_is_described_even_when_it_has_nothing(kind: str) -> None:
    objects: list[dict[str, Any]] = [
        {"kind": kind},
        {"kind": kind, "metadata": {"name": "x"}, "spec": None, "status": []},
    ]
    for obj in objects:
        assert describe("orlando", Facts(dict(obj), NOW)).kind == kind


def test_pods_behind_an_object() -> None:
    selector = {"matchLabels": {"app": "web"}}
    named = {"name": "web", "namespace": "default"}
    assert scope_of({"kind": "StatefulSet", "metadata": named, "spec": {"selector": selector}}) == PodScope(
        "default", "app=web"
    )
    assert scope_of({"kind": "Service", "metadata": named, "spec": {"selector": {"app": "web"}}}) == PodScope(
        "default", "app=web"
    )
    assert scope_of({"kind": "Service", "metadata": named, "spec": {}}) is None
    assert scope_of({"kind": "Pod", "metadata": named}) == PodScope("default", field_selector="metadata.name=web")
    assert scope_of({"kind": "Namespace", "metadata": {"name": "web"}}) == PodScope("web")


def test_why_an_autoscaler_does_not_scale_is_a_condition_also_on_the_old_api() -> None:
    told = [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}]
    obj: dict[str, Any] = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": "web",
            "annotations": {"autoscaling.alpha.kubernetes.io/conditions": json.dumps(told), "team": "web"},
        },
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 10},
        "status": {},
    }
    detail = describe("orlando", Facts(obj, NOW))
    (condition,) = detail.conditions
    assert (condition.type, condition.status, condition.reason) == ("ScalingActive", "False", "FailedGetResourceMetric")
    assert [pair.label for pair in detail.annotations] == ["team"]
    assert {pair.label: pair.value for pair in detail.summary}["Last scaled"] == "never"
    obj["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/conditions"] = "not JSON"
    assert describe("orlando", Facts(obj, NOW)).conditions == ()
