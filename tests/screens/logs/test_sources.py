from __future__ import annotations

from backends.model.logs import LogLine
from screens.logs.sources import REMEMBERED, RecentSources


def entry(pod: str) -> LogLine:
    return LogLine(0.0, "orlando", "default", pod, "web", "hello")


def test_a_source_is_new_once() -> None:
    sources = RecentSources()
    assert sources.note([entry("a"), entry("b"), entry("a")])
    assert not sources.note([entry("b")])
    assert sources.all() == {("orlando", "a", "web"), ("orlando", "b", "web")}
    sources.clear()
    assert sources.note([entry("b")])


def test_pods_that_are_replaced_for_days_do_not_pile_up() -> None:
    sources = RecentSources()
    sources.note([entry("keeps-writing"), entry("silent")])
    for number in range(5 * REMEMBERED):
        assert sources.note([entry(f"web-{number}"), entry("keeps-writing")])
    assert len(sources.all()) == REMEMBERED
    assert ("orlando", "keeps-writing", "web") in sources.all()
    assert ("orlando", "silent", "web") not in sources.all()
