"""The table keeps its place, its marks and its looks while everything around changes."""

from __future__ import annotations

import dataclasses
import os

import pytest
from textual.strip import Strip
from textual.theme import BUILTIN_THEMES

from screens.widgets import lit_cells, table_frames
from screens.widgets.live_table import LiveTable, TableColumn
from tests.screens.widgets.tables import TableApp, batch, columns, lines, make_row, settle
from tests.support.hostile import HARMFUL, PAYLOADS


def fast_table(**options: object) -> LiveTable:
    return LiveTable(columns(), frame_rate=lambda: 200.0, **options)  # type: ignore[arg-type]


async def test_everything_may_be_set_before_the_table_is_on_a_screen() -> None:
    table = LiveTable(frame_rate=lambda: 200.0)
    table.set_columns(columns())
    table.apply(batch(make_row(number, restarts=number) for number in range(20)))
    table.set_sort("restarts", True)
    table.set_filter(lambda row: row.name != "pod-00019")
    app = TableApp(table)
    async with app.run_test(size=(60, 6)) as pilot:
        await settle(pilot)
        assert lines(table)[1].startswith("  pod-00018")
        assert table.cursor_row is not None
        assert table.cursor_row.name == "pod-00018"


async def test_titles_and_rows_are_drawn_in_columns() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.apply(batch([make_row(1, restarts=7), make_row(2, "Pending")]))
        await settle(pilot)
        assert lines(app.table) == [
            "  NAME▲      READY  STATUS   RESTARTS",
            "  pod-00001  1/1    Running         7",
            "  pod-00002  1/1    Pending         0",
            *[""] * 3,
        ]
        app.table.set_sort("ready", True)
        await settle(pilot)
        assert lines(app.table)[0] == "  NAME       READY▼ STATUS   RESTARTS", "the mark takes no cell of its own"
        app.table.set_sort("restarts", True)
        await settle(pilot)
        assert lines(app.table)[0] == "  NAME       READY  STATUS   RESTARTS▼"
        assert {app.table.render_line(y).cell_length for y in range(3)} == {60}


async def test_not_loaded_empty_and_filtered_are_told_apart() -> None:
    app = TableApp(fast_table())
    app.table.set_empty_texts(not_loaded="reading pods", empty="no pods here", no_match="no pods match")
    async with app.run_test(size=(60, 6)) as pilot:
        assert "reading pods" in lines(app.table)[2]
        app.table.apply(batch())
        await settle(pilot)
        assert "no pods here" in lines(app.table)[2]
        app.table.apply(batch([make_row(1)]))
        app.table.set_filter(lambda row: False)
        await settle(pilot)
        assert "no pods match" in lines(app.table)[2]
        assert (app.table.shown_count, app.table.total_count) == (0, 1)
        app.table.clear()
        assert "reading pods" in lines(app.table)[2]


async def test_the_cursor_stays_on_its_object_and_line() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(100, 200)))
        await settle(pilot)
        assert app.table.cursor_row is not None
        await pilot.press(*["down"] * 30)
        assert app.table.cursor_row.uid == "orlando/00130"
        before = lines(app.table)
        app.table.apply(batch((make_row(number) for number in range(20)), gone=["orlando/00129"]))
        await settle(pilot)
        assert app.table.cursor_row.uid == "orlando/00130"
        line = next(y for y, text in enumerate(before) if "pod-00130" in text)
        assert "pod-00130" in lines(app.table)[line]
        app.table.set_sort("restarts", True)
        await settle(pilot)
        assert app.table.cursor_row.uid == "orlando/00130"
        app.table.apply(batch(gone=["orlando/00130"]))
        await settle(pilot)
        assert app.table.cursor_row is not None


async def test_rows_that_load_do_not_drag_an_unmoved_cursor_along() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch([make_row(50)]))
        await settle(pilot)
        app.table.apply(batch(make_row(number) for number in range(100)))
        await settle(pilot)
        assert app.table.cursor_row is not None
        assert app.table.cursor_row.uid == "orlando/00000"
        assert app.table.scroll_offset.y == 0


async def test_a_view_scrolled_by_the_wheel_stays_where_it_is() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(100, 200)))
        await settle(pilot)
        await pilot.press("down")
        app.table.scroll_to(y=50, animate=False, immediate=True)
        await pilot.pause()
        before = lines(app.table)
        app.table.apply(batch(make_row(number) for number in range(10)))
        await settle(pilot)
        assert lines(app.table) == before


async def test_marks_follow_rows_and_give_the_targets() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(20)))
        await settle(pilot)
        await pilot.press("down", "space", "down", "down", "ctrl+@")
        assert [row.name for row in app.table.targets] == ["pod-00001", "pod-00002", "pod-00003", "pod-00004"]
        assert lines(app.table)[2].startswith("● pod-00001")
        app.table.apply(batch(gone=["orlando/00002"]))
        await settle(pilot)
        assert app.table.marked == {"orlando/00001", "orlando/00003", "orlando/00004"}
        await pilot.press("ctrl+backslash")
        assert app.table.marked == frozenset()
        assert [row.uid for row in app.table.targets] == [app.table.cursor_row.uid]  # type: ignore[union-attr]


async def test_columns_are_sorted_by_keys_and_by_the_mouse() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number, restarts=-number) for number in range(20)))
        await settle(pilot)
        await pilot.press(*["shift+right"] * 3)
        assert app.table.sort == ("restarts", False)
        assert app.table.shown_rows[0].name == "pod-00019"
        assert "RESTARTS▲" in lines(app.table)[0]
        await pilot.press("shift+down")
        assert "RESTARTS▼" in lines(app.table)[0]
        assert app.table.shown_rows[0].name == "pod-00000"
        await pilot.click(LiveTable, offset=(4, 0))
        assert app.table.sort == ("name", False)
        sorts = [(seen.key, seen.reverse) for seen in app.seen if isinstance(seen, LiveTable.SortChanged)]
        assert sorts[-2:] == [("restarts", True), ("name", False)]


async def test_enter_and_a_double_click_select_a_row() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(20)))
        await settle(pilot)
        await pilot.press("down", "enter")
        await pilot.click(LiveTable, offset=(4, 5), times=2)
        await pilot.pause()
        chosen = [seen.row.name for seen in app.seen if isinstance(seen, LiveTable.RowSelected)]
        assert chosen == ["pod-00001", "pod-00004"]
        highlighted = [
            seen.row.name for seen in app.seen if isinstance(seen, LiveTable.RowHighlighted) and seen.row is not None
        ]
        assert highlighted == ["pod-00000", "pod-00001", "pod-00004"]


async def test_a_changed_cell_is_lit_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lit_cells, "LIT_S", 0.2)
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(5)))
        await settle(pilot)
        plain = [segment.style for segment in app.table.render_line(3) if "Running" in segment.text]
        app.table.apply(batch([make_row(2, "Failed")]))
        await settle(pilot)
        lit = [segment for segment in app.table.render_line(3) if "Failed" in segment.text]
        assert lit[0].style is not None
        assert plain[0] is not None
        assert lit[0].style.bgcolor != plain[0].bgcolor
        for _ in range(100):
            await pilot.pause(0.02)
            now = [segment.style for segment in app.table.render_line(3) if "Failed" in segment.text]
            if now[0] is not None and now[0].bgcolor == plain[0].bgcolor:
                break
        else:
            raise AssertionError("still lit")


async def test_only_changed_visible_lines_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(2_000)))
        await settle(pilot)
        drawn: list[int] = []
        render = app.table.render_line

        def note(y: int) -> Strip:
            drawn.append(y)
            return render(y)

        monkeypatch.setattr(app.table, "render_line", note)
        app.table.apply(batch(make_row(number, restarts=1) for number in (3, 900, 1_500)))
        await settle(pilot)
        assert set(drawn) == {4}
        drawn.clear()
        app.table.apply(batch(make_row(number, restarts=2) for number in range(1_000, 2_000)))
        await settle(pilot)
        assert drawn == []


async def test_ages_and_row_tones_are_read_again_as_time_goes_on() -> None:
    clock = {"age": 5, "tone": ""}
    age = TableColumn("age", "AGE", lambda row: f"{clock['age']}s", lambda row: row.created_at, ticking=True)
    table = LiveTable([*columns(), age], row_tone=lambda row: str(clock["tone"]) or None)
    app = TableApp(table)
    async with app.run_test(size=(60, 6)) as pilot:
        table.apply(batch([make_row(1), make_row(2)]))
        await settle(pilot)
        assert lines(table)[2].endswith("5s")
        before = table.render_line(2)
        clock.update(age=6, tone="dim")
        table.refresh_tones()
        assert lines(table)[2].endswith("6s")
        colours = {segment.style.color for segment in table.render_line(2) if segment.style and segment.text.strip()}
        assert colours == {table.get_component_rich_style("live-table--dim").color}
        assert table.render_line(2) is not before


async def test_a_narrow_screen_shrinks_flexible_columns_then_scrolls() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.apply(batch([make_row(1, name="a-name-that-is-much-too-long-for-this"), make_row(2)]))
        await settle(pilot)
        assert app.table.virtual_size.width == 40
        assert "a-name-" in lines(app.table)[1]
        assert "…" in lines(app.table)[1]
        await pilot.resize_terminal(30, 6)
        await pilot.pause()
        assert "RESTARTS" not in lines(app.table)[0]
        await pilot.press("right", "right")
        await pilot.pause()
        assert "RESTARTS" in lines(app.table)[0]
        await pilot.resize_terminal(80, 6)
        await pilot.pause()
        assert "a-name-that-is-much-too-long-for-this " in lines(app.table)[1] + " "


async def test_wide_characters_keep_the_columns_straight() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.apply(batch([make_row(1, name="日本語のポッド"), make_row(2, name="plain")]))
        await settle(pilot)
        assert {app.table.render_line(y).cell_length for y in range(6)} == {60}
        first, second = (app.table.render_line(y) for y in (1, 2))
        assert first.crop(0, 18).cell_length == 18
        assert first.crop(18, 60).text == second.crop(18, 60).text.replace("plain", "")


async def test_hostile_names_are_drawn_inert() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(90, len(PAYLOADS) + 5)) as pilot:
        app.table.apply(batch(make_row(number, name=f"pod {text}") for number, text in enumerate(PAYLOADS.values())))
        await settle(pilot)
        drawn = lines(app.table)
        assert sum("Running" in line for line in drawn) == len(PAYLOADS)
        assert not [line for line in drawn if HARMFUL.search(line)]
        assert any("[@click=app.quit()]x[/]" in line for line in drawn)


async def test_a_large_batch_is_folded_in_by_parts_with_time_for_keys_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_frames, "ROWS_AT_ONCE", 10)
    app = TableApp(LiveTable(columns(), frame_rate=lambda: 2.0))
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(25)))
        await settle(pilot)
        totals = [message.total for message in app.seen if isinstance(message, LiveTable.CountsChanged)]
        assert totals == [10, 20, 25]
        app.table.apply(batch((make_row(number) for number in range(25, 50)), gone=["orlando/00000"]))
        app.table.set_filter(lambda row: row.name != "pod-00049")
        assert (app.table.shown_count, app.table.total_count) == (48, 49), "a question is answered with all of them"


async def test_fifty_thousand_rows_and_a_storm() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.apply(batch(make_row(number) for number in range(50_000)))
        while app.table.total_count < 50_000:
            await pilot.pause()
        await pilot.press("end")
        assert app.table.cursor_row is not None
        assert app.table.cursor_row.uid == "orlando/49999"
        app.table.apply(batch(make_row(number, restarts=number) for number in range(0, 50_000, 7)))
        await pilot.pause(0.1)
        assert app.table.shown_count == 50_000
        assert app.table.cursor_row.uid == "orlando/49999"


async def test_columns_may_change_while_rows_stay() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.apply(batch([make_row(1), make_row(2)]))
        await settle(pilot)
        await pilot.press("down", "space")
        wide = dataclasses.replace(columns()[0], title="POD NAME")
        app.table.set_columns([wide, columns()[2]])
        await settle(pilot)
        assert lines(app.table)[:2] == ["  POD NAME▲  STATUS", "  pod-00001  Running"]
        assert app.table.cursor_row is not None
        assert app.table.cursor_row.uid == "orlando/00002"
        assert app.table.marked == {"orlando/00002"}


async def test_every_theme_gives_the_cursor_a_look_of_its_own() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.apply(batch([make_row(1), make_row(2)]))
        await settle(pilot)
        for theme in BUILTIN_THEMES:
            app.theme = theme
            await pilot.pause()
            cursor, row = (next(iter(app.table.render_line(y))).style for y in (1, 2))
            assert cursor != row, theme


async def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    app = TableApp(fast_table())
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.apply(batch([make_row(1, "Failed"), make_row(2)]))
        await settle(pilot)
        strip = app.screen._compositor.render_strips()[2]
        colours = {segment.style.color.triplet for segment in strip if segment.style and segment.style.color}
        assert all(triplet and triplet.red == triplet.green == triplet.blue for triplet in colours)


async def test_columns_give_way_to_a_scroll_bar_that_comes_with_the_rows() -> None:
    app = TableApp(fast_table())
    async with app.run_test(size=(46, 6)) as pilot:
        app.table.apply(batch(make_row(number, name=f"a-name-of-24-letters-{number:03d}") for number in range(3)))
        await settle(pilot)
        assert lines(app.table)[0].endswith("RESTARTS")
        app.table.apply(batch(make_row(number, name=f"a-name-of-24-letters-{number:03d}") for number in range(50)))
        await settle(pilot)
        assert app.table.show_vertical_scrollbar
        assert not app.table.show_horizontal_scrollbar
        assert lines(app.table)[0].endswith("RESTARTS")
        assert lines(app.table)[1].endswith(" 0")
