"""The catalog against the discovery documents of a real server."""

from __future__ import annotations

import pytest

from backends.lab.kubernetes import catalog
from tests.lab.kubectl.recorded import VERSION, json_file

DISCOVERY = json_file("discovery-1.20.2.json")


def test_groups_and_their_order_are_those_of_the_real_server() -> None:
    found = [[group.name, list(group.versions)] for group in catalog.groups(VERSION)]
    assert found == [*DISCOVERY["groups"], ["metrics.k8s.io", ["v1beta1"]]]


@pytest.mark.parametrize("group_version", sorted(DISCOVERY["resources"]))
def test_resources_are_those_of_the_real_server(group_version: str) -> None:
    found = []
    for each in catalog.resources(VERSION):
        if each.api_version != group_version:
            continue
        lists = [list(each.verbs), list(each.short_names), list(each.categories)]
        found.append([each.plural, each.kind, each.namespaced, *lists, "", ""])
        for sub in each.subresources:
            name = f"{each.plural}/{sub.name}"
            found.append([name, sub.kind, each.namespaced, list(sub.verbs), [], [], sub.group, sub.version])
    assert found == DISCOVERY["resources"][group_version]


@pytest.mark.parametrize(
    ("version", "group", "served"),
    [
        ("v1.14.8", "extensions", ("v1beta1",)),
        ("v1.22.0", "extensions", ()),
        ("v1.20.2", "policy", ("v1beta1",)),
        ("v1.21.0", "policy", ("v1", "v1beta1")),
        ("v1.33.1", "policy", ("v1",)),
        ("v1.22.0", "autoscaling", ("v1", "v2beta1", "v2beta2")),
        ("v1.23.0", "autoscaling", ("v2", "v1", "v2beta1", "v2beta2")),
        ("v1.29.15", "autoscaling", ("v2", "v1")),
        ("v1.29.15", "metrics.k8s.io", ("v1beta1",)),
    ],
)
def test_versions_of_groups_follow_the_server_version(version: str, group: str, served: tuple[str, ...]) -> None:
    assert next((each.versions for each in catalog.groups(version) if each.name == group), ()) == served


def test_views_of_one_kind_share_their_storage() -> None:
    def storage(version: str, group: str, api_version: str, plural: str) -> str:
        found = catalog.find(version, group, api_version, plural)
        assert found is not None
        return found.storage

    assert storage("v1.33.1", "events.k8s.io", "v1", "events") == storage("v1.33.1", "", "v1", "events") == "events"
    assert storage("v1.14.8", "extensions", "v1beta1", "deployments") == "deployments.apps"
    assert storage("v1.33.1", "metrics.k8s.io", "v1beta1", "pods") == ""
    assert catalog.find("v1.33.1", "policy", "v1beta1", "poddisruptionbudgets") is None


def test_the_preferred_view_of_a_storage_is_in_its_own_group() -> None:
    found = catalog.preferred("v1.14.8", "deployments.apps")
    assert found is not None
    assert found.api_version == "apps/v1"
    events = catalog.preferred("v1.33.1", "events")
    assert events is not None
    assert events.api_version == "v1"


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"server version 'latest' is not of the form 1\.MINOR\.PATCH"):
        catalog.resources("latest")
