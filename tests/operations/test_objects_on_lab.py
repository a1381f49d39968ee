"""Resources, details, logs and the doctor against the lab over real sockets."""

from __future__ import annotations

from backends.model.fleet import Severity
from backends.model.health import Health
from backends.operations.doctor import Outcome
from backends.operations.logs import LogQuery
from backends.operations.resources import ResourceRequest
from tests.operations.conftest import OnLab
from tests.support.waiting import until

BOTH = ("orlando", "seattle")


async def test_pods_of_both_stamps_in_one_table_with_their_usage(two_stamps: OnLab) -> None:
    async with two_stamps.services.resources.open(ResourceRequest("po", BOTH)) as view:
        await view.settled(10)

        def has_usage() -> bool:
            view.drain()
            return view.columns[-1].name == "Memory" and all(state.is_live for state in view.usage_states.values())

        await until(has_usage, 10)
        await until(lambda: not view.drain(), 5)
        assert {row.stamp for row in view.rows.values()} == set(BOTH)
        assert all(len(row.cells) == len(view.columns) for row in view.rows.values())
        used = [row.cells[-1] for row in view.rows.values()]
        assert sum(str(cell).endswith("Mi") for cell in used) > len(used) / 2


async def test_rows_stay_while_one_stamp_is_gone_and_follow_again_after(two_stamps: OnLab) -> None:
    lab, resources = two_stamps.lab, two_stamps.services.resources
    async with resources.open(ResourceRequest("deployments", BOTH, namespace="default")) as view:
        await view.settled(10)
        view.drain()
        before = set(view.rows)
        assert {uid.split("/")[0] for uid in before} == set(BOTH)
        lab.boards["seattle"].set("link-cut")
        await until(lambda: view.states["seattle"].health is Health.DOWN, 10)
        view.drain()
        assert set(view.rows) == before
        assert view.states["orlando"].health is Health.LIVE
        lab.boards["seattle"].clear()
        await until(lambda: view.states["seattle"].health is Health.LIVE, 10)


async def test_a_crash_loop_is_explained_with_its_cause(quick_stamps: OnLab) -> None:
    details, lab = quick_stamps.services.details, quick_stamps.lab
    lab.boards["orlando"].set("pods-crashloop", "ratings-api")
    async with quick_stamps.services.resources.open(ResourceRequest("pods", ("orlando",), "default")) as view:

        def crashing() -> list[str]:
            view.drain()
            status = [column.name for column in view.columns].index("Status") if view.columns else 0
            return [row.name for row in view.rows.values() if row.cells[status] == "CrashLoopBackOff"]

        await until(crashing, 20)
    while True:  # at this speed a container may run for a moment again when it is looked at
        detail = await details.describe("orlando", "deployment", "ratings-api", "default")
        assert detail.gaps == ()
        if causes := [finding for finding in detail.findings if "keeps crashing" in finding.text]:
            break
    assert causes[0].severity is Severity.BAD
    assert "pod default/ratings-api-" in causes[0].text
    assert {child.kind for child in detail.children} == {"ReplicaSet", "Pod"}
    assert detail.events


async def test_logs_of_a_workload_on_both_stamps_come_in_order_and_survive_a_cut(two_stamps: OnLab) -> None:
    lab = two_stamps.lab
    query = LogQuery(BOTH, "default", "deployment/ratings-web", tail_lines=20)
    async with two_stamps.services.logs.open(query) as stream:
        await until(lambda: {line.stamp for line in stream.lines.read().items} == set(BOTH), 10)
        history = stream.lines.read().items
        assert [line.at for line in history] == sorted(line.at for line in history)
        lab.boards["seattle"].set("link-cut")
        await until(lambda: stream.states["seattle"].is_degraded, 10)
        assert stream.states["orlando"].health is Health.LIVE
        cut = stream.lines.end
        lab.boards["seattle"].clear()
        await until(lambda: any(line.stamp == "seattle" for line in stream.lines.read(cut).items), 15)
        lines = [line for line in stream.lines.read().items if line.stamp == "seattle"]
        keys = [(line.pod, line.timestamp, line.text) for line in lines]
        assert len(keys) == len(set(keys))


async def test_logs_without_follow_end(two_stamps: OnLab) -> None:
    query = LogQuery(BOTH, "default", "app=ratings-api", follow=False, tail_lines=5)
    async with two_stamps.services.logs.open(query) as stream:
        await until(lambda: stream.ended, 10)
        lines = stream.lines.read().items
        assert {line.stamp for line in lines} == set(BOTH)
        assert len(lines) <= 5 * len({(line.stamp, line.pod) for line in lines})


async def test_the_doctor_finds_all_well_and_names_what_is_not(two_stamps: OnLab) -> None:
    doctor, lab = two_stamps.services.doctor, two_stamps.lab
    checks = [check async for check in doctor.examine()]
    assert {check.stamp for check in checks if check.source != "journal"} == set(BOTH)
    assert not [check for check in checks if check.outcome is Outcome.FAIL]
    certificates = [check for check in checks if check.source == "certificate"]
    assert {check.stamp for check in certificates} == set(BOTH)
    assert all(check.outcome is Outcome.OK for check in certificates)
    assert any(check.what.startswith("the API's certificate is good for ") for check in certificates)
    lab.boards["seattle"].set("forbidden")
    lab.boards["orlando"].set("metrics-down")
    checks = [check async for check in doctor.examine()]
    failed = {(check.stamp, check.source) for check in checks if check.outcome is Outcome.FAIL}
    assert ("seattle", "pods") in failed
    assert all(stamp == "seattle" for stamp, _ in failed)
    metrics = next(check for check in checks if (check.stamp, check.source) == ("orlando", "metrics"))
    assert metrics.outcome is not Outcome.OK


async def test_the_doctor_tells_an_expired_certificate_and_since_when(two_stamps: OnLab) -> None:
    two_stamps.lab.boards["seattle"].set("cert-expired")
    checks = [check async for check in two_stamps.services.doctor.examine(("seattle",))]
    failed = [check.what for check in checks if check.source == "certificate" and check.outcome is Outcome.FAIL]
    assert "the TLS handshake fails" in failed
    assert any(what.startswith("the API's certificate expired ") for what in failed)
