"""Plain text for terminals and pipes: aligned tables with foreign text made inert, colours only where they show.

No Rich here: a table of strings needs 40 lines, and Rich costs 60 ms at every start of a command.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from backends.model import inert
from backends.model.health import Health
from console.commands.exits import ReaderLeft

_STYLES = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "bold": "1"}
_HEALTH_TONES = {
    Health.LIVE: "good",
    Health.STALE: "warn",
    Health.RETRYING: "warn",
    Health.DOWN: "bad",
    Health.UNAUTHORIZED: "bad",
    Health.FORBIDDEN: "bad",
    Health.OFF: "dim",
}


def shows_colour(stream: TextIO) -> bool:
    """Whether colours make sense there: a terminal that draws, and nobody said NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def toned(text: str, tone: str, stream: TextIO | None = None) -> str:
    """Return text in a tone (good, warn, bad, dim, bold) where colours show, else as it is."""
    if not tone or not shows_colour(stream or sys.stdout):
        return text
    return f"\x1b[{_STYLES[tone]}m{text}\x1b[0m"


def health_tone(health: Health) -> str:
    """Return the tone of a health; the word itself is always printed too."""
    return _HEALTH_TONES[health]


def width(text: str) -> int:
    """Return the terminal cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]], gap: int = 3) -> list[str]:
    """Return aligned lines, header first, as kubectl aligns them; every cell is made inert."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    widths = [max(width(row[at]) for row in (list(header), *cells)) for at in range(len(header))]
    return [
        "".join(text + " " * (wide - width(text) + gap) for text, wide in zip(row, widths, strict=True)).rstrip()
        for row in ([*header], *cells)
    ]


def cell_text(cell: object) -> str:
    """Return a cell as it is printed: `<none>` for what is missing, true and false as the API writes them."""
    if cell is None or cell == "":
        return "<none>"
    if isinstance(cell, bool):
        return str(cell).lower()
    return inert.name(str(cell))


def emit(*lines: str) -> None:
    """Write lines to stdout at once, so that whoever follows a pipe sees them when they happen.

    What the terminal's encoding does not have is written as an escape: a name must not end a command.
    """
    text = "".join(f"{line}\n" for line in lines)
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            sys.stdout.write(text.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeft from None
    except OSError as error:
        if error.errno != errno.EIO:  # what a terminal that went away answers
            raise
        raise ReaderLeft from None


def complain(text: str) -> None:
    """Write one line about what is not well to stderr, made inert; a stderr that is gone ends nothing."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{inert.line(text)}\n")


def emit_document(document: Any, output: str, *, compact: bool = False) -> None:
    """Write a JSON-like value to stdout as `json` or `yaml`; compact JSON is one line."""
    import json

    if output == "yaml":
        import yaml

        # Escapes everything outside ASCII control-free text itself: a foreign name cannot steer a terminal.
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=120)
        emit(f"---\n{text}".rstrip() if compact else text.rstrip())
        return
    # ensure_ascii keeps bidi and control characters of foreign names from the terminal, as escapes.
    emit(json.dumps(document, indent=None if compact else 2, ensure_ascii=True))
