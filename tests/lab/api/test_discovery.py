"""Discovery, versions and health, as clients find their way."""

from __future__ import annotations

from pathlib import Path

from tests.lab.api.support import Lab, running_lab

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def test_the_old_form(lab: Lab) -> None:
    versions = (await lab.ask("/api")).json
    assert versions["versions"] == ["v1"]
    assert versions["serverAddressByClientCIDRs"][0]["serverAddress"] == f"127.0.0.1:{lab.api.port}"
    groups = {group["name"]: group for group in (await lab.ask("/apis")).json["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert (await lab.ask("/apis/apps")).json["kind"] == "APIGroup"
    resources = {each["name"]: each for each in (await lab.ask("/api/v1")).json["resources"]}
    assert resources["pods"]["shortNames"] == ["po"]
    assert resources["pods/eviction"]["kind"] == "Eviction"
    assert resources["pods/eviction"]["group"] == "policy"


async def test_the_aggregated_form_where_it_is_served(lab: Lab, tmp_path: Path) -> None:
    core = await lab.ask("/api", accept=AGGREGATED)
    assert core.json["kind"] == "APIGroupDiscoveryList"
    assert "as=APIGroupDiscoveryList" in core.headers["Content-Type"]
    pods = next(each for each in core.json["items"][0]["versions"][0]["resources"] if each["resource"] == "pods")
    assert (pods["scope"], pods["singularResource"], pods["responseKind"]["kind"]) == ("Namespaced", "pod", "Pod")
    groups = await lab.ask("/apis", accept=AGGREGATED)
    assert "apps" in [item["metadata"]["name"] for item in groups.json["items"]]
    older = tmp_path / "older"
    older.mkdir()
    async with running_lab(older, version="v1.20.2") as old:
        assert (await old.ask("/api", accept=AGGREGATED)).json["kind"] == "APIVersions"


async def test_both_forms_name_the_same_resources(lab: Lab) -> None:
    aggregated = (await lab.ask("/apis", accept=AGGREGATED)).json
    for item in aggregated["items"]:
        for version in item["versions"]:
            path = f"/apis/{item['metadata']['name']}/{version['version']}"
            plain = (await lab.ask(path)).json["resources"]
            names = {f"{each['resource']}" for each in version["resources"]}
            assert names == {each["name"] for each in plain if "/" not in each["name"]}


async def test_version_and_health(lab: Lab) -> None:
    version = (await lab.ask("/version")).json
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "33", "v1.33.1")
    for path in ("/healthz", "/livez", "/readyz"):
        assert (await lab.ask(path)).body == b"ok"
    verbose = (await lab.ask("/readyz?verbose")).body.decode()
    assert verbose.startswith("[+]ping ok\n")
    assert verbose.endswith("readyz check passed\n")


async def test_unknown_paths_say_what_there_is(lab: Lab) -> None:
    answer = await lab.ask("/foo")
    assert answer.status == 404
    assert "/apis/apps" in answer.json["paths"]
    unknown = await lab.ask("/apis/foo.example/v1/things")
    assert (unknown.status, unknown.body) == (404, b"404 page not found\n")
