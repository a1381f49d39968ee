"""A short change of attributes must leave the terminal with the same attributes as the long one."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.output.sgr import on_blank, transition

ATTRIBUTES = st.lists(st.sampled_from(["1", "2", "3", "4", "7", "9"]), unique=True)
FOREGROUND = st.sampled_from(["", "31", "96", "38;5;200", "38;2;1;2;3", "38;2;4;5;6"])
BACKGROUND = st.sampled_from(["", "41", "107", "48;5;7", "48;2;1;2;3", "48;2;48;38;5"])
SGR = st.builds(
    lambda attributes, fore, back: ";".join([*sorted(attributes), *(x for x in (fore, back) if x)]),
    ATTRIBUTES,
    FOREGROUND,
    BACKGROUND,
)


def drawn(sequence: str) -> tuple[object, ...]:
    screen = pyte.Screen(2, 1)
    pyte.Stream(screen).feed(f"{sequence}x")
    return tuple(screen.buffer[0][0])


@given(SGR, SGR)
def test_the_attributes_are_the_same_and_no_byte_is_wasted(old: str, new: str) -> None:
    before = f"\x1b[0;{old}m" if old else ""
    assert drawn(before + transition(old, new)) == drawn(f"\x1b[0;{new}m" if new else "")
    assert len(transition(old, new)) <= len(f"\x1b[0;{new}m")


@pytest.mark.parametrize(
    ("old", "new", "sequence"),
    [
        ("38;2;1;2;3;48;2;9;9;9", "38;2;7;7;7;48;2;9;9;9", "\x1b[38;2;7;7;7m"),
        ("48;2;9;9;9", "1;48;2;9;9;9", "\x1b[1m"),
        ("1;31", "31", "\x1b[22m"),
        ("1;2;38;2;1;2;3", "2;38;2;1;2;3", "\x1b[22;2m"),
        ("1;7;38;2;1;2;3;48;2;9;9;9", "38;2;1;2;3;48;2;9;9;9", "\x1b[22;27m"),
        ("1;38;2;1;2;3", "4;38;2;1;2;3", "\x1b[22;4m"),
        ("31", "", "\x1b[m"),
    ],
)
def test_only_what_differs_is_written(old: str, new: str, sequence: str) -> None:
    assert transition(old, new) == sequence


@pytest.mark.parametrize(
    ("parameters", "seen"),
    [
        ("", ""),
        ("1;38;2;1;2;3", ""),
        ("1;3;38;2;1;2;3;48;2;9;9;9", "48;2;9;9;9"),
        ("31;107", "107"),
        ("4;31;41", "4;31;41"),
        ("7;31", "7;31"),
    ],
)
def test_of_a_blank_only_what_is_not_ink_is_seen(parameters: str, seen: str) -> None:
    assert on_blank(parameters) == seen
