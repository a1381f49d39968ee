"""The one line about the service."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backends.model.fleet import ProbeSample, StampSnapshot, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.verdict import judge

LIVE = SourceState(Health.LIVE)


def asked(name: str, ok: bool | None = True, reason: str = "", status: int | None = None) -> StampSnapshot:
    probes = () if ok is None else (ProbeSample(1.0, ok, 0.02 if ok else None, status=status, reason=reason),)
    return StampSnapshot(name, application=LIVE if ok else SourceState(Health.RETRYING), probes=probes)


def judged(name: str, ready: int = 2, total: int = 2, api: SourceState = LIVE) -> StampSnapshot:
    return StampSnapshot(name, api=api, nodes_ready=3, nodes_total=3, workloads_ready=ready, workloads_total=total)


BY_WORKLOADS = "no application is configured to ask; judged by nodes and workloads, all is well on"


@pytest.mark.parametrize(
    ("stamps", "level", "text"),
    [
        ([asked("a"), asked("b")], "up", "the service is up on 2 of 2 stamps"),
        (
            [asked("a"), asked("b", False, "connection refused")],
            "degraded",
            "the service is up on 1 of 2 stamps: b does not answer (connection refused)",
        ),
        (
            [asked("a"), asked("b", False, status=503)],
            "degraded",
            "the service is up on 1 of 2 stamps: b answers wrongly (HTTP 503)",
        ),
        (
            [asked("a", False, "timed out"), asked("b", False)],
            "down",
            "the service is down on all 2 stamps: a does not answer (timed out); b does not answer",
        ),
        ([asked("a", False)], "down", "the service is down on its only stamp: a does not answer"),
        ([asked("a", None)], "unknown", "waiting for the service's first answer on its only stamp"),
        ([asked("a", None), asked("b", None)], "unknown", "waiting for the service's first answer on all 2 stamps"),
        (
            [asked("a", None), asked("b", False)],
            "unknown",
            "the service is up nowhere yet, 1 of 2 stamps asked: b does not answer; a has not been asked yet",
        ),
        (
            [asked("a"), asked("b", None)],
            "unknown",
            "the service is up on 1 of 2 stamps: b has not been asked yet",
        ),
        ([asked("a"), judged("b")], "up", "the service is up on 1 of 1 stamp"),
        ([judged("a"), judged("b")], "up", f"{BY_WORKLOADS} 2 of 2 stamps"),
        (
            [judged("a"), judged("b", ready=1)],
            "degraded",
            f"{BY_WORKLOADS} 1 of 2 stamps: b: 1 of 2 workloads ready",
        ),
        (
            [judged("a"), judged("b", api=SourceState(Health.DOWN, "refused"))],
            "unknown",
            f"{BY_WORKLOADS} 1 of 2 stamps: b: its API is DOWN (refused)",
        ),
        ([StampSnapshot("a")], "unknown", f"{BY_WORKLOADS} 0 of 1 stamp: nothing is known of a"),
        ([], "unknown", "no stamps are configured"),
    ],
)
def test_verdicts(stamps: list[StampSnapshot], level: str, text: str) -> None:
    verdict = judge(stamps)
    assert verdict.text == text
    assert verdict.level is VerdictLevel(level)


def test_a_service_that_answers_is_up_though_its_cluster_is_down() -> None:
    stamp = replace(asked("a"), api=SourceState(Health.DOWN, "refused"))
    assert judge([stamp]).level is VerdictLevel.UP
