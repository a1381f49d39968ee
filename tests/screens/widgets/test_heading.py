"""The line above a table changes ten times a second: it must cost a line, not a layout of the screen."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.screen import Screen

from screens.glyphs import UNICODE
from screens.lines import line
from screens.widgets.heading import Heading, Trouble


class CountingScreen(Screen[None]):
    """Counts its layouts."""

    layouts = 0

    def compose(self) -> ComposeResult:
        yield Heading(id="title")
        yield Trouble()

    def _refresh_layout(self, *arguments: object, **options: object) -> None:
        self.layouts += 1
        super()._refresh_layout(*arguments, **options)  # type: ignore[arg-type]


class HeadingApp(App[None]):
    def get_default_screen(self) -> CountingScreen:
        return CountingScreen()


async def test_saying_something_else_lays_nothing_out() -> None:
    app = HeadingApp()
    async with app.run_test(size=(40, 5)) as pilot:
        screen = app.screen
        assert isinstance(screen, CountingScreen)
        heading = app.query_one(Heading)
        heading.show(line("12 of 240"))
        await pilot.pause()
        before = screen.layouts
        for number in range(3):
            heading.show(line((f"{number} of 240 and a text that is longer than the screen is wide", "strong")))
            await pilot.pause()
            assert str(heading.render()).startswith(f"{number} of 240")
        assert screen.layouts == before
        assert heading.size.height == 1


async def test_a_trouble_takes_room_only_while_there_is_one() -> None:
    app = HeadingApp()
    async with app.run_test(size=(40, 5)) as pilot:
        screen, trouble = app.screen, app.query_one(Trouble)
        assert isinstance(screen, CountingScreen)
        assert trouble.size.height == 0
        trouble.show("[b]connection refused[/b]", UNICODE)
        await pilot.pause()
        assert trouble.size.height == 1
        assert "[b]connection refused[/b]" in str(trouble.render())
        before = screen.layouts
        trouble.show("[b]connection refused[/b]", UNICODE)
        await pilot.pause()
        assert screen.layouts == before
        trouble.show("", UNICODE)
        await pilot.pause()
        assert not trouble.display
