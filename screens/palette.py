"""The command palette: every action of the screen in view, and the themes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon

from screens.frame import FramedScreen
from screens.themes import THEMES


class ActionProvider(Provider):
    """Finds actions by title and help; what does not apply here is not offered."""

    def _entries(self) -> Iterator[tuple[str, str, str]]:
        """(title, help, action) of all that can be done now."""
        if not isinstance(self.screen, FramedScreen):
            return
        for action in self.screen.all_actions():
            name = action.method.partition("(")[0]
            if action.id != "common.palette" and self.screen.check_action(name, ()):
                yield action.title, action.help, action.method
        for theme in THEMES:
            short = theme.name.removeprefix("stampdeck-")
            yield f"Theme: {short}", "use this theme", f"app.use_theme('{short}')"

    async def discover(self) -> Hits:
        for title, text, method in self._entries():
            yield DiscoveryHit(title, partial(self.screen.run_action, method), help=text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, text, method in self._entries():
            score = max(matcher.match(title), matcher.match(text) * 0.6)
            if score > 0:
                run = partial(self.screen.run_action, method)
                yield Hit(score, matcher.highlight(title), run, text=title, help=text)


class Palette(CommandPalette):
    """Textual's palette with a sign of one cell: of the picture it has, terminals and tmux disagree how wide it is."""

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ">"


class PaletteKey(App[Any]):
    """Mixin for an App, before App in the bases: its palette finds actions, in a `Palette`."""

    COMMANDS: ClassVar[set[Any]] = {ActionProvider}

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not CommandPalette.is_open(self):
            self.push_screen(Palette(id="--command-palette"))
