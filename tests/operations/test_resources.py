"""Resource views: several stamps in one table, columns that differ, usage, failures, and cheap draining."""

from __future__ import annotations

import asyncio

import pytest

from backends.errors import NotFound, UsageError
from backends.model.health import Health
from backends.model.kinds import ResourceKind
from backends.operations.resources import ResourceRequest, Resources
from tests.support.clock import ManualClock
from tests.support.fakes import NODE_COLUMNS, POD_COLUMNS, FakeCluster, a_row, columns, refused


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clusters() -> dict[str, FakeCluster]:
    found = {name: FakeCluster(name) for name in ("orlando", "seattle")}
    for cluster in found.values():
        cluster.failing["pod_usage"] = NotFound("metrics.k8s.io", why="not served")
        cluster.failing["node_usage"] = NotFound("metrics.k8s.io", why="not served")
    return found


BOTH = ("orlando", "seattle")


async def test_rows_of_all_stamps_in_one_table(clock: ManualClock, clusters: dict[str, FakeCluster]) -> None:
    for name, cluster in clusters.items():
        services = cluster.reflection("services")
        services.store.set_columns(columns("Name", "Type"))
        services.live(clock.now(), a_row(name, "web", "ClusterIP"))
    async with Resources(clusters, clock).open(ResourceRequest("services", BOTH)) as view:
        await clock.settle()
        batch = view.drain()
        assert batch.columns_changed
        assert {row.stamp: row.cells for row in batch.rows.values() if row} == {
            "orlando": ("web", "ClusterIP"),
            "seattle": ("web", "ClusterIP"),
        }
        assert [column.name for column in view.columns] == ["Name", "Type"]
        assert not view.drain()
        version = view.version
        clusters["seattle"].reflection("services").store.put(a_row("seattle", "api", "NodePort"))
        clusters["orlando"].reflection("services").store.remove("orlando/default-web")
        assert view.version != version
        batch = view.drain()
        assert not batch.columns_changed
        assert batch.rows["orlando/default-web"] is None
        assert sorted(view.rows) == ["seattle/default-api", "seattle/default-web"]


async def test_rows_that_fit_are_passed_on_untouched(clock: ManualClock, clusters: dict[str, FakeCluster]) -> None:
    services = clusters["orlando"].reflection("services")
    services.store.set_columns(columns("Name", "Type"))
    row = a_row("orlando", "web", "ClusterIP")
    services.live(clock.now(), row)
    async with Resources(clusters, clock).open(ResourceRequest("services", ("orlando",))) as view:
        await clock.settle()
        assert view.drain().rows[row.uid] is row


async def test_servers_that_print_differently_share_the_union_of_columns(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    old, new = clusters["orlando"].reflection("things"), clusters["seattle"].reflection("things")
    old.store.set_columns(columns("Name", "Phase", "Age"))
    new.store.set_columns(columns("Name", "Zone", "Phase", "Age", "Message+"))
    old.live(clock.now(), a_row("orlando", "a", "Up", "1d"))
    async with Resources(clusters, clock).open(ResourceRequest("things", BOTH)) as view:
        await clock.settle()
        assert view.drain().rows["orlando/default-a"] is not None
        new.live(clock.now(), a_row("seattle", "b", "z1", "Down", "1d", "why"))
        batch = view.drain()
        assert [column.name for column in view.columns] == ["Name", "Zone", "Phase", "Age", "Message"]
        assert {uid: row.cells for uid, row in view.rows.items()} == {
            "orlando/default-a": ("a", "", "Up", "1d", ""),
            "seattle/default-b": ("b", "z1", "Down", "1d", "why"),
        }
        assert set(batch.rows) <= set(view.rows)


async def test_columns_that_come_late_move_the_rows_already_drawn(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    old, new = clusters["orlando"].reflection("things"), clusters["seattle"].reflection("things")
    old.store.set_columns(columns("Name", "Age"))
    old.live(clock.now(), a_row("orlando", "a", "1d"))
    async with Resources(clusters, clock).open(ResourceRequest("things", BOTH)) as view:
        await clock.settle()
        view.drain()
        assert view.rows["orlando/default-a"].cells == ("a", "1d")
        new.store.set_columns(columns("Name", "Phase", "Age"))
        batch = view.drain()
        assert batch.columns_changed
        moved = batch.rows["orlando/default-a"]
        assert moved is not None
        assert moved.cells == ("a", "", "1d")


async def test_pods_show_what_they_use_where_metrics_are_served(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    for name, cluster in clusters.items():
        pods = cluster.reflection("po", "default")
        pods.store.set_columns(POD_COLUMNS)
        pods.live(clock.now(), a_row(name, "web-0", "1/1", "Running", 0, "5d", "10.0.0.1", "node-0"))
    del clusters["orlando"].failing["pod_usage"]
    clusters["orlando"].usage_of_pods = {("default", "web-0"): (250, 300 * 2**20)}
    async with Resources(clusters, clock).open(ResourceRequest("po", BOTH, namespace="default")) as view:
        await clock.settle()
        view.drain()
        await clock.settle()
        view.drain()
        assert [column.name for column in view.columns][-2:] == ["CPU", "Memory"]
        assert view.rows["orlando/default-web-0"].cells[-2:] == ("250m", "300Mi")
        assert view.rows["seattle/default-web-0"].cells[-2:] == ("", "")
        assert view.usage_states["seattle"].health is Health.OFF
        clusters["orlando"].usage_of_pods = {("default", "web-0"): (999, 300 * 2**20)}
        version = view.version
        await clock.advance(20)
        assert view.version != version
        assert view.drain().rows["orlando/default-web-0"] is view.rows["orlando/default-web-0"]
        assert view.rows["orlando/default-web-0"].cells[-2:] == ("999m", "300Mi")
        clusters["orlando"].reflection("po", "default").store.put(
            a_row("orlando", "web-0", "0/1", "Error", 0, "5d", "10.0.0.1", "node-0")
        )
        view.drain()
        assert view.rows["orlando/default-web-0"].cells[1:3] == ("0/1", "Error")
        assert view.rows["orlando/default-web-0"].cells[-2:] == ("999m", "300Mi")


async def test_usage_is_asked_for_as_soon_as_a_stamp_is_followed_again(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    cluster = clusters["orlando"]
    cluster.failing.clear()
    pods = cluster.reflection("pods")
    async with Resources(clusters, clock).open(ResourceRequest("pods", ("orlando",))) as view:
        await clock.until(lambda: view.usage_states["orlando"].is_live)
        cluster.failing["pod_usage"] = refused("orlando")
        for _ in range(60):
            await clock.advance(1)
        assert view.usage_states["orlando"].health is Health.DOWN
        pods.fail(Health.DOWN, "connection refused")
        await clock.settle()
        cluster.failing.clear()
        pods.live(clock.now())
        await clock.settle()
        assert view.usage_states["orlando"].is_live
        asked = len([call for call in cluster.calls if call[0] == "pod_usage"])
        view.refresh()
        await clock.settle()
        assert len([call for call in cluster.calls if call[0] == "pod_usage"]) == asked + 1


async def test_nodes_show_the_share_of_what_they_offer(clock: ManualClock, clusters: dict[str, FakeCluster]) -> None:
    orlando = clusters["orlando"]
    orlando.failing.clear()
    nodes = orlando.reflection("nodes")
    nodes.store.set_columns(NODE_COLUMNS)
    nodes.live(clock.now(), a_row("orlando", "node-0", "Ready", "agent", "5d", "v1.20.2", namespace=""))
    orlando.usage_of_nodes = {"node-0": (500, 2**30)}
    orlando.allocatable = {"node-0": (2000, 4 * 2**30)}
    async with Resources(clusters, clock).open(ResourceRequest("nodes", ("orlando",))) as view:
        await clock.settle()
        view.drain()
        assert view.rows["orlando/-node-0"].cells[-4:] == ("500m", "25%", "1024Mi", "25%")


async def test_new_usage_of_many_pods_is_spread_over_drains(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    orlando = clusters["orlando"]
    del orlando.failing["pod_usage"]
    pods = orlando.reflection("pods")
    pods.store.set_columns(POD_COLUMNS)
    names = [f"web-{number}" for number in range(2500)]
    pods.live(clock.now(), *(a_row("orlando", name, "1/1", "Running", 0, "5d", "", "") for name in names))
    orlando.usage_of_pods = {("default", name): (1, 2**20) for name in names}
    async with Resources(clusters, clock).open(ResourceRequest("pods", ("orlando",))) as view:
        await clock.settle()
        view.drain()
        while (version := view.version) != view.version:
            view.drain()
        orlando.usage_of_pods = {("default", name): (2, 2**20) for name in names}
        await clock.advance(20)
        sizes = []
        while view.version != version:
            version = view.version
            sizes.append(len(view.drain().rows))
        assert [size for size in sizes if size] == [400, 400, 400, 400, 400, 400, 100]
        assert all(row.cells[-2] == "2m" for row in view.rows.values())


async def test_many_rows_come_in_several_drains_none_lost_and_none_askew(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    for name, cluster in clusters.items():
        services = cluster.reflection("services")
        services.store.set_columns(columns("Name", "Type"))
        services.live(clock.now(), *(a_row(name, f"web-{number:02d}", "ClusterIP") for number in range(10)))
    orlando = clusters["orlando"].reflection("services").store
    async with Resources(clusters, clock).open(ResourceRequest("services", BOTH)) as view:
        await clock.settle()
        assert len(view.drain(8).rows) == 8, "each stamp has its share"
        assert {row.stamp for row in view.rows.values()} == set(BOTH)
        orlando.remove("orlando/default-web-00")
        orlando.remove("orlando/default-web-09")
        orlando.set_columns(columns("Type", "Name"))
        for number in range(1, 9):
            name = f"web-{number:02d}"
            orlando.put(a_row("orlando", "ClusterIP", name, uid=f"default-{name}"))
        version = view.version
        drains = 0
        while view.version != version or not drains:
            version = view.version
            view.drain(8)
            drains += 1
            assert drains < 20
        assert len(view.rows) == 18
        assert {uid for uid in view.rows if uid.startswith("orlando")} == set(orlando.rows)
        at = [column.name for column in view.columns].index("Type")
        assert {row.cells[at] for row in view.rows.values()} == {"ClusterIP"}


async def test_a_dead_stamp_is_told_and_delays_nobody(clock: ManualClock, clusters: dict[str, FakeCluster]) -> None:
    clusters["seattle"].failing["reflect"] = refused("seattle")
    services = clusters["orlando"].reflection("services")
    services.live(clock.now(), a_row("orlando", "web"))
    async with Resources(clusters, clock).open(ResourceRequest("services", BOTH)) as view:
        settled = asyncio.create_task(view.settled(20))
        await clock.until(settled.done, limit_s=20)
        assert "orlando/default-web" in view.drain().rows
        assert view.states["orlando"].health is Health.LIVE
        assert view.states["seattle"].health is Health.DOWN
        assert view.states["seattle"].reason == "connection refused"


async def test_a_kind_that_one_stamp_does_not_serve_is_off_there(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    clusters["seattle"].reflection("things").fail(Health.OFF, "")
    async with Resources(clusters, clock).open(ResourceRequest("things", BOTH)) as view:
        await clock.settle()
        assert view.states["seattle"].health is Health.OFF
        assert view.states["seattle"].reason == "this stamp does not serve things"


async def test_texts_like_last_seen_know_when_they_were_printed(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    events = clusters["orlando"].reflection("events")
    events.store.set_columns(columns("Last Seen", "Reason"))
    events.live(clock.now(), a_row("orlando", "5s", "BackOff"))
    async with Resources(clusters, clock).open(ResourceRequest("events", ("orlando",))) as view:
        await clock.settle()
        assert [row.seen_at for row in view.drain().rows.values() if row] == [clock.now()]


async def test_kinds_are_the_union_and_a_dead_stamp_is_left_out(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    pods = ResourceKind("", "v1", "pods", "Pod", True)
    things = ResourceKind("example.org", "v1", "things", "Thing", True)
    clusters["orlando"].served = (pods, things)
    clusters["seattle"].served = (pods,)
    resources = Resources({**clusters, "dead": FakeCluster("dead"), "mute": FakeCluster("mute")}, clock)
    resources._clusters["dead"].failing["kinds"] = refused("dead")  # type: ignore[attr-defined]
    resources._clusters["mute"].hang.add("kinds")  # type: ignore[attr-defined]
    task = asyncio.create_task(resources.kinds())
    await clock.until(task.done, limit_s=15)
    assert task.result() == (pods, things)


async def test_namespaces_of_all_stamps(clock: ManualClock, clusters: dict[str, FakeCluster]) -> None:
    clusters["orlando"].objects[("namespaces", "", "default")] = {"metadata": {"name": "default"}}
    clusters["seattle"].failing["list_objects"] = refused("seattle")
    assert await Resources(clusters, clock).namespaces() == ("default",)


async def test_leaving_releases_everything_and_an_error_of_the_body_comes_out_as_it_is(
    clock: ManualClock, clusters: dict[str, FakeCluster]
) -> None:
    with pytest.raises(ValueError, match="mine"):
        async with Resources(clusters, clock).open(ResourceRequest("pods", BOTH)):
            await clock.settle()
            raise ValueError("mine")
    assert all(each.readers == 0 for cluster in clusters.values() for each in cluster.reflections.values())


async def test_an_unknown_stamp_is_a_mistake_of_the_caller(clock: ManualClock) -> None:
    with pytest.raises(UsageError, match="no stamp 'nowhere'"):
        async with Resources({}, clock).open(ResourceRequest("pods", ("nowhere",))):
            pass
