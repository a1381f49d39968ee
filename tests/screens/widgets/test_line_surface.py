"""Lines that skip Textual's machinery must look exactly as if they had gone through it."""

from __future__ import annotations

from typing import Any

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from backends.model.logs import LogLine
from screens.output.ascii_lines import AsciiLines
from screens.widgets.line_surface import LineSurface
from screens.widgets.live_table import LiveTable
from screens.widgets.log_view import LogView
from tests.screens.widgets.tables import batch, columns, make_row


class SurfacesApp(App[None]):
    """A table and a log, side by side."""

    CSS = """
    Screen { layout: horizontal; }
    .-boxed { border: round $primary; padding: 1; }
    """

    def __init__(self, *filters: LineFilter) -> None:
        super().__init__()
        self._filters += filters

    def compose(self) -> ComposeResult:
        yield LiveTable(columns(), frame_rate=lambda: 200.0)
        yield LogView(frame_rate=lambda: 200.0)

    def fill(self) -> None:
        states = ("Running", "Pending", "Failed")
        self.query_one(LiveTable).apply(batch(make_row(number, states[number % 3]) for number in range(60)))
        words = ("ERROR", "WARN", "debug")
        texts = [f"{number} │ {words[number % 3]} …" for number in range(60)]
        self.query_one(LogView).append([LogLine(1.0, "orlando", "default", "w-1", "web", text, "") for text in texts])


def cells(strip: Strip, width: int) -> list[tuple[str, Any]]:
    """Return what each cell shows, as far as the widget draws it itself."""
    return [(character, style) for text, style, _ in strip.crop(0, width) for character in text]


def both_ways(view: LineSurface) -> tuple[list[Any], list[Any]]:
    size, width = view.size, view.scrollable_content_region.width
    everything = Region(0, 0, size.width, size.height)
    view._styles_cache.clear()
    ours = [cells(strip, width) for strip in view.render_lines(everything)]
    view._styles_cache.clear()
    stock = [cells(strip, width) for strip in ScrollView.render_lines(view, everything)]
    return ours, stock


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord"])
@pytest.mark.parametrize("filters", [(), (AsciiLines(),)], ids=["unicode", "ascii"])
async def test_every_cell_is_what_textual_would_draw(theme: str, filters: tuple[LineFilter, ...]) -> None:
    app = SurfacesApp(*filters)
    if theme not in app.available_themes:
        theme = "textual-ansi"
    app.theme = theme
    async with app.run_test(size=(100, 20)) as pilot:
        app.fill()
        for _ in range(50):
            await pilot.pause(0.01)
            if not app.query_one(LiveTable).is_busy and not app.query_one(LogView).is_busy:
                break
        for view in app.query(LineSurface):
            ours, stock = both_ways(view)
            assert ours == stock
            assert any("pod-" in "".join(c for c, _ in row) or "ERROR" in "".join(c for c, _ in row) for row in ours)


async def test_borders_and_padding_are_drawn_where_css_asks_for_them() -> None:
    app = SurfacesApp()
    async with app.run_test(size=(100, 20)) as pilot:
        app.fill()
        table = app.query_one(LiveTable)
        assert "╭" not in table.render_lines(Region(0, 0, table.size.width, 1))[0].text
        table.add_class("-boxed")
        await pilot.pause()
        outer = table.outer_size
        assert "╭" in table.render_lines(Region(0, 0, outer.width, 1))[0].text
        table.remove_class("-boxed")
        await pilot.pause()
        assert "╭" not in table.render_lines(Region(0, 0, table.size.width, 1))[0].text


async def test_a_line_is_drawn_again_only_when_it_was_marked_dirty() -> None:
    drawn: list[int] = []

    class Counting(LineSurface):
        def render_line(self, y: int) -> Strip:
            drawn.append(y)
            return Strip([Segment("x" * self.size.width)])

    class CountingApp(App[None]):
        def compose(self) -> ComposeResult:
            yield Counting()

    app = CountingApp()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        view = app.query_one(Counting)
        drawn.clear()
        view.refresh(Region(0, 2, 20, 1))
        await pilot.pause()
        assert drawn == [2]
        drawn.clear()
        view.refresh()
        await pilot.pause()
        assert sorted(drawn) == [0, 1, 2, 3, 4]
