"""No character of foreign text may control a terminal, however it is arranged or chunked."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import inert
from tests.support.hostile import HARMFUL, PAYLOADS

ANYTHING = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x9d\x90\x07\x9c[]P^_\\;0123mHJ\r\n\t\u202e\u200b\u0301"))
)
ODD = ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_harmless_as_line_and_as_name(payload: str) -> None:
    for made in (inert.line(payload), inert.name(payload)):
        assert not HARMFUL.search(made)
        assert "\n" not in made
        assert "\t" not in made


@given(ANYTHING)
def test_no_odd_character_survives(text: str) -> None:
    for made in (inert.line(text), inert.name(text)):
        assert not [character for character in made if unicodedata.category(character) in ODD]
        assert not HARMFUL.search(made)


def test_every_odd_character_of_unicode_is_shown() -> None:
    odd = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ODD]
    assert not [hex(ord(each)) for each in odd if each in inert.name(f"a{each}b")]
    assert not [hex(ord(each)) for each in odd if each in inert.line(f"a{each}b")]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_unchanged(text: str) -> None:
    assert inert.line(text) == text
    assert inert.name(text) == text


@pytest.mark.parametrize(
    ("text", "as_line", "as_name"),
    [
        ("\x1b[31mred\x1b[0m", "red", "␛[31mred␛[0m"),
        ("\x1b]0;t\x07x", "x", "␛]0;t␇x"),
        ("\x9b31mx", "x", "\\x9b31mx"),
        ("\x1b]not ended", "not ended", "␛]not ended"),
        ("a\rb", "a␍b", "a␍b"),
        ("a\tb", "a   b", "a␉b"),
        ("\u202eabc", "<U+202E>abc", "<U+202E>abc"),
        ("zażółć 日本語 ☃", "zażółć 日本語 ☃", "zażółć 日本語 ☃"),
        ("⚠\ufe0f hot", "⚠ hot", "⚠<U+FE0F> hot"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * 3, "e" + "<U+0301>" * 9),
        ("\u0301x", "\u25cc\u0301x", "<U+0301>x"),
        ("a\u00a0b", "a\u00a0b", "a<U+00A0>b"),
    ],
)
def test_what_is_shown(text: str, as_line: str, as_name: str) -> None:
    assert inert.line(text) == as_line
    assert inert.name(text) == as_name


def test_a_long_line_is_cut_and_counted() -> None:
    assert inert.line("x" * (inert.LINE_LIMIT + 1_234)).endswith("x… (+1,234 characters)")


@pytest.mark.parametrize("unit", ["\x9d", "\x1b[0", "\x1b]", "\u0301", "\x1b]0;x", "\x1b[" + "0" * 99, "\x1b"])
def test_time_is_linear(monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    monkeypatch.setattr(inert, "LINE_LIMIT", 10**9)
    text = unit * (400_000 // len(unit))
    started = time.perf_counter()
    inert.line(text)
    assert time.perf_counter() - started < 2.0  # measured 0.05; quadratic time would take minutes


def split(data: bytes, sizes: list[int], limit: int = 1 << 20) -> list[str]:
    lines = inert.Lines(limit)
    found: list[str] = []
    for size in sizes:
        found += lines.feed(data[:size])
        data = data[size:]
    return found + lines.feed(data) + lines.close()


@given(
    st.one_of(st.binary(), st.text(st.sampled_from("ab\r\né日\x1b")).map(str.encode)),
    st.lists(st.integers(0, 5)),
    st.integers(1, 8),
)
def test_chunks_do_not_matter(data: bytes, sizes: list[int], limit: int) -> None:
    assert split(data, sizes, limit) == split(data, [], limit)


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))), st.lists(st.integers(0, 9))
)
def test_no_line_is_lost(texts: list[str], sizes: list[int]) -> None:
    data = "".join(f"{text}\n" for text in texts).encode()
    assert split(data, sizes) == texts


def test_all_line_ends_count_and_an_open_line_comes_at_the_end() -> None:
    assert split(b"a\r\nb\rc\n\nd", []) == ["a", "b", "c", "", "d"]
    assert split(b"10%\r20%\r", [4]) == ["10%", "20%"]


def test_bytes_that_are_no_text_are_shown() -> None:
    assert split(b"a\xff\xc3\nb\xe2\x82", [3]) == ["a\ufffd\ufffd", "b\ufffd"]
