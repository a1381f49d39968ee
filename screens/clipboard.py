"""Copying to the clipboard of the person at the terminal, through SSH and multiplexers (OSC 52)."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from textual.app import App

from backends.model import inert

if TYPE_CHECKING:
    from backends.model.redact import Redactor

LARGEST_SEQUENCE = 100_000
"""Bytes of one OSC 52 sequence that terminals take (xterm, and tmux's own limit is above it)."""
SCREEN_CHUNK = 76
"""Bytes of a device control string that GNU screen passes on at once; its limit is 768, its docs advise less."""


def copy_sequence(text: str, inside: str = "") -> str:
    """Return what makes the terminal copy `text`; `inside` names a multiplexer to be passed through.

    tmux hands the wrapped sequence on where `allow-passthrough` is on, and without it takes the bare one
    where `set-clipboard` is on; so it gets both. Raises ValueError, with both sizes, when the text is more
    than terminals take.
    """
    data = base64.b64encode(text.encode("utf-8", "replace")).decode()
    if len(data) > LARGEST_SEQUENCE:
        most = LARGEST_SEQUENCE * 3 // 4
        raise ValueError(f"{len(text.encode('utf-8', 'replace')):,} bytes are more than the {most:,} a terminal copies")
    bare = f"\x1b]52;c;{data}\x07"
    if inside == "tmux":
        return bare + "\x1bPtmux;" + bare.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if inside == "screen":
        chunks = [bare[start : start + SCREEN_CHUNK] for start in range(0, len(bare), SCREEN_CHUNK)]
        return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
    return bare


def copyable(text: str, redactor: Redactor | None = None) -> str:
    """Return text fit for a clipboard: what is pasted into a shell must hold no control character and no secret."""
    if redactor is None:
        from backends.model.redact import Redactor  # its patterns take 5 ms, too much before the first paint

        redactor = Redactor()
    masked = redactor.text(text)
    return "\n".join(inert.line(line) for line in masked.split("\n"))


class ClipboardMixin(App[Any]):
    """Mixin for an App: every copy is made inert, redacted, and passed through tmux or screen."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text; raises ValueError, in words for the reader, when it is more than terminals take."""
        from screens.output.terminal_settings import terminal_settings  # 1 ms before the first paint

        safe = copyable(text)
        sequence = copy_sequence(safe, terminal_settings(os.environ).inside)
        self._clipboard = safe
        if self._driver is not None:
            self._driver.write(sequence)
