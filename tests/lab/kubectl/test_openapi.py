"""OpenAPI documents: whole, consistent, and saying of types what the data says."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.openapi import Documents
from backends.lab.kubernetes.openapi.packages import find_kind
from backends.lab.kubernetes.openapi.schema import SCALARS, package, plain_fields, type_of
from backends.lab.kubernetes.protobuf.wire import read_fields

VERSION = "v1.33.1"
_PACKAGE = "backends.lab.kubernetes.openapi"
PACKAGES = sorted(each.name.removesuffix(".txt") for each in (files(_PACKAGE) / "types").iterdir())
NO_SHAPE = {"PodSecurityPolicy", "NodeProxyOptions"}
"""Kinds that are listed by old servers only, and are not described."""


@cache
def documents(version: str = VERSION) -> Documents:
    return Documents(catalog.resources(version), version, {})


def version_3(path: str, version: str = VERSION) -> dict[str, Any]:
    body = documents(version).version_3(path)
    assert body is not None
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_every_type_a_field_refers_to_is_there(name: str) -> None:
    for kind in package(name).values():
        fields = list(plain_fields(kind))
        assert len({field.name for field in fields}) == len(fields), kind.reference
        for field in fields:
            assert field.type in SCALARS or type_of(field.type)


@pytest.mark.parametrize("version", ["v1.14.8", "v1.20.2", "v1.29.15", "v1.33.1"])
def test_every_kind_served_has_a_shape(version: str) -> None:
    missing = {each.kind for each in catalog.resources(version) if not find_kind(each.group, each.version, each.kind)}
    assert missing <= NO_SHAPE


@pytest.mark.parametrize("path", documents().index()["paths"])
def test_references_lead_somewhere(path: str) -> None:
    text = json.dumps(version_3(path))
    schemas = json.loads(text)["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in schemas


def test_the_index_names_a_document_for_each_group_version() -> None:
    paths = documents().index()["paths"]
    assert set(paths) >= {"api/v1", "apis/apps/v1", "apis/autoscaling/v2", "apis/metrics.k8s.io/v1beta1"}
    url = paths["apis/apps/v1"]["serverRelativeURL"]
    assert re.fullmatch(r"/openapi/v3/apis/apps/v1\?hash=[0-9A-F]{32}", url)
    assert url != documents("v1.29.15").index()["paths"]["apis/apps/v1"]["serverRelativeURL"]
    assert documents().version_3("apis/nothing/v1") is None


def test_lists_carry_their_merge_keys() -> None:
    schemas = version_3("apis/apps/v1")["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    volumes = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["volumes"]
    assert volumes["x-kubernetes-patch-strategy"] == "merge,retainKeys"
    strategy = schemas["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["strategy"]
    assert strategy["x-kubernetes-patch-strategy"] == "retainKeys"
    assert strategy["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}]


def test_kinds_are_found_by_group_version_and_kind() -> None:
    schemas = version_3("apis/apps/v1")["components"]["schemas"]
    deployment = schemas["io.k8s.api.apps.v1.Deployment"]
    assert deployment["x-kubernetes-group-version-kind"] == [{"group": "apps", "version": "v1", "kind": "Deployment"}]
    assert schemas["io.k8s.api.apps.v1.DeploymentSpec"]["required"] == ["selector", "template"]
    assert "x-kubernetes-group-version-kind" not in schemas["io.k8s.api.apps.v1.DeploymentSpec"]
    listed = schemas["io.k8s.api.apps.v1.DeploymentList"]
    assert listed["x-kubernetes-group-version-kind"][0]["kind"] == "DeploymentList"


def test_patch_operations_say_what_they_take() -> None:
    patch = version_3("apis/apps/v1")["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {each["name"] for each in patch["parameters"]} == {"dryRun", "fieldManager", "fieldValidation", "force"}
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment"
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]


def test_what_is_written_about_fields_is_about_fields_there_are() -> None:
    known: dict[str, set[str]] = {}
    for name in PACKAGES:
        for kind in package(name).values():
            known.setdefault(kind.name, set()).update(field.name for field in plain_fields(kind))
    everywhere = set[str]().union(*known.values())
    for line in (files(_PACKAGE) / "descriptions.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        key = line.partition(": ")[0]
        owner, _, field = key.partition(".")
        if field:
            assert field in known[owner], key
        else:
            assert owner in known or owner in everywhere | {"apiVersion", "kind"}, key


def test_the_protobuf_form_carries_the_definitions() -> None:
    document = json.loads(documents("v1.20.2").version_2(protobuf=False))
    parts: dict[int, Any] = dict(read_fields(documents("v1.20.2").version_2(protobuf=True)))
    assert parts[1] == b"2.0"
    names = [dict(read_fields(each))[1].decode() for _, each in read_fields(parts[9])]  # type: ignore[arg-type, union-attr]
    assert names == list(document["definitions"])
    paths = [dict(read_fields(each))[1].decode() for _, each in read_fields(parts[8])]  # type: ignore[arg-type, union-attr]
    assert paths == list(document["paths"])


def test_custom_resources_get_their_own_schema() -> None:
    widget = catalog.Resource("example.com", "v1", "widgets", "widget", "Widget", (), True, ("get", "list", "patch"))
    schema = {"type": "object", "properties": {"spec": {"type": "object", "description": "What is wanted."}}}
    made = Documents([widget], VERSION, {("example.com", "v1", "Widget"): schema})
    body = made.version_3("apis/example.com/v1")
    assert body is not None
    found = json.loads(body)["components"]["schemas"]["com.example.v1.Widget"]
    assert found["properties"]["spec"]["description"] == "What is wanted."
    assert set(found["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert found["x-kubernetes-group-version-kind"][0]["kind"] == "Widget"
