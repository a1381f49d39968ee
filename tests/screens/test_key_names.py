"""Names of keys: those that exist pass, and of the others the nearest is told."""

from __future__ import annotations

import pytest

from console.configuration.appearance import _SCREENS
from screens import common_actions
from screens.key_names import mistake_in


@pytest.mark.parametrize(
    "key",
    [
        "d",
        "D",
        "?",
        "+",
        "é",
        "f3",
        "ctrl+d",
        "shift+tab",
        "ctrl+shift+left",
        "ctrl+space",
        "alt+enter",
        "question_mark",
        "left_square_bracket",
        "greater_than_sign",
        "pagedown",
        "escape",
        " d ",
    ],
)
def test_keys_that_exist(key: str) -> None:
    assert mistake_in(key) is None


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("ctl+d", "ctrl+d"),
        ("ctrl+D", "ctrl+d"),
        ("shift+a", "A"),
        ("esc", "escape"),
        ("pgup", "pageup"),
        ("ctrl+del", "ctrl+delete"),
        ("^r", "ctrl+r"),
        ("C-r", "ctrl+r"),
        ("f25", "f2"),
        ("ctrl++", "such as"),
        ("", "missing"),
        ("<any>", "such as"),
    ],
)
def test_keys_that_do_not_exist(key: str, meant: str) -> None:
    assert meant in (mistake_in(key) or "")


def test_our_own_keys_are_keys() -> None:
    actions = [*common_actions.COMMON, *(action for screen in _SCREENS for action in screen.ACTIONS)]
    keys = {key for action in actions for key in action.keys.split(",")}
    assert len(keys) > 30
    assert {key: mistake_in(key) for key in keys if mistake_in(key)} == {}
