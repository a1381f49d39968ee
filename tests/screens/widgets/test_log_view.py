"""The log view follows, pauses, wraps, filters and searches without losing or reordering a line."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backends.model.logs import LogLine
from screens.widgets import log_finding, log_selection
from screens.widgets.log_buffer import LogBuffer, wrap_cells
from screens.widgets.log_matching import LineFilter, level_tone, search_pattern
from screens.widgets.log_selection import LogSelection
from screens.widgets.log_view import LogView
from tests.support.hostile import HARMFUL, PAYLOADS


def make_line(number: int, text: str = "") -> LogLine:
    return LogLine(
        at=float(number),
        stamp="orlando",
        namespace="default",
        pod=f"api-{number % 2}",
        container="api",
        text=text or f"line {number:05d}",
        timestamp="2026-11-23T08:00:00.123456789Z",
    )


class LogApp(App[None]):
    def __init__(self, capacity: int = 1_000) -> None:
        super().__init__()
        self.view = LogView(capacity=capacity, frame_rate=lambda: 200.0)
        self.told: list[tuple[bool, int]] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_log_view_follow_changed(self, message: LogView.FollowChanged) -> None:
        self.told.append((message.following, message.new_lines))


def shown(view: LogView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def settle(pilot: Pilot[None]) -> None:
    view = pilot.app.query_one(LogView)
    for _ in range(200):
        await pilot.pause(0.01)
        if not view.is_busy:
            await pilot.pause()
            return
    raise AssertionError("the view never came to rest")


async def test_the_end_is_followed_until_the_reader_scrolls_up() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(20)])
        await settle(pilot)
        assert shown(app.view)[-1] == "line 00019"
        await pilot.press("up", "up")
        app.view.append([make_line(number) for number in range(20, 27)])
        await settle(pilot)
        assert not app.view.following
        assert shown(app.view)[0] == "line 00013"
        assert shown(app.view)[-1].endswith("▼ 7 new")
        await pilot.press("G")
        await settle(pilot)
        assert shown(app.view)[-1] == "line 00026"
        assert app.told == [(False, 0), (False, 7), (True, 0)]


async def test_a_full_ring_drops_the_oldest_and_keeps_the_reader_in_place() -> None:
    app = LogApp(capacity=100)
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(100)])
        await settle(pilot)
        await pilot.press("pageup")
        before = shown(app.view)[:-1]
        app.view.append([make_line(number) for number in range(100, 120)])
        await settle(pilot)
        assert shown(app.view)[:-1] == before
        assert (app.view.total_count, app.view.lost_count) == (100, 20)
        app.view.append([make_line(number) for number in range(120, 1_000)])
        await settle(pilot)
        assert next(app.view.shown_text()) == "line 00900"


async def test_the_screen_moves_on_when_the_ring_is_full() -> None:
    app = LogApp(capacity=100)
    async with app.run_test(size=(40, 5)) as pilot:
        for start in range(0, 1_000, 50):
            app.view.append([make_line(number) for number in range(start, start + 50)])
            await settle(pilot)
            assert app.screen._compositor.render_strips()[-1].text.strip().startswith(f"line {start + 49:05d}")


async def test_long_lines_are_wrapped_and_unwrapped() -> None:
    app = LogApp()
    async with app.run_test(size=(20, 6)) as pilot:
        app.view.append([make_line(1), make_line(2, "x" * 30 + "日本語" * 4), make_line(3)])
        await settle(pilot)
        app.view.wrap = True
        await settle(pilot)
        assert [line.strip() for line in shown(app.view)] == [
            *("line 00001", "x" * 20, "x" * 10 + "日本語日本", "語日本語日本語", "line 00003", ""),
        ]
        app.view.wrap = False
        await settle(pilot)
        assert shown(app.view)[1] == "x" * 20
        await pilot.press("right")
        await settle(pilot)
        assert shown(app.view)[1].startswith("x" * 14 + "日本")


async def test_a_filter_shows_only_what_matches_also_of_new_lines() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(30)])
        app.view.set_filter("line 0002")
        await settle(pilot)
        assert [line for line in shown(app.view) if line] == [
            *[f"line 0002{digit}" for digit in range(5, 10)],
        ]
        app.view.append([make_line(200), make_line(20_002), make_line(7, "line 0002 again")])
        await settle(pilot)
        assert shown(app.view)[-1] == "line 0002 again"
        assert list(app.view.shown_text()) == [*[f"line 0002{n}" for n in range(10)], "line 0002 again"]
        app.view.set_filter("!LINE 0000[0-9]")
        assert app.view.shown_count == 33 - 10
        app.view.set_filter("")
        assert app.view.shown_count == 33
        with pytest.raises(ValueError, match="not a regular expression"):
            app.view.set_filter("a(")


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every slice of a filter be over after ten lines."""
    monkeypatch.setattr(log_selection, "LINES_AT_ONCE", 10)
    monkeypatch.setattr(log_finding, "FIRST_SLICE_S", 0.0)
    monkeypatch.setattr(log_finding, "SLICE_S", 0.0)


async def test_a_filter_of_very_many_lines_leaves_time_for_keys_and_new_lines(short_slices: None) -> None:
    app = LogApp(capacity=2_000)
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(2_000)])
        await settle(pilot)
        app.view.set_filter("line 0[0-9]*5$")
        assert app.view.is_busy
        assert app.view.shown_count == 2_000, "what is shown stays until all is found"
        app.view.append([make_line(number) for number in range(2_000, 2_100)])  # the oldest fall out meanwhile
        await settle(pilot)
        wanted = [f"line {number:05d}" for number in range(100, 2_100) if number % 10 == 5]
        assert list(app.view.shown_text()) == wanted
        assert shown(app.view)[-1] == "line 02095"


async def test_another_filter_takes_the_place_of_one_still_looked_for(short_slices: None) -> None:
    app = LogApp(capacity=2_000)
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(2_000)])
        await settle(pilot)
        app.view.set_filter("line 0")
        app.view.set_filter("line 00007")
        await settle(pilot)
        assert list(app.view.shown_text()) == ["line 00007"]
        app.view.set_filter("line 0000")
        assert list(app.view.shown_text()) == [f"line 0000{digit}" for digit in range(10)], "what is saved is complete"
        app.view.set_filter("line 0001")
        app.view.set_filter("")
        await settle(pilot)
        assert app.view.shown_count == 2_000


async def test_a_filter_while_paused_does_not_start_following() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 5)) as pilot:
        app.view.append([make_line(number) for number in range(100)])
        await settle(pilot)
        await pilot.press("up", "up")
        app.view.set_filter("line 0000")
        await settle(pilot)
        assert not app.view.following


async def test_lines_may_come_before_the_view_is_on_a_screen() -> None:
    app = LogApp()
    app.view.append([make_line(number) for number in range(100)])
    app.view.set_filter("line 0009")
    app.view.wrap = True
    async with app.run_test(size=(40, 5)) as pilot:
        await settle(pilot)
        assert shown(app.view)[-1] == "line 00099"


async def test_a_search_lights_matches_and_keeps_what_is_around() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 10)) as pilot:
        app.view.append([make_line(number, "needle here" if number in (10, 50, 90) else "") for number in range(100)])
        await settle(pilot)
        assert app.view.set_search("NEEDLE") == 3
        await settle(pilot)
        assert shown(app.view)[0] == "needle here"  # line 90 is the first of the last ten
        assert shown(app.view)[1] == "line 00091"
        match = [segment for segment in app.view.render_line(0) if segment.text == "needle"]
        assert match[0].style is not None
        assert match[0].style.bgcolor == app.view.get_component_rich_style("log-view--match").bgcolor
        assert not app.view.following
        await pilot.press("N")
        assert "line 00049" in shown(app.view)
        assert app.view.find_previous()
        assert not app.view.find_previous()
        await pilot.press("n")
        assert "line 00051" in shown(app.view)
        assert app.view.set_search("") == 0


async def test_prefix_timestamps_and_marks() -> None:
    app = LogApp()
    async with app.run_test(size=(60, 5)) as pilot:
        app.view.set_prefix(lambda line: (f"{line.stamp} {line.pod}", "accent"))
        app.view.append([make_line(1), make_line(2)])
        await settle(pilot)
        assert shown(app.view)[0] == "orlando api-1 line 00001"
        app.view.timestamps = True
        app.view.add_mark("here")
        await settle(pilot)
        assert shown(app.view)[1] == "2026-11-23 08:00:00.123 orlando api-0 line 00002"
        assert shown(app.view)[2].startswith("──── here ──")
        app.view.set_filter("nothing like it")
        await settle(pilot)
        assert [line[:9] for line in shown(app.view)] == ["──── here", "", "", "", ""]
        assert "line 00001" not in app.view.visible_text()


async def test_hostile_lines_are_drawn_inert() -> None:
    app = LogApp()
    async with app.run_test(size=(300, 4 * len(PAYLOADS))) as pilot:
        app.view.set_prefix(lambda line: (line.pod, "warn"))
        for payload in PAYLOADS.values():
            line = make_line(1, f"ERROR {payload} and more")
            app.view.append([make_line(1, payload), msgspec.structs.replace(line, pod=payload, timestamp=payload)])
            app.view.add_mark(payload)
        app.view.timestamps = True
        await settle(pilot)
        drawn = shown(app.view)
        assert sum("and more" in line for line in drawn) == len(PAYLOADS)
        assert not [line for line in drawn if HARMFUL.search(line)]
        assert not HARMFUL.search("".join(app.view.shown_text()))


def choose(buffer: LogBuffer, text: str) -> None:
    wanted = LineFilter.parse(text)
    if wanted is None:
        buffer.show_all()
    else:
        selection = LogSelection(buffer, wanted)
        assert selection.go_on(None)
        buffer.show_only(selection.numbers(), wanted)


TEXTS = st.lists(st.text(st.sampled_from("ab 日é"), max_size=30), max_size=20)


@settings(deadline=None)
@given(
    st.lists(TEXTS, max_size=6), st.integers(5, 40), st.sampled_from([None, 4, 11]), st.sampled_from(["", "a", "!b"])
)
def test_the_buffer_kept_line_by_line_equals_one_made_at_once(
    batches: list[list[str]], capacity: int, width: int | None, wanted: str
) -> None:
    step, whole = LogBuffer(capacity), LogBuffer(capacity)
    step.set_wrap(width)
    choose(step, wanted)
    for texts in batches:
        step.append([make_line(0, text or " ") for text in texts])
        step.trim()
    everything = [make_line(0, text or " ") for texts in batches for text in texts]
    whole.append(everything[-capacity:])
    choose(whole, wanted)
    whole.set_wrap(width)
    assert step.texts == whole.texts
    assert step.rows.count == whole.rows.count
    for row in range(step.rows.count):
        index, part = step.rows.line_at(row)
        assert (index, part) == whole.rows.line_at(row)
        assert step.rows.row_of(index) + part == row
        assert step.text(step.number_at(index)) == whole.text(whole.number_at(index))


@given(st.text(st.sampled_from("ab日é ")), st.integers(2, 9))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    assert "".join(wrap_cells(text, width)) == text


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("2026-11-23T08:00:00Z ERROR cannot connect", "bad"),
        ('{"level":"error","msg":"x"}', "bad"),
        ("level=fatal msg=x", "bad"),
        ("E1123 08:00:00.000 1 reflector.go:1] x", "bad"),
        ("panic: runtime error", "bad"),
        ("W1123 08:00:00.000 1 x", "warn"),
        ("[WARNING] low disk", "warn"),
        ("DEBUG cache hit", "dim"),
        ("0 errors, all warnings fixed", None),
        ("GET /error 200", None),
    ],
)
def test_levels(text: str, tone: str | None) -> None:
    assert level_tone(text) == tone


def test_a_search_for_plain_text_is_not_an_expression() -> None:
    assert search_pattern("a b").search("xA B")
    assert search_pattern("a.b").search("axb")


@pytest.mark.parametrize("text", ["a{99999999999999}", "(" * 5000, "[["])
def test_an_expression_that_cannot_be_is_a_mistake_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a regular expression: .* at position"):
        search_pattern(text)
