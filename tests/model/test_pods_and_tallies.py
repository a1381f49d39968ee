"""Pods counted by change, restarts and warnings of the last quarter of an hour, nodes and workloads."""

from __future__ import annotations

import random

import pytest

from backends.model.fleet import PodCounts
from backends.model.pods import PodTally, pod_class, restarts_of
from backends.model.table import Row
from backends.model.tallies import NodeTally, WarningTally, WorkloadTally
from backends.model.timeline import workload_changes
from backends.model.window import RollingCount
from tests.support.fakes import DAEMONSET_COLUMNS, EVENT_COLUMNS, NODE_COLUMNS, POD_COLUMNS, a_row

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("ready", "status", "deleting", "expected"),
    [
        ("1/1", "Running", False, "running"),
        ("1/2", "Running", False, "not_ready"),
        ("1/2", "NotReady", False, "not_ready"),
        ("1/1", "Running", True, "terminating"),
        ("0/1", "Terminating", False, "terminating"),
        ("0/1", "Completed", False, "finished"),
        ("0/1", "Pending", False, "pending"),
        ("0/1", "ContainerCreating", False, "pending"),
        ("0/1", "Init:0/2", False, "pending"),
        ("0/1", "Init:CrashLoopBackOff", False, "failing"),
        ("0/1", "Init:Error", False, "failing"),
        ("0/1", "CrashLoopBackOff", False, "failing"),
        ("0/1", "ImagePullBackOff", False, "failing"),
        ("0/1", "OOMKilled", False, "failing"),
        ("0/1", "Evicted", False, "failing"),
        ("0/1", "ExitCode:3", False, "failing"),
        ("0/1", "Unknown", False, "failing"),
    ],
)
def test_what_a_status_counts_as(ready: str, status: str, deleting: bool, expected: str) -> None:
    assert pod_class(ready, status, deleting) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(3, (3, None)), ("3", (3, None)), ("3 (5m ago)", (3, 300.0)), ("", (0, None)), (None, (0, None))],
)
def test_restarts(cell: object, expected: tuple[int, float | None]) -> None:
    assert restarts_of(cell) == expected  # type: ignore[arg-type]


def a_pod(name: str, status: str = "Running", restarts: object = 0, ready: str = "1/1", age_s: float = 9e5) -> Row:
    return a_row("o", name, ready, status, restarts, "5d", "", "", created_at=NOW - age_s)  # type: ignore[arg-type]


def a_tally() -> PodTally:
    tally = PodTally()
    tally.set_columns(POD_COLUMNS)
    return tally


def test_counts_folded_from_changes_equal_counts_from_scratch() -> None:
    chance = random.Random(7)
    tally, pods = a_tally(), {}
    for _ in range(300):
        changes: dict[str, Row | None] = {}
        for _ in range(chance.randrange(20)):
            row = a_pod(f"p{chance.randrange(60)}", chance.choice(["Running", "Pending", "Error", "Completed"]))
            changes[row.uid] = None if chance.random() < 0.3 else row
        pods.update(changes)
        tally.apply(changes, NOW)
    fresh = a_tally()
    fresh.apply({uid: row for uid, row in pods.items() if row}, NOW)
    assert tally.counts() == fresh.counts()
    assert tally.counts() != PodCounts()


def test_restarts_of_the_last_quarter_of_an_hour() -> None:
    tally = a_tally()
    first = [
        a_pod("long-ago", restarts=40),
        a_pod("recent", restarts="9 (4m ago)"),
        a_pod("older", restarts="9 (20m ago)"),
        a_pod("new", restarts=3, age_s=300),
    ]
    tally.apply({row.uid: row for row in first}, NOW)
    assert tally.restarts(NOW) == 1 + 3
    again = [a_pod("long-ago", restarts=42), a_pod("recent", restarts="9 (5m ago)")]
    tally.apply({row.uid: row for row in again}, NOW + 60)
    assert tally.restarts(NOW + 60) == 1 + 3 + 2
    assert tally.restarts(NOW + 60 + 901 + 15) == 0


def test_without_a_status_column_nothing_is_claimed() -> None:
    tally = PodTally()
    tally.apply({"o/x": a_row("o", "x")}, NOW)
    assert tally.counts() is None


def test_a_rolling_count_takes_times_out_of_order_and_stays_small() -> None:
    count = RollingCount(span_s=60)
    for second in range(10_000):
        count.add(NOW + second)
        count.add(NOW + second - 30)
        assert len(count._buckets) <= 62
    assert count.total(NOW + 9_999) == 61 + 31
    assert len(count._buckets) <= 62
    assert count.total(NOW + 99_999) == 0


def test_nodes_are_counted_by_their_status() -> None:
    tally = NodeTally()
    tally.set_columns(NODE_COLUMNS)
    statuses = ("Ready", "Ready,SchedulingDisabled", "NotReady", "NotReady,SchedulingDisabled", "Unknown")
    rows = [a_row("o", f"n{index}", status, "agent", "1d", "v1") for index, status in enumerate(statuses)]
    assert tally.apply({row.uid: row for row in rows}, NOW, primed=False) == []
    assert tally.counts() == (2, 5, 2)


def test_workloads_by_either_way_of_printing_readiness() -> None:
    tally = WorkloadTally(workload_changes("daemonset"))
    tally.set_columns(DAEMONSET_COLUMNS)
    rows = [a_row("o", "all", 3, 3, 3, 3, 3, "", "1d"), a_row("o", "some", 3, 3, 2, 3, 2, "", "1d")]
    tally.apply({row.uid: row for row in rows}, NOW, primed=False)
    assert tally.counts() == (1, 2)


def an_event(name: str, seen: str, count: int = 1, age_s: float = 0.0, reason: str = "BackOff") -> Row:
    return a_row(
        "o", seen, "Warning", reason, f"pod/{name}", "text", seen, count, name, uid=name, created_at=NOW - age_s
    )


def test_warnings_are_counted_by_occurrence() -> None:
    tally = WarningTally()
    tally.set_columns(EVENT_COLUMNS)
    first = [an_event("old", "40m"), an_event("series", "2m", 500, age_s=86400), an_event("fresh", "1m", 4, age_s=120)]
    assert tally.apply({row.uid: row for row in first}, NOW, primed=False) == []
    assert tally.total(NOW) == 0 + 1 + 4
    told = tally.apply({"o/fresh": an_event("fresh", "0s", 6, age_s=120)}, NOW + 5, primed=True)
    assert tally.total(NOW + 5) == 7
    assert [(entry.subject, entry.text) for entry in told] == [("pod/default/fresh", "BackOff: text")]
    assert tally.apply({"o/fresh": None}, NOW + 6, primed=True) == []
    assert tally.total(NOW + 6) == 7
