"""The names a key can have, and which one was probably meant by a name that no key has."""

from __future__ import annotations

import difflib
import string

from textual.keys import KEY_ALIASES, KEY_TO_UNICODE_NAME, Keys, key_to_character

MODIFIERS = ("ctrl", "alt", "shift", "meta", "super", "hyper")
"""As terminals report them; all but ctrl need one that speaks the kitty keyboard protocol, or knows the combination."""

_NAMED = frozenset(each.value.rpartition("+")[2] for each in Keys if each.value[0] != "<" and "-" not in each.value)
_PEOPLES = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert", "bs": "backspace"}
"""As people, and our own help, write them."""
_CHARACTERS = frozenset(
    {*KEY_TO_UNICODE_NAME, "slash", "backslash", "at", "minus", "plus", "underscore", "question_mark", "colon"}
    | {"comma", "semicolon", "less_than_sign", "equals_sign", "vertical_line", "tilde", "grave_accent", "apostrophe"}
    | {"left_square_bracket", "right_square_bracket", "left_curly_bracket", "right_curly_bracket", "ampersand"}
    | {"asterisk", "full_stop", "circumflex_accent"}
)


def mistake_in(key: str) -> str | None:
    """Return what is wrong with a key's name, with the nearest right one; None when there is such a key."""
    key = key.strip()
    if not key:
        return "a key is missing between commas"
    if len(key) == 1:
        return None
    if key.startswith("^") or key.lower().startswith(("ctrl-", "c-")):
        return _unknown(key, [f"ctrl+{key.lower().rpartition('-')[2].lstrip('^')}"])
    *modifiers, last = key.split("+")
    wrong = next((each for each in modifiers if each not in MODIFIERS), None)
    if wrong is not None:
        return _unknown(key, [f"{near}+{last}" for near in difflib.get_close_matches(wrong.lower(), MODIFIERS, n=1)])
    if modifiers == ["shift"] and len(last) == 1 and last.isalpha():
        return f"no terminal calls a key {key}; write {last.upper()}"
    if modifiers and len(last) == 1 and last in string.ascii_uppercase:
        return _unknown(key, ["+".join((*modifiers, last.lower()))])
    if _exists(last, bool(modifiers)):
        return None
    known = sorted(_NAMED | _CHARACTERS)
    meant = _PEOPLES.get(last.lower())
    near = [meant] if meant else difflib.get_close_matches(last.lower(), known, n=1, cutoff=0.5)
    return _unknown(key, ["+".join((*modifiers, each)) for each in near])


def _exists(name: str, modified: bool) -> bool:
    if len(name) == 1 or name in _NAMED or name in _CHARACTERS:
        return bool(name)
    aliases = {each for some in KEY_ALIASES.values() for each in some}
    return name in aliases or (not modified and "_" in name and key_to_character(name) is not None)


def _unknown(key: str, near: list[str]) -> str:
    hint = f"did you mean {near[0]}?" if near else "such as d, D, f5, ctrl+d, question_mark"
    return f"no key is named {key}: {hint}"
