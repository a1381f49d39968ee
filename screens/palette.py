"""The command palette: every action of the screen in view, and the themes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

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
