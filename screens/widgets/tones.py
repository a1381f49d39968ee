"""Colour roles of the theme as styles for line-drawing widgets."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.widget import Widget

TONES = ("good", "warn", "bad", "dim", "accent")
"""Names a column, row or line prefix may give as its tone."""


class Tones:
    """The styles of a widget's component classes, looked up once until the theme changes.

    A tone gives only its colour and attributes, so that it can lie on the background of any row. Colours of the
    terminal's own palette are made true colours here, once for each style, where the app asks for that.
    """

    def __init__(self, widget: Widget, prefix: str) -> None:
        self._widget = widget
        self._prefix = prefix
        self._made: dict[object, Style] = {}

    def forget(self) -> None:
        """Look the styles up again: the theme or the state of the widget changed."""
        self._made.clear()

    def component(self, name: str) -> Style:
        """Return the whole style of a component class."""
        return self._make(name, lambda: self._widget.get_component_rich_style(f"{self._prefix}--{name}"))

    def toned(self, name: str, tone: str | None) -> Style:
        """Return the style of a component class with a tone laid over it; an unknown tone is plain."""
        if tone is None or tone not in TONES:
            return self.component(name)
        return self._make((name, tone), lambda: self.component(name) + self._ink(tone))

    def with_attributes(self, name: str, tone: str | None, over: str) -> Style:
        """Return a toned style with the background and attributes of a third component over it."""

        def make() -> Style:
            lit = self.component(over)
            return self.toned(name, tone) + Style(
                bgcolor=lit.bgcolor, bold=lit.bold, underline=lit.underline, reverse=lit.reverse
            )

        return self._make((name, tone, over), make)

    def _ink(self, tone: str) -> Style:
        whole = self.component(tone)
        return Style(color=whole.color, bold=whole.bold, dim=whole.dim, italic=whole.italic)

    def _make(self, key: object, make: Callable[[], Style]) -> Style:
        style = self._made.get(key)
        if style is None:
            style = self._made[key] = self._final(make())
        return style

    def _final(self, style: Style) -> Style:
        background = self._widget.background_colors[1].rich_color
        for each in self._widget.get_line_filters():
            if isinstance(each, ANSIToTruecolor):
                style = each.truecolor_style(style, background)
        return style
