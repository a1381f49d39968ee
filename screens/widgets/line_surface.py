"""A scrolling view whose lines reach the screen as they were drawn.

Textual passes every line of a widget through its borders, paddings, tints and filters: for a line that has none
of them that costs as much as drawing it (half of a frame in which all lines differ).
"""

from __future__ import annotations

from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineSurface(ScrollView):
    """Draws line by line: `render_line` gives whole lines in the colours of `Tones`, which are final.

    With borders, padding or other effects in its CSS it is drawn by Textual in the ordinary way.
    """

    _is_bare: bool | None = None

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._is_bare = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of this part of the widget; those that were not marked dirty as they were."""
        if self._is_bare is None:
            self._is_bare = _is_bare(self)
        width = self.size.width
        if not self._is_bare or crop.x or crop.width != width:
            return super().render_lines(crop)
        cache = self._styles_cache
        if width != cache._width:
            cache.clear()
            cache._width = width
        known, dirty = cache._cache, cache._dirty_lines
        for y in crop.line_range:
            if y in dirty or y not in known:
                known[y] = self.render_line(y)
        dirty.difference_update(crop.line_range)
        strips = [known[y] for y in crop.line_range]
        others = [each for each in self.get_line_filters() if type(each) is not ANSIToTruecolor]
        if others:
            background = self.background_colors[1]
            for each in others:
                strips = [strip.apply_filter(each, background) for strip in strips]
        return strips


def _is_bare(view: LineSurface) -> bool:
    styles = view.styles
    edges = (*styles.border, *styles.outline)
    return not (
        any(kind for kind, _ in edges)
        or any(styles.padding)
        or styles.tint.a
        or styles.has_rule("hatch")
        or view.opacity != 1.0
    )
