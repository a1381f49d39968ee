"""Timestamps on the wire of a lab that runs ahead of the clock: never in the future, and the same when read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.clock import LabClock, rfc3339, rfc3339_micro
from backends.lab.wire_times import WireTimes

STARTED = 1_793_448_000.25
_SPEEDS = st.sampled_from([2.0, 7.5, 20.0, 100.0, 1000.0])


def times(speed: float) -> WireTimes:
    clock = LabClock(speed)
    clock.started_wall_s = STARTED
    return WireTimes(clock)


def stamp(at: float, digits: int) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(at * 1e6))
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06d}" if digits else "") + "Z"


@given(speed=_SPEEDS, after=st.floats(-1e6, 1e6), digits=st.sampled_from([0, 6]))
def test_what_a_client_writes_it_reads_again(speed: float, after: float, digits: int) -> None:
    body = json.dumps({"at": stamp(STARTED + after, digits)}).encode()
    translation = times(speed)
    assert translation.shown(translation.understood(body)) == body


@given(speed=_SPEEDS, elapsed=st.floats(0, 1e5))
def test_nothing_is_told_before_it_happened(speed: float, elapsed: float) -> None:
    translation = times(speed)
    for text in (rfc3339(STARTED + elapsed * speed), rfc3339_micro(STARTED + elapsed * speed)):
        shown = json.loads(translation.shown(json.dumps({"at": text}).encode()))["at"]
        assert datetime.fromisoformat(shown).timestamp() <= STARTED + elapsed + 1e-5


@pytest.mark.parametrize("speed", [0.5, 1.0])
def test_at_the_machines_pace_nothing_is_changed(speed: float) -> None:
    body = b'{"at":"2099-01-02T03:04:05Z"}'
    assert times(speed).shown(body) is body
    assert times(speed).understood(body) is body


@pytest.mark.parametrize(
    "text",
    [
        '{"text":"it was 2099-01-02T03:04:05Z then"}',
        '{"note":"{\\"at\\":\\"2099-01-02T03:04:05Z\\"}"}',
        '{"at":"2099-01-02T03:04:05+01:00"}',
        '{"at":"1999-01-02T03:04:05Z"}',
    ],
)
def test_other_texts_and_times_before_the_start_stay(text: str) -> None:
    assert times(20).shown(text.encode()) == text.encode()


def test_yaml_is_translated_too() -> None:
    assert times(20).shown(b"at: '2099-01-02T03:04:05Z'\n") != b"at: '2099-01-02T03:04:05Z'\n"


def test_both_ways_for_numbers() -> None:
    translation = times(20)
    assert translation.real(STARTED + 200) == pytest.approx(STARTED + 10)
    assert translation.simulated(STARTED + 10) == pytest.approx(STARTED + 200)
    assert translation.real(STARTED - 5) == STARTED - 5
