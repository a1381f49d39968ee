"""Foreign text made safe for a terminal: after this no character of it controls anything.

Neither Textual nor Rich filters control characters, so every name, log line and message that came from
outside passes here before it is drawn, printed or copied. All functions take time linear in their input.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache

LINE_LIMIT = 8_192
"""Characters of one line that are shown; the rest is counted."""
NAME_LIMIT = 1_024
"""Characters of one name that are shown; the rest is counted."""
COMBINING_LIMIT = 3
"""Combining marks kept on one character: more would climb over the lines above."""

# Control, format, surrogate, separator and invisible characters (Unicode 15; a test compares with unicodedata).
# Written out because asking unicodedata about every character would add 80 ms to the start.
_ODD_RANGES = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F),
    (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F)


def _visible(code: int) -> str:
    """Return how an odd character is shown: a control picture, `\\x9b`, or `<U+202E>`."""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0xA0 else f"<U+{code:04X}>"


def _is_odd(code: int) -> bool:
    return any(first <= code <= last for first, last in _ODD_RANGES)


class _Shown(dict[int, str]):
    """A table for `str.translate` that learns what each odd character is shown as when it first comes up."""

    def __init__(self, also: tuple[int, ...], dropped: tuple[int, ...]) -> None:
        super().__init__(dict.fromkeys(dropped, ""))
        self._also = also

    def __missing__(self, code: int) -> str:
        shown = self[code] = _visible(code) if code in self._also or _is_odd(code) else chr(code)
        return shown


_IN_NAME = _Shown(also=_SPACES, dropped=())
_IN_LINE = _Shown(also=(), dropped=(0xFE0E, 0xFE0F))
"""Dropped: "draw as text" and "as picture", common in log lines with symbols."""


@cache
def _strange() -> re.Pattern[str]:
    """What finds odd characters; made when the first text beyond ASCII comes, for it takes 10 ms."""
    return re.compile("[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in _ODD_RANGES) + "]")


@cache
def _may_combine() -> re.Pattern[str]:
    """What finds blocks in which some characters combine with the one before: not those of European or CJK text."""
    return re.compile(
        "[\u0300-\u036f\u0483-\u10ff\u135d-\u1dff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f-\u2dff"
        "\u302a-\u302f\u3099-\u309a\ua66f-\uabff\ufb1e\ufe20-\ufe2f\U000101fd-\U0001e94a]"
    )


# Sequences of ECMA-48 in 7- and 8-bit form. A string (OSC, DCS, APC, PM, SOS) without its end hides nothing:
# only its introducer goes. No alternative reads past the next introducer, which keeps the time linear.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    r"|\x1b(?:[#%()*+./-]?[0-~])?"
)


def line(text: str) -> str:
    """Return one log line: escape sequences dropped, other control characters shown, tabs as spaces."""
    if len(text) > LINE_LIMIT:
        text = f"{text[:LINE_LIMIT]}… (+{len(text) - LINE_LIMIT:,} characters)"
    if text.isascii():
        if text.isprintable():
            return text
        if "\x1b" in text:
            text = _SEQUENCE.sub("", text)
        if "\t" in text:
            text = text.expandtabs(4)
        return text if text.isprintable() else text.translate(_IN_LINE)
    if _strange().search(text):
        text = _SEQUENCE.sub("", text).expandtabs(4).translate(_IN_LINE)
    return _thin(text) if _may_combine().search(text) else text


def name(text: str) -> str:
    """Return a name or title in which every odd character is shown, none obeyed, none dropped."""
    if len(text) > NAME_LIMIT:
        text = f"{text[:NAME_LIMIT]}… (+{len(text) - NAME_LIMIT:,} characters)"
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_IN_NAME)
    if _may_combine().search(text):
        return "".join(_visible(ord(each)) if _combines(each) else each for each in text)
    return text


def _combines(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def _thin(text: str) -> str:
    """Thin out piled-up combining marks and give a leading one something to stand on."""
    kept: list[str] = []
    piled = COMBINING_LIMIT
    for each in text:
        if not _combines(each):
            piled = 0
        elif not kept:
            kept.append("\u25cc")
            piled = 1
        elif piled == COMBINING_LIMIT:
            continue
        else:
            piled += 1
        kept.append(each)
    return "".join(kept)


class Lines:
    """Turns bytes, however chunked, into lines of text; nothing is lost, a lone CR ends a line too.

    Bytes that are no UTF-8 become U+FFFD. A line longer than `limit` characters comes in pieces, so that a
    stream without line ends cannot fill the memory.
    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._limit = limit
        self._pending: list[str] = []
        self._pending_length = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that became complete."""
        return self._take(self._decoder.decode(data))

    def close(self) -> list[str]:
        """Return what was left without a line end."""
        found = self._take(self._decoder.decode(b"", True))
        if self._pending_length:
            self._end_line(found)
        return found

    def _take(self, text: str) -> list[str]:
        found: list[str] = []
        if not text:
            return found
        if self._after_cr and text[0] == "\n":
            text = text[1:]
            self._after_cr = False
        if not text:
            return found
        self._after_cr = text[-1] == "\r"
        parts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for part in parts[:-1]:
            self._add(part, found)
            self._end_line(found)
        self._add(parts[-1], found)
        return found

    def _add(self, part: str, found: list[str]) -> None:
        if not part:
            return
        self._pending.append(part)
        self._pending_length += len(part)
        if self._pending_length > self._limit:
            whole = "".join(self._pending)
            start = 0
            while len(whole) - start > self._limit:
                found.append(whole[start : start + self._limit])
                start += self._limit
            self._pending = [whole[start:]]
            self._pending_length = len(whole) - start

    def _end_line(self, found: list[str]) -> None:
        found.append("".join(self._pending))
        self._pending = []
        self._pending_length = 0
