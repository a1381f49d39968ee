"""GET and LIST: forms, selectors, pages, and refusals in the server's words."""

from __future__ import annotations

import pytest

from tests.lab.api.support import TABLE, Lab, config_map, node, pod


async def test_one_object(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    answer = await lab.ask("/api/v1/namespaces/default/pods/web-0")
    assert answer.status == 200
    assert (answer.json["kind"], answer.json["apiVersion"]) == ("Pod", "v1")
    assert answer.json["metadata"]["resourceVersion"] == str(lab.store.revision)


async def test_missing_object(lab: Lab) -> None:
    answer = await lab.ask("/apis/apps/v1/namespaces/default/deployments/web")
    assert answer.status == 404
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "web" not found',
        "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


async def test_lists_are_of_one_namespace_or_all(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    lab.store.create("pods", pod("dns-0", "kube-system"))
    everything = await lab.ask("/api/v1/pods")
    assert [each["metadata"]["name"] for each in everything.json["items"]] == ["web-0", "dns-0"]
    assert everything.json["kind"] == "PodList"
    assert "kind" not in everything.json["items"][0]
    own = await lab.ask("/api/v1/namespaces/kube-system/pods")
    assert [each["metadata"]["name"] for each in own.json["items"]] == ["dns-0"]


async def test_selectors_narrow_a_list(lab: Lab) -> None:
    for name in ("web-0", "web-1", "api-0"):
        lab.store.create("pods", pod(name))
    lab.store.create("pods", pod("web-2", nodeName="node-9"))
    query = "labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dnode-0"
    answer = await lab.ask(f"/api/v1/pods?{query}")
    assert [each["metadata"]["name"] for each in answer.json["items"]] == ["web-0", "web-1"]


async def test_pages_show_one_revision(lab: Lab) -> None:
    for index in range(7):
        lab.store.create("configmaps", config_map(f"map-{index}"))
    first = await lab.ask("/api/v1/configmaps?limit=3")
    assert first.json["metadata"]["remainingItemCount"] == 4
    lab.store.remove("configmaps", "default", "map-4")
    lab.store.create("configmaps", config_map("map-9"))
    names = [each["metadata"]["name"] for each in first.json["items"]]
    token = first.json["metadata"]["continue"]
    while token:
        page = await lab.ask(f"/api/v1/configmaps?limit=3&continue={token}")
        assert page.json["metadata"]["resourceVersion"] == first.json["metadata"]["resourceVersion"]
        names += [each["metadata"]["name"] for each in page.json["items"]]
        token = page.json["metadata"].get("continue")
    assert names == [f"map-{index}" for index in range(7)]


async def test_a_token_that_is_too_old(lab: Lab) -> None:
    for index in range(3):
        lab.store.create("configmaps", config_map(f"map-{index}"))
    first = await lab.ask("/api/v1/configmaps?limit=1")
    lab.faults.set("watch-410")
    late = await lab.ask(f"/api/v1/configmaps?limit=1&continue={first.json['metadata']['continue']}")
    assert (late.status, late.json["reason"]) == (410, "Expired")
    assert late.json["message"].startswith("The provided continue parameter is too old")


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("limit=abc", 400, 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("fieldSelector=spec.foo%3Da", 400, "field label not supported: spec.foo"),
        (
            "resourceVersion=abc",
            500,
            'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
        ),
        (
            "resourceVersion=9&resourceVersionMatch=foo",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "foo": '
            'supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            "resourceVersionMatch=Exact",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is '
            "forbidden unless resourceVersion is provided",
        ),
        ("continue=abc", 400, None),
    ],
)
async def test_bad_queries(lab: Lab, query: str, status: int, message: str | None) -> None:
    answer = await lab.ask(f"/api/v1/pods?{query}")
    assert answer.status == status
    if message is not None:
        assert answer.json["message"] == message


async def test_a_revision_from_the_future(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/pods?resourceVersion=99999999")
    assert answer.status == 504
    assert answer.json["message"] == f"Timeout: Too large resource version: 99999999, current: {lab.store.revision}"
    assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    ("include", "kind"), [("Metadata", "PartialObjectMetadata"), ("Object", "Pod"), ("None", None)]
)
async def test_tables(lab: Lab, include: str, kind: str | None) -> None:
    lab.store.create("pods", pod("web-0"))
    answer = await lab.ask(f"/api/v1/pods?includeObject={include}", accept=TABLE)
    assert (answer.json["kind"], answer.json["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    names = [column["name"] for column in answer.json["columnDefinitions"]]
    assert names[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    row = answer.json["rows"][0]
    assert row["cells"][:3] == ["web-0", "1/1", "Running"]
    assert row.get("object", {}).get("kind") == kind


async def test_a_table_of_one_object_and_the_older_version(lab: Lab) -> None:
    lab.store.create("nodes", node("node-0"))
    answer = await lab.ask("/api/v1/nodes/node-0", accept="application/json;as=Table;v=v1beta1;g=meta.k8s.io")
    assert answer.json["apiVersion"] == "meta.k8s.io/v1beta1"
    assert answer.json["rows"][0]["cells"][:2] == ["node-0", "Ready"]


async def test_metadata_alone(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    answer = await lab.ask("/api/v1/pods", accept=accept)
    assert answer.json["kind"] == "PartialObjectMetadataList"
    assert set(answer.json["items"][0]) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize(
    ("accept", "message"),
    [
        ("text/html", "406: Not Acceptable"),
        (
            "application/json;as=Foo;v=v1;g=meta.k8s.io",
            "only the following media types are accepted: application/json, application/yaml, "
            "application/vnd.kubernetes.protobuf",
        ),
    ],
)
async def test_forms_that_are_not_spoken(lab: Lab, accept: str, message: str) -> None:
    answer = await lab.ask("/api/v1/pods", accept=accept)
    assert (answer.status, answer.json["message"]) == (406, message)


async def test_clients_that_prefer_protobuf_get_json(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/pods", accept="application/vnd.kubernetes.protobuf,application/json")
    assert answer.json["kind"] == "PodList"


@pytest.mark.parametrize("path", ["/api/v1/podz", "/api/v1/namespaces/default/pods/x/y", "/apis/apps/v9"])
async def test_what_is_not_served(lab: Lab, path: str) -> None:
    answer = await lab.ask(path)
    assert (answer.status, answer.json["message"]) == (404, "the server could not find the requested resource")


async def test_a_method_that_is_not_served(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/pods", "PUT", {})
    assert answer.status == 405
    assert answer.json["message"] == "the server does not allow this method on the requested resource"
