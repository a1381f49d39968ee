"""What changed, in words, and how a storm of it stays readable."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backends.model.fleet import ProbeSample, Severity, StampSnapshot, TimelineEntry
from backends.model.health import Health, SourceState
from backends.model.storm import StormBreak
from backends.model.table import Row
from backends.model.timeline import CellReader, node_changes, stamp_changes, warning_changes, workload_changes
from tests.support.fakes import DEPLOYMENT_COLUMNS, EVENT_COLUMNS, NODE_COLUMNS, a_row

BASE = StampSnapshot("o", api=SourceState(Health.LIVE, as_of=1.0))


def api(health: Health, reason: str = "", as_of: float | None = 1.0) -> StampSnapshot:
    return replace(BASE, api=SourceState(health, reason, as_of=as_of))


def probed(ok: bool, reason: str = "") -> StampSnapshot:
    return replace(BASE, probes=(ProbeSample(1.0, ok, 0.02 if ok else None, reason=reason),))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BASE, BASE, []),
        (api(Health.RETRYING, as_of=None), BASE, [("info", "API is live")]),
        (BASE, api(Health.DOWN, "refused"), [("bad", "API is down: refused")]),
        (api(Health.DOWN, "refused"), api(Health.DOWN, "timed out"), []),
        (api(Health.DOWN), BASE, [("good", "API answers again")]),
        (api(Health.DOWN), api(Health.RETRYING), []),
        (BASE, api(Health.RETRYING, "reset"), [("warning", "API is being tried again: reset")]),
        (api(Health.RETRYING), BASE, [("info", "API is live again")]),
        (BASE, api(Health.UNAUTHORIZED), [("bad", "API refuses our credentials")]),
        (replace(BASE, kubernetes_version=""), replace(BASE, kubernetes_version="v1"), []),
        (
            replace(BASE, kubernetes_version="v1"),
            replace(BASE, kubernetes_version="v2"),
            [("info", "Kubernetes went from v1 to v2")],
        ),
        (BASE, probed(True), [("good", "application answers in 20 ms")]),
        (probed(True), probed(False, "HTTP 503"), [("bad", "application does not answer: HTTP 503")]),
        (probed(False), probed(True), [("good", "application answers again in 20 ms")]),
        (probed(False), BASE, []),
    ],
)
def test_a_stamp_as_a_whole(before: StampSnapshot, after: StampSnapshot, expected: list[tuple[str, str]]) -> None:
    assert [(str(entry.severity), entry.text) for entry in stamp_changes(before, after, 5.0)] == expected


def node(status: str, version: str = "v1.20.2") -> Row:
    return a_row("o", "n0", status, "agent", "1d", version, namespace="")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, node("Ready"), ["node joined"]),
        (node("Ready"), None, ["node was removed"]),
        (node("Ready"), node("NotReady"), ["node is not ready"]),
        (node("NotReady"), node("Ready"), ["node is ready"]),
        (node("Ready"), node("Ready,SchedulingDisabled"), ["cordoned"]),
        (node("Ready,SchedulingDisabled"), node("Ready"), ["uncordoned"]),
        (node("Ready"), node("NotReady,SchedulingDisabled"), ["node is not ready", "cordoned"]),
        (node("Ready"), node("Ready", "v1.21.0"), ["kubelet went from v1.20.2 to v1.21.0"]),
        (node("Ready"), node("Ready"), []),
    ],
)
def test_nodes(before: Row | None, after: Row | None, expected: list[str]) -> None:
    entries = node_changes(CellReader(NODE_COLUMNS), before, after, 5.0)
    assert [entry.text for entry in entries] == expected
    assert all(entry.subject == "node/n0" for entry in entries)


def web(ready: str, image: str = "web:v1") -> Row:
    return a_row("o", "web", ready, 2, 2, "1d", "web", image, "app=web")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (web("2/2"), web("1/2"), [("warning", "1 of 2 ready")]),
        (web("2/2"), web("0/2"), [("bad", "0 of 2 ready")]),
        (web("1/2"), web("0/2"), [("bad", "0 of 2 ready")]),
        (web("0/2"), web("1/2"), []),
        (web("1/2"), web("2/2"), [("good", "2 of 2 ready")]),
        (web("2/2"), web("2/4"), [("info", "scaled from 2 to 4"), ("warning", "2 of 4 ready")]),
        (web("2/2"), web("2/1"), [("info", "scaled from 2 to 1")]),
        (web("2/2"), web("2/2", "web:v2"), [("info", "rollout of web:v2")]),
        (None, web("0/2"), [("info", "was created")]),
        (web("2/2"), None, [("warning", "is gone")]),
    ],
)
def test_workloads(before: Row | None, after: Row | None, expected: list[tuple[str, str]]) -> None:
    entries = workload_changes("deployment")(CellReader(DEPLOYMENT_COLUMNS), before, after, 5.0)
    assert [(str(entry.severity), entry.text) for entry in entries] == expected
    assert all(entry.subject == "deployment/default/web" for entry in entries)


def test_warnings_of_one_reason_are_one_entry() -> None:
    rows = [
        a_row("o", "0s", "Warning", reason, f"pod/p{index}", "it is\nso", "0s", 1, "", uid=str(index))
        for index, reason in enumerate(["BackOff", "BackOff", "Unhealthy"])
    ]
    found = warning_changes(CellReader(EVENT_COLUMNS), rows, 5.0)
    assert [(entry.subject, entry.text, entry.count) for entry in found] == [
        ("pod/default/p0 and 1 more", "BackOff: it is so", 2),
        ("pod/default/p2", "Unhealthy: it is so", 1),
    ]


def entry(text: str, severity: Severity = Severity.WARNING) -> TimelineEntry:
    return TimelineEntry(0.0, "o", severity, "pod/x", text)


def test_a_repeat_is_held_and_told_with_its_count() -> None:
    storm = StormBreak("o", quiet_s=30)
    assert len(storm.fold([entry("a")], 0.0)) == 1
    assert [storm.fold([entry("a")], at) for at in (1.0, 2.0, 3.0)] == [[], [], []]
    (told,) = storm.fold([], 31.0)
    assert (told.text, told.count) == ("a", 3)
    assert storm.fold([], 62.0) == []
    assert len(storm.fold([entry("a")], 63.0)) == 1


def test_what_exceeds_the_rate_is_told_as_a_number_with_the_loudest_severity() -> None:
    storm = StormBreak("o", per_second=5, burst=10)
    first = storm.fold([entry(f"t{number}") for number in range(50)], 0.0)
    assert len(first) == 10
    second = storm.fold([entry("bad", Severity.BAD)], 1.0)
    assert second[0].text == "40 more changes: pod"
    assert second[0].severity is Severity.WARNING
    assert second[1].text == "bad"


def test_nothing_grows_without_bound() -> None:
    storm = StormBreak("o")
    told = 0
    for tick in range(200):
        told += len(storm.fold([entry(f"{tick}-{number}") for number in range(100)], tick * 0.25))
    assert told <= 20 + 50 * 5
    assert len(storm._held) <= 2000
