"""Operations put together from events, and what each of them says."""

from __future__ import annotations

from itertools import count
from typing import Any

from backends.model.journal import Author, EventKind, JournalEvent
from backends.model.recorded import OPEN, RecordedOperation, event_lines, put_together, told

ALICE = Author("alice", "bastion", "1:2:3:4")
_numbers = count(1)


def an_event(operation: str, kind: EventKind, **data: Any) -> JournalEvent:
    number = next(_numbers)
    return JournalEvent(number, operation, 1000.0 + number, kind, ALICE, "orlando" if operation else "", data)


def an_intent(operation: str, **more: Any) -> JournalEvent:
    target = {"kind": "node", "name": "k8s-linuxpool-0", "namespace": None}
    data = {"action": "drain", "target": target, "summary": "drain k8s-linuxpool-0", "command": "kubectl drain", **more}
    return an_event(operation, EventKind.INTENT, **data)


def one(*events: JournalEvent) -> RecordedOperation:
    (operation,) = put_together(events)
    return operation


def test_operations_come_newest_first_each_with_its_events() -> None:
    first, second = an_intent("a"), an_intent("b")
    step, armed = an_event("a", EventKind.STEP, pod="web-1"), an_event("", EventKind.ARMED)
    disarmed = an_event("", EventKind.DISARMED)
    found = put_together([first, second, step, armed, disarmed])
    assert [each.events for each in found] == [(disarmed,), (armed,), (second,), (first, step)]


def test_an_operation_is_open_until_it_has_an_outcome() -> None:
    intent, step = an_intent("a"), an_event("a", EventKind.STEP, text="evicted web-1")
    operation = one(intent, step)
    assert (operation.is_open, operation.result, operation.ended_at) == (True, OPEN, None)
    assert operation.why == "evicted web-1"
    outcome = an_event("a", EventKind.OUTCOME, result="done", what="drained", why="no pods left")
    ended = one(intent, step, outcome)
    assert (ended.is_open, ended.result, ended.ended_at) == (False, "done", outcome.at)
    assert ended.why == "drained: no pods left"
    assert (ended.action, ended.target, ended.stamp) == ("drain", "node/k8s-linuxpool-0", "orlando")


def test_a_refusal_tells_its_step_and_an_override_its_reason() -> None:
    refused = an_event(
        "a", EventKind.REFUSED, action="scale", summary="scale web", step="preconditions", why="degraded"
    )
    operation = one(refused)
    assert (operation.result, operation.why, operation.summary) == ("refused", "preconditions: degraded", "scale web")
    overridden = one(an_intent("b", overrides=["others-serve"], reason="agreed with bob"))
    assert (overridden.overrides, overridden.reason) == (("others-serve",), "agreed with bob")


def test_what_is_no_change_is_told_by_its_own_word() -> None:
    operation = one(an_event("", EventKind.ARMED, minutes=15))
    assert (operation.result, operation.action, operation.target) == ("armed", "armed", "")
    assert operation.summary == "writing armed: minutes=15"


def test_events_of_another_version_are_still_told() -> None:
    odd = [
        an_event("a", EventKind.INTENT),
        an_event("a", EventKind.STEP, items=[{"pod": "web-1"}], n=3),
        an_event("a", EventKind.OUTCOME, result=7, why=None),
        an_event("b", EventKind.REFUSED, target="node", overrides="all"),
    ]
    for each in odd:
        assert isinstance(told(each), str)
    for operation in put_together(odd):
        assert operation.result in ("", "refused")
        assert (operation.target, operation.overrides) == ("", ())


def test_an_event_is_told_in_full_line_by_line() -> None:
    event = an_intent(
        "a", diff="-a\n+b", locked_on=["orlando", "seattle"], parameters={"n": 1, "deep": {"x": [1]}}, why=""
    )
    assert event_lines(event) == [
        ("action", "drain"),
        ("target", "kind=node, name=k8s-linuxpool-0"),
        ("summary", "drain k8s-linuxpool-0"),
        ("command", "kubectl drain"),
        ("diff", "-a"),
        ("", "+b"),
        ("locked_on", "orlando, seattle"),
        ("parameters", '{"n": 1, "deep": {"x": [1]}}'),
    ]
