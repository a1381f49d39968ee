"""Log lines as strips: timestamp, where it came from, text with its level and what was searched for."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from backends.model import inert
from backends.model.logs import LogLine
from screens.widgets.fitting import fit, text_width
from screens.widgets.log_buffer import LogBuffer, wrap_cells
from screens.widgets.log_matching import level_tone
from screens.widgets.tones import Tones

LinePrefix = Callable[[LogLine], tuple[str, str | None]]
"""What stands before a line (`orlando ratings-api-7f…`) and its tone; must depend on nothing but the source of the
line: stamp, namespace, pod and container."""

LONGEST_PREFIX = 48
TIMESTAMP_WIDTH = 23
KEPT_STRIPS = 4_000


class LogPainter:
    """Draws rows of log lines and keeps them until something they depend on changes."""

    def __init__(self, buffer: LogBuffer, tones: Tones) -> None:
        self._buffer = buffer
        self._tones = tones
        self._strips: dict[tuple[int, int], Strip] = {}
        self._prefixes: dict[tuple[str, str, str, str], tuple[str, str | None]] = {}
        self._prefix: LinePrefix | None = None
        self.timestamps = False
        self.search: re.Pattern[str] | None = None
        self.prefix_width = 0
        self.fill_width = 0
        """Cells that a line fills with its background; `forget` after changing it."""

    def forget(self) -> None:
        """Draw everything anew."""
        self._strips.clear()

    def set_prefix(self, prefix: LinePrefix | None) -> None:
        """Change what stands before each line."""
        self._prefix = prefix
        self._prefixes.clear()
        self.prefix_width = 0
        self._strips.clear()

    def note_sources(self, lines: list[LogLine]) -> bool:
        """Make room for the prefixes of these lines; return whether they got wider."""
        if self._prefix is None:
            return False
        before = self.prefix_width
        known = self._prefixes
        for line in lines:
            source = (line.stamp, line.namespace, line.pod, line.container)
            if source not in known:
                text, tone = self._prefix(line)
                text = inert.name(text)
                known[source] = (text, tone)
                self.prefix_width = max(self.prefix_width, min(LONGEST_PREFIX, text_width(text)))
        return self.prefix_width != before

    @property
    def left_width(self) -> int:
        """Cells before the text of a line."""
        width = self.prefix_width + 1 if self.prefix_width else 0
        return width + TIMESTAMP_WIDTH + 1 if self.timestamps else width

    def left_texts(self, line: LogLine) -> list[tuple[str, str | None]]:
        """Return what stands before the text, with tones."""
        texts: list[tuple[str, str | None]] = []
        if self.timestamps:
            stamp = inert.name(line.timestamp).replace("T", " ")
            texts.append((fit(stamp[:TIMESTAMP_WIDTH].rstrip("Z"), TIMESTAMP_WIDTH) + " ", "dim"))
        if self.prefix_width:
            text, tone = self._prefixes.get((line.stamp, line.namespace, line.pod, line.container), ("", None))
            texts.append((fit(text, self.prefix_width) + " ", tone))
        return texts

    def paint(self, number: int, part: int, wrap_width: int | None, found: bool) -> Strip:
        """Return one row of a line, not yet cut to the screen; `found` lights the line the reader searched for."""
        key = (-number - 1 if found else number, part)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= KEPT_STRIPS:
                self._strips.clear()
            strip = self._strips[key] = self._draw(number, part, wrap_width, found)
        return strip

    def _draw(self, number: int, part: int, wrap_width: int | None, found: bool) -> Strip:
        line, text = self._buffer.line(number), self._buffer.text(number)
        on = "found" if found else "line"
        if number in self._buffer.marks:
            return Strip([Segment(f"──── {text} ".ljust(400, "─"), self._tones.component("mark"))])
        segments = [Segment(left, self._tones.toned(on, tone)) for left, tone in self.left_texts(line)]
        start = 0
        piece = text
        if wrap_width is not None:
            pieces = wrap_cells(text, wrap_width)
            start, piece = sum(map(len, pieces[:part])), pieces[part] if part < len(pieces) else ""
            if part:
                segments = [Segment(" " * self.left_width, self._tones.component(on))]
        length = self.left_width + len(piece)
        if self.search is None and length < self.fill_width and text.isascii():  # the usual line, in one strip
            piece = piece.ljust(self.fill_width - self.left_width)
            return Strip([*segments, Segment(piece, self._tones.toned(on, level_tone(text)))], self.fill_width)
        segments += self._text_segments(text, start, start + len(piece), self._tones.toned(on, level_tone(text)))
        return Strip(segments)

    def _text_segments(self, text: str, start: int, end: int, style: Style) -> list[Segment]:
        """Return `text[start:end]` with every match of the search lit, also those cut by a line wrap."""
        if self.search is None:
            return [Segment(text[start:end], style)]
        segments: list[Segment] = []
        lit = self._tones.component("match")
        at = start
        for match in self.search.finditer(text):
            first, last = max(at, match.start()), min(end, match.end())
            if first < last:
                segments += (Segment(text[at:first], style), Segment(text[first:last], lit))
                at = last
        segments.append(Segment(text[at:end], style))
        return [segment for segment in segments if segment.text]
