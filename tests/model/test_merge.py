from __future__ import annotations

import gc
import weakref

from backends.model.logs import LogLine
from backends.model.merge import LineMerger

OPENED = 1000.0


def line(at: float, pod: str) -> LogLine:
    return LogLine(at=at, stamp="orlando", namespace="default", pod=pod, container="c", text=f"{pod} {at}")


def texts(merger: LineMerger, now: float) -> list[str]:
    return [each.text for each in merger.due(now)]


def test_history_is_shown_in_order_though_new_lines_keep_coming() -> None:
    merger = LineMerger(0.0, history_until=OPENED)
    merger.add("a", [line(OPENED - 9, "a"), line(OPENED - 1, "a")], 0.1)
    merger.add("b", [line(OPENED - 5, "b")], 0.3)
    assert texts(merger, 0.35) == []
    for now in (0.4, 0.5, 0.6):
        merger.add("a", [line(OPENED + now, "a")], now)
    assert texts(merger, 0.61) == ["a 991.0", "b 995.0", "a 999.0"]
    assert texts(merger, 0.71) == ["a 1000.4"]


def test_late_history_of_another_source_is_waited_for_but_not_forever() -> None:
    merger = LineMerger(0.0, history_until=OPENED)
    merger.add("a", [line(OPENED - 1, "a")], 0.1)
    merger.add("b", [line(OPENED + 0.2, "b")], 0.35)
    assert texts(merger, 0.45) == [], "the first lines of any source are its history"
    for step in range(20):
        merger.add("a", [line(OPENED - 1 + step / 100, "a")], 0.4 + step / 10)
        if 0.4 + step / 10 < 2.0:
            assert texts(merger, 0.4 + step / 10) == []
    assert texts(merger, 2.4)[:2] == ["a 999.0", "a 999.0"]


class Source:
    """A container that is read."""


def test_sources_that_have_nothing_more_to_tell_are_not_kept() -> None:
    merger = LineMerger(0.0)
    known = []
    for number in range(500):
        source = Source()
        merger.add(source, [line(OPENED + number, "a")], number / 10)
        known.append(weakref.ref(source))
        del source
        merger.due(number / 10)
    gc.collect()
    alive = [each for each in known if each() is not None]
    assert len(alive) < 10, "only those whose lines are still held back"


def test_a_source_whose_clock_steps_back_keeps_its_own_order() -> None:
    merger = LineMerger(0.0, opening_s=0.0)
    told = []
    for number, at in enumerate((5.0, 9.0, 7.0, 6.0, 8.0, 3.0)):
        merger.add("a", [LogLine(OPENED + at, "orlando", "default", "a", "c", str(number))], number / 5)
        merger.add("b", [LogLine(OPENED + number, "orlando", "default", "b", "c", "b")], number / 5)
        told += [each.text for each in merger.due(number / 5)]
    told += [each.text for each in merger.due(99.0)]
    assert [text for text in told if text != "b"] == ["0", "1", "2", "3", "4", "5"]
