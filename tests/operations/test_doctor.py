"""The doctor: one check for each source, each failure named once with its reason and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from backends.errors import CertificateRejected, Forbidden, NotFound, Throttled, Unauthorized
from backends.model.checks import Certificate
from backends.operations.doctor import Check, Doctor, Outcome
from tests.support.clock import ManualClock
from tests.support.fakes import NODE_COLUMNS, FakeCluster, FakeProbe, columns, refused

DAY_S = 86400


class KnowingCluster(FakeCluster):
    """A cluster that also knows its clock and its certificates."""

    def __init__(self, name: str, expires_at: float, skew_s: float = 0.0) -> None:
        super().__init__(name)
        self.clock_skew_s = skew_s
        self.expires_at = expires_at

    async def certificates(self) -> Sequence[Certificate]:
        await self._called("certificates")
        return (Certificate("client", self.expires_at, "CN=client"),)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cluster(clock: ManualClock) -> KnowingCluster:
    found = KnowingCluster("orlando", clock.now() + 400 * DAY_S)
    nodes = found.reflection("nodes")
    nodes.store.set_columns(NODE_COLUMNS)
    nodes.live(clock.now())
    found.usage_of_nodes = {"node-0": (1, 1)}
    return found


async def examine(clock: ManualClock, doctor: Doctor, *stamps: str) -> list[Check]:
    found: list[Check] = []

    async def collect() -> None:
        found.extend([check async for check in doctor.examine(stamps)])

    task = asyncio.create_task(collect())
    await clock.until(task.done, limit_s=60)
    await task
    return found


def one(checks: list[Check], source: str) -> Check:
    (found,) = [check for check in checks if check.source == source]
    return found


async def test_all_is_well(clock: ManualClock, cluster: KnowingCluster) -> None:
    checks = await examine(clock, Doctor({"orlando": cluster}, {"orlando": FakeProbe(clock)}, clock))
    assert {check.outcome for check in checks} == {Outcome.OK}
    assert {"api", "credentials", "certificate", "pods", "logs", "tables", "metrics", "clock", "application"} <= {
        check.source for check in checks
    }
    assert one(checks, "certificate").what == "our client certificate is good for 400 days"


@pytest.mark.parametrize(
    ("error", "source", "outcome", "why"),
    [
        (refused("orlando"), "api", Outcome.FAIL, "connection refused"),
        (CertificateRejected("TLS", why="expired"), "certificate", Outcome.FAIL, "expired"),
        (Unauthorized("API", why="token revoked"), "credentials", Outcome.FAIL, "token revoked"),
        (Forbidden("API", why="no rule"), "credentials", Outcome.FAIL, "no rule"),
        (Throttled("API", why="429"), "api", Outcome.WARN, "429"),
    ],
)
async def test_what_keeps_us_out_is_named_and_what_is_behind_it_is_not_asked(
    clock: ManualClock, error: Exception, source: str, outcome: Outcome, why: str
) -> None:
    cluster = FakeCluster("orlando")
    cluster.failing["version"] = error
    checks = await examine(clock, Doctor({"orlando": cluster}, {}, clock))
    assert (one(checks, source).outcome, one(checks, source).why) == (outcome, why)
    assert {check.outcome for check in checks if check.source != source} == {Outcome.OFF}
    assert [call[0] for call in cluster.calls] == ["version"]


async def test_a_silent_stamp_delays_no_other(clock: ManualClock, cluster: KnowingCluster) -> None:
    silent = FakeCluster("seattle")
    silent.hang.add("version")
    checks = await examine(clock, Doctor({"seattle": silent, "orlando": cluster}, {}, clock))
    assert [check.stamp for check in checks].index("orlando") == 1  # after seattle's application, which is not asked
    last = checks.index(next(check for check in checks if check.stamp == "seattle" and check.source == "api"))
    assert all(check.stamp == "seattle" for check in checks[last:])
    assert "no answer in time" in checks[last].why


async def test_missing_permissions_are_named_by_verb(clock: ManualClock, cluster: KnowingCluster) -> None:
    cluster.allowed = lambda verb, kind: (not (kind == "pods" and verb == "watch"), "no RBAC rule")
    check = one(await examine(clock, Doctor({"orlando": cluster}, {}, clock)), "pods")
    assert check.outcome is Outcome.FAIL
    assert check.what == "not allowed to watch"
    assert check.why == "no RBAC rule"
    assert "have a role that allows watch on pods" in check.todo


async def test_weaknesses_behind_the_door(clock: ManualClock, cluster: KnowingCluster) -> None:
    cluster.failing["node_usage"] = NotFound("metrics", why="not served")
    cluster.reflection("nodes").store.set_columns(columns("Name", "Age"))
    cluster.clock_skew_s = -95
    cluster.expires_at = clock.now() + 9 * DAY_S
    probe = FakeProbe(clock)
    probe.reason = "HTTP 503"
    checks = await examine(clock, Doctor({"orlando": cluster}, {"orlando": probe}, clock), "orlando")
    assert one(checks, "metrics").outcome is Outcome.OFF
    assert one(checks, "tables").outcome is Outcome.WARN
    assert one(checks, "clock").what == "the API's clock is 95 s behind ours"
    assert one(checks, "certificate").what == "our client certificate expires in 9 days"
    assert (one(checks, "application").outcome, one(checks, "application").why) == (Outcome.FAIL, "HTTP 503")


async def test_an_expired_certificate(clock: ManualClock, cluster: KnowingCluster) -> None:
    cluster.expires_at = clock.now() - 3 * DAY_S
    check = one(await examine(clock, Doctor({"orlando": cluster}, {}, clock)), "certificate")
    assert (check.outcome, check.what) == (Outcome.FAIL, "our client certificate expired 3 days ago")


async def test_a_defect_of_one_check_is_told_and_the_rest_goes_on(clock: ManualClock, cluster: KnowingCluster) -> None:
    broken = FakeCluster("seattle")
    broken.failing["version"] = KeyError("surprise")
    checks = await examine(clock, Doctor({"seattle": broken, "orlando": cluster}, {}, clock))
    assert one([check for check in checks if check.stamp == "seattle"], "api").outcome is Outcome.FAIL
    assert one([check for check in checks if check.stamp == "orlando"], "api").outcome is Outcome.OK


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("version", {"api"}),
        ("certificates", {"certificate"}),
        ("node_usage", {"metrics"}),
        ("reflect", {"tables"}),
        ("may", {"nodes", "pods", "deployments.apps", "logs"}),
    ],
)
async def test_a_defect_of_any_check_loses_none_of_the_others(
    clock: ManualClock, cluster: KnowingCluster, call: str, lost: set[str]
) -> None:
    well = {check.source for check in await examine(clock, Doctor({"orlando": cluster}, {}, clock))}
    cluster.failing[call] = AttributeError("no such thing")
    probes = {"orlando": FakeProbe(clock)}
    checks = await examine(clock, Doctor({"orlando": cluster}, probes, clock))
    assert "doctor" not in {check.source for check in checks}
    for source in lost:
        assert one(checks, source).outcome in (Outcome.FAIL, Outcome.WARN)
        assert "no such thing" in one(checks, source).why
    assert one(checks, "application").outcome is Outcome.OK
    if call == "version":  # nothing is asked of an API that is not known to let us in
        assert {one(checks, each).outcome for each in ("metrics", "tables", "logs")} == {Outcome.OFF}
    else:
        assert {check.source for check in checks} == well


async def test_a_probe_that_fails_as_nobody_expected_loses_nothing_of_the_api(
    clock: ManualClock, cluster: KnowingCluster
) -> None:
    probe = FakeProbe(clock)
    probe.failing = ZeroDivisionError("a defect")
    checks = await examine(clock, Doctor({"orlando": cluster}, {"orlando": probe}, clock))
    assert one(checks, "application").outcome is Outcome.FAIL
    assert "report it" in one(checks, "application").todo
    assert one(checks, "api").outcome is Outcome.OK


async def test_a_check_of_no_stamp_is_among_them_and_one_that_fails_itself_costs_no_other(
    clock: ManualClock, cluster: KnowingCluster
) -> None:
    async def well() -> Check:
        return Check("", "journal", Outcome.OK, "the chain holds")

    async def broken() -> Check:
        raise RuntimeError("no such table")

    checks = await examine(clock, Doctor({"orlando": cluster}, {}, clock, of_fleet=(broken, well)))
    assert one(checks, "journal").what == "the chain holds"
    assert (one(checks, "doctor").outcome, one(checks, "doctor").stamp) == ("fail", "")
    assert any(check.stamp == "orlando" for check in checks)
