"""Lists: pages, Tables, selectors, and what is said when something is not there."""

from __future__ import annotations

import json

import pytest

from backends.errors import Expired, Invalid, NotFound
from backends.kubernetes import Cluster, listing
from backends.kubernetes.tables import ACCEPT_TABLE
from backends.model.health import Health
from tests.contract.subject import Subject, send
from tests.support.waiting import until


async def _make_maps(cluster: Cluster, namespace: str, count: int) -> str:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(count):
        body = {"metadata": {"name": f"map-{number}", "labels": {"number": str(number), "of": "contract"}}}
        await send(cluster, "POST", path, body)
    return path


async def test_pages_cover_everything_once(cluster: Cluster, namespace: str) -> None:
    path = await _make_maps(cluster, namespace, 5)
    names: list[str] = []
    query = {"limit": "2", "labelSelector": "of=contract"}
    versions = set()
    while True:
        page = await send(cluster, "GET", path, **query)
        names += [each["metadata"]["name"] for each in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        assert len(page["items"]) <= 2
        if not page["metadata"].get("continue"):
            break
        # Written between the pages: must not show in what is read at one version.
        await send(cluster, "POST", path, {"metadata": {"name": f"later-{len(names)}", "labels": {"of": "contract"}}})
        query["continue"] = page["metadata"]["continue"]
    assert names == [f"map-{number}" for number in range(5)]
    assert len(versions) == 1


async def test_a_compacted_continue_token_is_expired(subject: Subject, cluster: Cluster, namespace: str) -> None:
    path = await _make_maps(cluster, namespace, 3)
    page = await send(cluster, "GET", path, limit="1")
    await _make_maps(cluster, await subject.namespace(cluster), 1)
    await subject.compact()
    with pytest.raises(Expired):
        await send(cluster, "GET", path, **{"limit": "1", "continue": page["metadata"]["continue"]})


async def test_the_client_lists_by_pages(cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_PAGE", 2)
    await _make_maps(cluster, namespace, 5)
    async with cluster.reflect("cm", namespace=namespace, selector="of=contract") as maps:
        await until(lambda: maps.state.value.is_live)
        assert sorted(row.name for row in maps.store.rows.values()) == [f"map-{number}" for number in range(5)]


async def test_tables_carry_kubectls_columns_and_metadata(cluster: Cluster, namespace: str, subject: Subject) -> None:
    await subject.pod(cluster, namespace, "web-1")
    async with cluster.reflect("po", namespace=namespace) as pods:
        row = await until(lambda: next(iter(pods.store.rows.values()), None))
        names = [column.name for column in pods.store.columns if column.priority == 0]
        assert names == ["Name", "Ready", "Status", "Restarts", "Age"]
        assert row.cells[:3] == ("web-1", "1/1", "Running")
        assert (row.namespace, row.name, row.stamp, row.labels) == (namespace, "web-1", "orlando", {"app": "web"})
        whole = await cluster.get("pods", "web-1", namespace)
        assert row.uid == f"orlando/{whole['metadata']['uid']}"
        assert row.created_at > 0
        assert row.seen_at >= row.created_at


async def test_columns_of_nodes(cluster: Cluster, subject: Subject) -> None:
    await subject.node(cluster)
    answer = await cluster.connection.request(
        "GET", "/api/v1/nodes", query={"includeObject": "Metadata"}, accept=ACCEPT_TABLE
    )
    table = json.loads(answer.body)
    assert table["kind"] == "Table"
    assert [each["name"] for each in table["columnDefinitions"]][:5] == ["Name", "Status", "Roles", "Age", "Version"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("number=2", {"map-2"}),
        ("number!=2,of", {"map-0", "map-1"}),
        ("number in (0,1)", {"map-0", "map-1"}),
        ("of,number notin (0,1)", {"map-2"}),
        ("!of", set()),
        ("nothing", set()),
    ],
)
async def test_label_selectors(cluster: Cluster, namespace: str, selector: str, expected: set[str]) -> None:
    await _make_maps(cluster, namespace, 3)
    found = await cluster.list_objects("configmaps", namespace=namespace, selector=selector)
    names = {each["metadata"]["name"] for each in found}
    assert names - {"kube-root-ca.crt"} == expected


async def test_field_selectors(cluster: Cluster, namespace: str, subject: Subject) -> None:
    await subject.pod(cluster, namespace, "web-1")
    await subject.pod(cluster, namespace, "waiting", running=False)
    for selector, expected in (
        ("metadata.name=web-1", ["web-1"]),
        (f"spec.nodeName={await subject.node(cluster)}", ["web-1"]),
        ("status.phase=Pending", ["waiting"]),
        ("status.phase!=Pending", ["web-1"]),
    ):
        found = await cluster.list_objects("pods", namespace=namespace, field_selector=selector)
        assert [each["metadata"]["name"] for each in found] == expected, selector


async def test_a_wrong_selector_is_refused_in_words(cluster: Cluster) -> None:
    with pytest.raises(Invalid, match=r"field label not supported|not a known field selector"):
        await cluster.list_objects("pods", field_selector="spec.color=red")


async def test_what_is_not_there(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound, match=r'pods "nobody" not found'):
        await cluster.get("po", "nobody", namespace)
    with pytest.raises(NotFound, match="serves no kind named flying-saucers"):
        await cluster.get("flying-saucers", "one")
    async with cluster.reflect("flying-saucers") as saucers:
        await until(lambda: saucers.state.value.health is Health.OFF)
        assert "flying-saucers" in saucers.state.value.reason


async def test_objects_of_a_list_say_what_they_are(cluster: Cluster, namespace: str) -> None:
    await _make_maps(cluster, namespace, 3)
    found = await cluster.list_objects("cm", namespace=namespace, selector="of", limit=2)
    assert [(each["kind"], each["apiVersion"]) for each in found] == [("ConfigMap", "v1")] * 2
