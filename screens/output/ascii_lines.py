"""For terminals that show nothing but ASCII: every other character of a frame becomes one they have."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("─━╌┄═▔▁", "-"),
        **dict.fromkeys("│┃║▏▎▌▐▕", "|"),
        **dict.fromkeys("┌┐└┘┏┓┗┛╭╮╰╯╔╗╚╝├┤┬┴┼", "+"),
        **dict.fromkeys("▂▃▄▅▆▇█▀■", "#"),
        **dict.fromkeys("░▒▓·•", "."),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        **dict.fromkeys("–—", "-"),
        "▲": "^",
        "▼": "v",
        "…": "~",
        "×": "x",
        "«": "<",
        "»": ">",
        "›": ">",
        "●": "*",
        "✓": "+",
        "✗": "X",
        "\N{NO-BREAK SPACE}": " ",
    }
)


class AsciiLines(LineFilter):
    """Borders, bars and marks become their likes in ASCII, the rest `?`, each as many cells wide as it was."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(as_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def as_ascii(text: str) -> str:
    """Return a text in ASCII that takes as many cells."""
    text = text.translate(_LOOKALIKES)
    return text if text.isascii() else "".join(each if each.isascii() else "?" * cell_len(each) for each in text)
