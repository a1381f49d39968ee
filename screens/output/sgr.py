"""Changing from one set of character attributes to another in few bytes (SGR, ECMA-48 8.3.117)."""

from __future__ import annotations

from functools import lru_cache

_COLOUR_LENGTH = {"2": 5, "5": 3}
"""Parameters of an extended colour by its kind: 38;2;R;G;B and 38;5;N."""
_ENDED_BY = {
    **dict.fromkeys(("1", "2"), "22"),
    "3": "23",
    **dict.fromkeys(("4", "21"), "24"),
    **dict.fromkeys(("5", "6"), "25"),
    "7": "27",
    "8": "28",
    "9": "29",
    **dict.fromkeys(("51", "52"), "54"),
    "53": "55",
}
"""What ends an attribute; some end two, of which the one that stays is set again."""
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Lines through, under and over, frames, and colours that change places."""


@lru_cache(maxsize=4096)
def transition(old: str, new: str) -> str:
    """Return the sequence after which attributes `new` are in force where `old` were; both are SGR parameters."""
    if old == new:
        return ""
    if not new:
        return "\x1b[m"
    whole = f"\x1b[0;{new}m" if old else f"\x1b[{new}m"
    before, after = _parts(old), _parts(new)
    ends = {_ENDED_BY.get(each, "") for each in before[0] - after[0]}
    if "" in ends:
        return whole
    begins = {each for each in after[0] if each not in before[0] or _ENDED_BY.get(each) in ends}
    changes = [*sorted(ends, key=int), *sorted(begins, key=int)]
    for was, wanted, default in ((before[1], after[1], "39"), (before[2], after[2], "49")):
        if was != wanted:
            changes.append(wanted or default)
    short = f"\x1b[{';'.join(changes)}m"
    return min(short, whole, key=len)


@lru_cache(maxsize=4096)
def on_blank(parameters: str) -> str:
    """Return what of some SGR parameters is seen on a blank: its background, and all of it where lines cross it."""
    attributes, _, background = _parts(parameters)
    return parameters if attributes & _SEEN_ON_BLANKS else background


def _parts(parameters: str) -> tuple[frozenset[str], str, str]:
    """Split SGR parameters into attributes, foreground and background."""
    attributes: set[str] = set()
    colours = {"3": "", "4": ""}
    values = parameters.split(";") if parameters else []
    at = 0
    while at < len(values):
        value = values[at]
        length = _COLOUR_LENGTH.get(values[at + 1], 1) if value in ("38", "48") and at + 1 < len(values) else 1
        code = int(value)
        if 30 <= code <= 39 or 90 <= code <= 97:
            colours["3"] = ";".join(values[at : at + length])
        elif 40 <= code <= 49 or 100 <= code <= 107:
            colours["4"] = ";".join(values[at : at + length])
        else:
            attributes.add(value)
        at += length
    return frozenset(attributes), colours["3"], colours["4"]
