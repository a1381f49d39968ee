"""Text as Go's `strconv.Quote` writes it, read back."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(text: str) -> str:
    """Return the text within Go's quotes, without them; what is no quoted text is returned as it is.

    A byte that was no UTF-8 (`\\xff`) becomes U+FFFD, an escape that Go does not write stays as it is.
    """
    if not text.startswith('"'):
        return text
    text = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    byte, short_code, long_code, letter = found.groups()
    if byte is not None:
        code = int(byte, 16)
        return chr(code) if code < 0x80 else "\ufffd"
    if letter is not None:
        return _SHORT.get(letter, letter if letter in '\\"' else found[0])
    code = int(short_code or long_code, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
