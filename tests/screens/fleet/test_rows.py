from __future__ import annotations

import pytest
from msgspec.structs import replace

from backends.model.fleet import PodCounts, ProbeSample, Usage
from backends.model.health import Health, SourceState
from screens.fleet.board import Arrangement, arrange
from screens.fleet.dense import dense_lines
from screens.fleet.rows import BLOCK_LINES, block_lines, verdict_line
from screens.glyphs import ASCII, UNICODE
from screens.lines import as_text, width_of
from screens.overview import skeleton
from tests.screens.stage import NOW, down_stamp, fleet_of, live_stamp, stamp


def block(snapshot: object, width: int = 56, glyphs: object = UNICODE) -> str:
    return as_text(block_lines(snapshot, NOW, width, glyphs))  # type: ignore[arg-type]


def test_a_live_block_says_everything() -> None:
    said = block(live_stamp())
    for words in (
        "● LIVE  confirmed 2s ago",
        "v1.20.2",
        "5/5 ready",
        "1 failing  1 pending  41 running",
        "6/7 workloads ready",
        "3 restarts  2 warnings",
        " 39%  3.1/8.0",
        " 54%  13Gi/24Gi",
        "✓ 200 in 40 ms",
        "14 requests/min",
    ):
        assert words in said
    assert len(said.splitlines()) == BLOCK_LINES


def test_a_down_block_says_why_what_to_do_when_and_how_old() -> None:
    said = block(down_stamp())
    for words in ("✗ DOWN  for 41s", "refused the connection", "check that the API", "next try in 3s", "43s old"):
        assert words in said
    assert "5/5 ready" in said, "the kept numbers stay"
    assert "✓ 200" in said, "the application is another matter than the API"


@pytest.mark.parametrize("width", [36, 40, 56, 96])
@pytest.mark.parametrize("make", [live_stamp, down_stamp])
def test_lines_fit(width: int, make: object) -> None:
    lines = block_lines(make(), NOW, width, UNICODE)  # type: ignore[operator]
    assert len(lines) <= BLOCK_LINES
    assert all(width_of(each) <= width for each in lines)


def test_words_get_shorter_before_they_are_cut() -> None:
    assert "1 fail  1 pend  41 run" in block(live_stamp(), 36)


@pytest.mark.parametrize("width", [36, 40, 56, 96])
def test_pods_that_are_counted_say_when(width: int) -> None:
    pods = PodCounts(total=12_345, running=12_000, not_ready=40, pending=200, failing=55, terminating=20, finished=30)
    said = block(live_stamp(pods=pods, pods_counted_at=NOW - 40), width)
    (shown,) = (each for each in said.splitlines() if each.startswith("pods"))
    assert ("counted 40s ago" if width == 96 else "~40s  55 fail") in shown
    dense = as_text(dense_lines([live_stamp(pods=pods, pods_counted_at=NOW - 40)], 0, NOW, 120, UNICODE))
    assert "~40s  55 fail" in dense


def test_a_stamp_nobody_has_heard_of_is_not_an_alarm() -> None:
    assert "○ asking" in block(skeleton(stamp("orlando")))
    assert "RETRYING" not in block(live_stamp(api=SourceState(Health.RETRYING, "not asked yet")))


def test_usage_that_is_not_served_says_so() -> None:
    metrics = {"metrics": SourceState(Health.OFF, "metrics.k8s.io is not served")}
    assert "no numbers: metrics OFF" in block(live_stamp(usage=None, sources=metrics))


def test_a_source_that_is_ill_though_the_api_is_well_is_named() -> None:
    said = block(live_stamp(sources={"events": SourceState(Health.FORBIDDEN, "may not list events")}))
    assert "events FORBIDDEN may not list events" in said


def test_answers_of_another_stamp_and_no_answer_are_told() -> None:
    other = ProbeSample(NOW, True, 0.02, 200, served_by="seattle")
    assert "from seattle!" in block(live_stamp(probes=(other,)))
    none = ProbeSample(NOW, False, None, None, "timed out")
    assert "✗ no answer timed out" in block(live_stamp(probes=(none,)))


def test_an_answer_is_not_said_twice() -> None:
    bad = ProbeSample(NOW, False, 0.1, 503, "503 Service Unavailable")
    assert "✗ 503 Service Unavailable" in block(live_stamp(probes=(bad,)))
    silent = ProbeSample(NOW, False, None, None, "no answer within 3 s")
    assert "✗ no answer within 3 s" in block(live_stamp(probes=(silent,)))


def test_throttling_is_told_whatever_else_is_wrong() -> None:
    assert "14 requests/min  5 throttled (429)" in block(live_stamp(throttled_15m=5))
    ill = {"events": SourceState(Health.RETRYING, "the API asked to slow down (429), again in 2 s")}
    said = block(live_stamp(sources=ill, throttled_15m=5))
    assert "events RETRYING" in said
    assert "5 throttled (429)" in said
    slowed = SourceState(Health.RETRYING, "asked to slow down (429)", "it is asked again by itself")
    assert "5 throttled (429)" in block(live_stamp(api=slowed, throttled_15m=5), 60)


def test_ascii_has_no_other_character() -> None:
    usage = Usage(7900, 8000, 1, 24 * 2**30, NOW)
    said = block(live_stamp(usage=usage, pods=PodCounts(total=1, running=1)), 56, ASCII)
    assert said.isascii(), said


def test_dense_lines_fit_80_columns_with_reasons() -> None:
    stamps = [live_stamp("orlando"), down_stamp("seattle"), *(live_stamp(f"stamp-{n}") for n in range(6))]
    lines = dense_lines(stamps, 1, NOW, 78, UNICODE)
    assert all(width_of(each) <= 78 for each in lines)
    assert len(lines) == 1 + 8 + 1
    said = as_text(lines)
    assert "› seattle" in said
    assert "✗ DOWN 43s" in said
    assert "refused the connection" in said


@pytest.mark.parametrize(
    ("width", "height", "stamps", "wanted"),
    [
        (120, 28, 2, Arrangement(2, 1)),
        (80, 17, 2, Arrangement(2, 1)),
        (80, 17, 3, Arrangement(0, 0)),
        (200, 40, 8, Arrangement(4, 2)),
        (120, 40, 4, Arrangement(2, 2)),
        (30, 40, 1, Arrangement(0, 0)),
    ],
)
def test_arrangement(width: int, height: int, stamps: int, wanted: Arrangement) -> None:
    assert arrange(width, height, stamps) == wanted


def test_the_verdict_is_one_line_and_a_failure_to_start_takes_its_place() -> None:
    fleet = fleet_of(live_stamp(), down_stamp())
    assert as_text([verdict_line(fleet, "", 80, UNICODE)]) == "▲ DEGRADED  the service is up on 1 of 2 stamps"
    assert "NOT STARTED  no" in as_text([verdict_line(fleet, "no kubeconfig", 80, UNICODE)])
    assert width_of(verdict_line(replace(fleet), "x" * 200, 80, UNICODE)) == 80
