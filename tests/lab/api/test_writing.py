"""Create, update and delete: defaults, checks, conflicts, in the server's words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.lab.api.support import Lab, config_map, pod

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:v1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


async def test_a_created_object_gets_identity_and_defaults(lab: Lab) -> None:
    answer = await lab.ask(f"{DEPLOYMENTS}?fieldManager=me", "POST", deployment())
    assert answer.status == 201
    meta, spec = answer.json["metadata"], answer.json["spec"]
    assert meta["namespace"] == "default"
    assert meta["uid"]
    assert meta["generation"] == 1
    assert (spec["replicas"], spec["strategy"]["rollingUpdate"]["maxSurge"]) == (1, "25%")
    container = spec["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert meta["managedFields"][0]["manager"] == "me"
    fields = meta["managedFields"][0]["fieldsV1"]["f:spec"]
    assert 'k:{"name":"web"}' in fields["f:template"]["f:spec"]["f:containers"]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (
            MAPS,
            {"metadata": {"name": "A_"}},
            422,
            'ConfigMap "A_" is invalid: metadata.name: Invalid value: "A_": a lowercase RFC 1123 subdomain must '
            "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            "character (e.g. 'example.com', regex used for validation is "
            r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (
            MAPS,
            {},
            422,
            'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
        ),
        (
            MAPS,
            {"metadata": {"name": "b", "namespace": "x"}},
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            MAPS,
            {"metadata": {"name": "b", "resourceVersion": "1"}},
            500,
            "resourceVersion should not be set on objects to be created",
        ),
        ("/api/v1/namespaces/nope/configmaps", {"metadata": {"name": "b"}}, 404, 'namespaces "nope" not found'),
        (
            DEPLOYMENTS,
            {"metadata": {"name": "b"}, "spec": {}},
            422,
            'Deployment.apps "b" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid '
            "value: map[string]string(nil): `selector` does not match template `labels`, "
            "spec.template.spec.containers: Required value]",
        ),
        (
            "/api/v1/namespaces/default/services",
            {"metadata": {"name": "b"}, "spec": {}},
            422,
            'Service "b" is invalid: spec.ports: Required value',
        ),
        (
            "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
            {"metadata": {"name": "b"}, "spec": {"minReplicas": 5, "maxReplicas": 1, "scaleTargetRef": {}}},
            422,
            'HorizontalPodAutoscaler.autoscaling "b" is invalid: [spec.maxReplicas: Invalid value: 1: must be greater '
            "than or equal to `minReplicas`, spec.scaleTargetRef.kind: Required value, spec.scaleTargetRef.name: "
            "Required value]",
        ),
        (
            "/apis/batch/v1/namespaces/default/jobs",
            {"metadata": {"name": "b"}, "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}},
            422,
            'Job.batch "b" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", '
            '"Never"',
        ),
    ],
)
async def test_what_is_refused(lab: Lab, path: str, body: Any, status: int, message: str) -> None:
    before = lab.store.revision
    answer = await lab.ask(path, "POST", body)
    assert (answer.status, answer.json["message"]) == (status, message)
    assert lab.store.revision == before


async def test_wrong_types_and_unknown_fields(lab: Lab) -> None:
    wrong = await lab.ask(DEPLOYMENTS, "POST", deployment(replicas="x"))
    assert wrong.status == 400
    assert wrong.json["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct '
        "field DeploymentSpec.spec.replicas of type int32"
    )
    strict = await lab.ask(f"{DEPLOYMENTS}?fieldValidation=Strict", "POST", deployment(replica=1))
    assert (strict.status, strict.json["message"]) == (
        400,
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field '
        '"spec.replica"',
    )
    warned = await lab.ask(DEPLOYMENTS, "POST", deployment(replica=1))
    assert warned.status == 201
    assert warned.headers["Warning"] == '299 - "unknown field \\"spec.replica\\""'
    assert "replica" not in warned.json["spec"]


async def test_nonsense_bodies(lab: Lab) -> None:
    broken = await lab.ask(MAPS, "POST", "{")
    assert broken.status == 400
    unknown = await lab.ask(MAPS, "POST", "{}", content_type="application/x-www-form-urlencoded")
    assert unknown.status == 415
    assert unknown.json["message"].startswith("the body of the request was in an unknown format")
    foo = await lab.ask(MAPS, "POST", {"kind": "Foo", "apiVersion": "v1"})
    assert foo.json["message"].startswith('Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo"')


async def test_yaml_bodies(lab: Lab) -> None:
    answer = await lab.ask(MAPS, "POST", "metadata: {name: a}\ndata: {x: '1'}\n", content_type="application/yaml")
    assert (answer.status, answer.json["data"]) == (201, {"x": "1"})


async def test_the_same_name_twice(lab: Lab) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    again = await lab.ask(MAPS, "POST", config_map("a"))
    assert (again.status, again.json["reason"], again.json["message"]) == (
        409,
        "AlreadyExists",
        'configmaps "a" already exists',
    )


async def test_generated_names_and_dry_runs(lab: Lab) -> None:
    named = await lab.ask(MAPS, "POST", {"metadata": {"generateName": "gen-"}})
    assert named.json["metadata"]["name"].startswith("gen-")
    before = lab.store.revision
    tried = await lab.ask(f"{MAPS}?dryRun=All", "POST", config_map("dry"))
    assert tried.status == 201
    assert lab.store.find("configmaps", "default", "dry") is None
    assert lab.store.revision == before


async def test_optimistic_concurrency(lab: Lab) -> None:
    created = (await lab.ask(MAPS, "POST", config_map("a", x="1"))).json
    changed = await lab.ask(f"{MAPS}/a", "PUT", {**created, "data": {"x": "2"}})
    assert changed.status == 200
    late = await lab.ask(f"{MAPS}/a", "PUT", {**created, "data": {"x": "3"}})
    assert late.status == 409
    assert late.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your '
        "changes to the latest version and try again",
        "reason": "Conflict",
        "details": {"name": "a", "kind": "configmaps"},
        "code": 409,
    }
    stale = {"metadata": {"resourceVersion": created["metadata"]["resourceVersion"]}, "data": {"x": "4"}}
    assert (await lab.patch(f"{MAPS}/a", stale)).status == 409
    same = await lab.ask(f"{MAPS}/a", "PUT", changed.json)
    assert same.json["metadata"]["resourceVersion"] == changed.json["metadata"]["resourceVersion"]


async def test_only_one_of_many_racing_writers_wins(lab: Lab) -> None:
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
    created = (await lab.ask(leases, "POST", {"metadata": {"name": "lock"}, "spec": {}})).json
    bodies = [{**created, "spec": {"holderIdentity": f"writer-{index}"}} for index in range(8)]
    answers = await asyncio.gather(*(lab.ask(f"{leases}/lock", "PUT", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_names_and_identities_do_not_change(lab: Lab) -> None:
    created = (await lab.ask(MAPS, "POST", config_map("a"))).json
    renamed = await lab.ask(f"{MAPS}/a", "PUT", config_map("b"))
    assert renamed.json["message"] == "the name of the object (b) does not match the name on the URL (a)"
    other = config_map("a")
    other["metadata"]["uid"] = "1"
    answer = await lab.ask(f"{MAPS}/a", "PUT", other)
    assert answer.status == 409
    assert answer.json["message"].endswith(
        f"Precondition failed: UID in precondition: 1, UID in object meta: {created['metadata']['uid']}"
    )
    assert (await lab.ask(f"{MAPS}/nope", "PUT", config_map("nope"))).status == 404


async def test_status_is_written_apart(lab: Lab) -> None:
    created = (await lab.ask(DEPLOYMENTS, "POST", deployment())).json
    body = {**created, "status": {"replicas": 3}}
    assert "replicas" not in (await lab.ask(f"{DEPLOYMENTS}/web", "PUT", body)).json.get("status", {})
    body["spec"] = {**created["spec"], "replicas": 9}
    del body["metadata"]["resourceVersion"]
    written = await lab.ask(f"{DEPLOYMENTS}/web/status", "PUT", body)
    assert (written.json["status"], written.json["spec"]["replicas"]) == ({"replicas": 3}, 1)
    assert written.json["metadata"]["generation"] == 1


async def test_what_must_not_change(lab: Lab) -> None:
    await lab.ask(DEPLOYMENTS, "POST", deployment())
    labels = {"app": "other"}
    patch = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    answer = await lab.patch(f"{DEPLOYMENTS}/web", patch)
    assert (answer.status, answer.json["details"]["causes"][0]["field"]) == (422, "spec.selector")
    services = "/api/v1/namespaces/default/services"
    await lab.ask(services, "POST", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    moved = await lab.patch(f"{services}/s", {"spec": {"clusterIP": "10.0.0.7"}})
    assert moved.json["message"] == (
        'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: []string{"10.0.0.7"}: may not change once set'
    )
    lab.store.create("pods", pod("web-0"))
    assert (await lab.patch(f"{PODS}/web-0", {"metadata": {"labels": {"a": "b"}}})).status == 200
    frozen = await lab.patch(f"{PODS}/web-0", {"spec": {"restartPolicy": "Never"}})
    assert (frozen.status, frozen.json["details"]["causes"][0]["reason"]) == (422, "FieldValueForbidden")


async def test_services_get_addresses(lab: Lab) -> None:
    services = "/api/v1/namespaces/default/services"
    body = {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
    spec = (await lab.ask(services, "POST", body)).json["spec"]
    assert spec["clusterIP"].startswith("10.0.")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert 30000 <= spec["ports"][0]["nodePort"] < 32768


async def test_patch_content_types(lab: Lab) -> None:
    await lab.ask(DEPLOYMENTS, "POST", deployment())
    plain = await lab.ask(f"{DEPLOYMENTS}/web", "PATCH", {"spec": {"paused": True}})
    assert (plain.status, plain.json["message"]) == (415, "415: Unsupported Media Type")
    for kind, body in (
        ("merge", {"spec": {"replicas": 2}}),
        ("strategic", {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:v2"}]}}}}),
        ("json", [{"op": "replace", "path": "/spec/paused", "value": True}]),
    ):
        if kind == "json":
            body = [{"op": "add", "path": "/spec/paused", "value": True}]
        assert (await lab.patch(f"{DEPLOYMENTS}/web", body, kind)).status == 200
    spec = lab.store.get("deployments.apps", "default", "web")["spec"]
    assert (spec["replicas"], spec["paused"]) == (2, True)
    assert spec["template"]["spec"]["containers"][0]["image"] == "web:v2"


async def test_autoscalers_are_one_object_in_two_versions(lab: Lab) -> None:
    v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    target = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    spec = {"maxReplicas": 10, "targetCPUUtilizationPercentage": 70, "scaleTargetRef": target}
    assert (await lab.ask(v1, "POST", {"metadata": {"name": "web"}, "spec": spec})).status == 201
    newer = (await lab.ask(f"{v2}/web")).json
    assert newer["apiVersion"] == "autoscaling/v2"
    assert newer["spec"]["metrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    ]
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 5}},
    }
    newer["spec"]["metrics"].append(memory)
    assert (await lab.ask(f"{v2}/web", "PUT", newer)).status == 200
    older = (await lab.ask(f"{v1}/web")).json
    assert older["spec"]["targetCPUUtilizationPercentage"] == 70
    assert "autoscaling.alpha.kubernetes.io/metrics" in older["metadata"]["annotations"]
    older["spec"]["maxReplicas"] = 12
    assert (await lab.ask(f"{v1}/web", "PUT", older)).status == 200
    assert lab.store.get("horizontalpodautoscalers.autoscaling", "default", "web")["spec"]["metrics"][1] == memory


async def test_events_are_one_object_in_two_groups(lab: Lab) -> None:
    body = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": "default"},
        "reason": "Killing",
        "message": "Stopping container",
        "type": "Warning",
    }
    assert (await lab.ask("/api/v1/namespaces/default/events", "POST", body)).status == 201
    seen = (await lab.ask("/apis/events.k8s.io/v1/namespaces/default/events/e")).json
    assert (seen["note"], seen["regarding"]["name"]) == ("Stopping container", "web-0")
    found = await lab.ask("/api/v1/events?fieldSelector=involvedObject.name%3Dweb-0,type%3DWarning")
    assert [each["reason"] for each in found.json["items"]] == ["Killing"]


async def test_custom_resources(lab: Lab) -> None:
    definition = {
        "metadata": {"name": "backups.ops.example"},
        "spec": {
            "group": "ops.example",
            "scope": "Namespaced",
            "names": {"plural": "backups", "kind": "Backup", "shortNames": ["bk"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    "additionalPrinterColumns": [{"name": "To", "type": "string", "jsonPath": ".spec.to"}],
                    "subresources": {"status": {}},
                }
            ],
        },
    }
    path = "/apis/ops.example/v1/namespaces/default/backups"
    assert (await lab.ask(path)).status == 404
    created = await lab.ask("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "POST", definition)
    assert created.status == 201, created.json
    assert (await lab.ask(path, "POST", {"metadata": {"name": "a"}, "spec": {"to": "blob"}})).status == 201
    table = await lab.ask(path, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [column["name"] for column in table.json["columnDefinitions"]] == ["Name", "To"]
    assert table.json["rows"][0]["cells"] == ["a", "blob"]
    assert (await lab.patch(f"{path}/a", {"spec": {"to": "disk"}})).json["spec"] == {"to": "disk"}
    assert (await lab.patch(f"{path}/a", {"spec": {}}, "strategic")).status == 415
    resources = (await lab.ask("/apis/ops.example/v1")).json["resources"]
    assert [each["name"] for each in resources] == ["backups", "backups/status"]
    await lab.ask("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backups.ops.example", "DELETE")
    assert (await lab.ask(path)).status == 404
