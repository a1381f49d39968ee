"""What a frame writes must turn any screen into any other, as a terminal understands it."""

from __future__ import annotations

import random
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from screens.output.cells import Cell, CellMaker
from screens.output.frame import Frame
from screens.output.scrolling import Scroll, find_scroll
from tests.screens.output.seen import screen_as_seen
from tests.support.hostile import HARMFUL, PAYLOADS

WIDTH, HEIGHT = 24, 14
STYLES = [
    None,
    *map(
        Style.parse,
        ("bold red", "#123456 on #654321", "underline", "reverse #123456", "italic #123456 on #654321", "on blue"),
    ),
]


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.reset_mode(7, private=True)  # the app runs without automatic line wrap
    return screen, pyte.Stream(screen)


def cells_of(text: str, style: Style | None = None) -> list[Cell]:
    return CellMaker(ColorSystem.TRUECOLOR).cells([Strip([Segment(text, style)])])


def look(screen: pyte.Screen) -> list[list[tuple[Any, ...]]]:
    return screen_as_seen([[tuple(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)])


def drawn_plainly(frame: Frame) -> list[list[tuple[Any, ...]]]:
    """Return how a fresh terminal shows what the frame wants, every cell drawn by itself in its own attributes."""
    screen, stream = terminal()
    for y, row in enumerate(frame._wanted):
        for x, cell in enumerate(row):
            if cell is not None:
                stream.feed(f"\x1b[{y + 1};{x + 1}H\x1b[0;{cell[1]}m{cell[0]}")
    return look(screen)


TEXTS = st.text(st.sampled_from("ab  xyz日本e\u0301é👍│"), min_size=1, max_size=WIDTH + 4)
PUTS = st.lists(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), TEXTS, st.sampled_from(STYLES)), max_size=20
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PUTS, min_size=1, max_size=5))
def test_any_changes_lead_to_the_wanted_screen(frames: list[list[tuple[int, int, str, Style | None]]]) -> None:
    screen, stream = terminal()
    stream.feed("garbage left by another program " * 20)
    frame = Frame(WIDTH, HEIGHT)
    for puts in frames:
        for x, y, text, style in puts:
            frame.put(x, y, cells_of(text, style))
        stream.feed(frame.write())
        assert look(screen) == drawn_plainly(frame)
        assert not frame.is_dirty


@pytest.mark.parametrize("distance", [1, 2, 5, -1, -3])
def test_a_moved_list_is_moved_by_the_terminal(distance: int) -> None:
    lines = [f"line {number:05d} {random.Random(number).randrange(10**6)}" for number in range(60)]
    screen, stream = terminal()
    frame = Frame(WIDTH, HEIGHT)

    def show(top: int) -> str:
        for y in range(1, HEIGHT - 1):
            frame.put(0, y, cells_of(lines[top + y].ljust(WIDTH), STYLES[1] if y == 4 else None))
        return frame.write()

    frame.put(0, 0, cells_of("title".ljust(WIDTH)))
    frame.put(0, HEIGHT - 1, cells_of("foot".ljust(WIDTH)))
    stream.feed(show(20))
    sequence = show(20 + distance)
    stream.feed(sequence)
    assert "r\x1b[" in sequence
    assert len(sequence) < 80 + (abs(distance) + 2) * (WIDTH + 20)
    assert look(screen) == drawn_plainly(frame)


def test_nothing_changed_writes_nothing() -> None:
    frame = Frame(WIDTH, HEIGHT)
    frame.put(0, 0, cells_of("abc"))
    assert frame.write()
    frame.put(0, 0, cells_of("abc"))
    assert frame.write() == ""


def test_all_pieces_of_one_style_are_written_together() -> None:
    ok, bad = Style.parse("bold green on #101010"), Style.parse("bold red on #101010")
    frame = Frame(WIDTH, HEIGHT)
    for y in range(HEIGHT):
        frame.put(0, y, cells_of("name      Running ", ok))
    frame.write()
    for y in range(HEIGHT):
        frame.put(10, y, cells_of("Failed ", bad if y % 2 else ok))
    sequence = frame.write()
    assert sequence.count("m") == 3, "one change of attributes per style, and the one that ends them"
    assert sequence.count("Failed ") == HEIGHT


def test_the_ink_of_blanks_is_neither_compared_nor_written() -> None:
    red, green = Style.parse("bold red on #101010"), Style.parse("green on #101010")
    frame = Frame(WIDTH, HEIGHT)
    frame.put(0, 0, cells_of("one  two", red))
    frame.write()
    frame.put(3, 0, cells_of("  ", green))
    assert frame.write() == ""
    frame.put(3, 0, cells_of("  ", Style.parse("underline red on #101010")))
    assert "4;" in frame.write()


def test_unchanged_cells_of_another_style_are_jumped_over() -> None:
    frame = Frame(WIDTH, HEIGHT)
    frame.put(0, 0, [*cells_of("ab"), *cells_of("|", STYLES[1]), *cells_of("cd")])
    frame.write()
    frame.put(0, 0, [*cells_of("AB"), *cells_of("|", STYLES[1]), *cells_of("CD")])
    assert frame.write() == "\x1b[1HAB\x1b[CCD"


def test_only_what_changed_is_written() -> None:
    frame = Frame(WIDTH, HEIGHT)
    frame.put(0, 2, cells_of("abcdefghijklmnop"))
    frame.write()
    frame.put(0, 2, cells_of("abcdefghijkXmnop"))
    assert frame.write() == "\x1b[3;12HX"


def test_a_line_that_did_not_move_makes_no_scroll() -> None:
    row = {y: cells_of(f"row {y} of the table") for y in range(12)}
    other = dict(row)
    other[3] = cells_of("row 3 has a new text")
    assert find_scroll(row, other) is None


def test_a_band_is_found_between_lines_that_stay() -> None:
    before = {y: cells_of(f"row {y} of the table ...") for y in range(12)}
    after = {**before, **{y: before[y + 1] for y in range(2, 9)}, 9: cells_of("a row that came from below")}
    assert find_scroll(before, after) == Scroll(top=2, bottom=9, lines=1)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_what_slips_through_everything_else_is_stopped_here(payload: str) -> None:
    row = cells_of(f"before {payload} after")
    assert not HARMFUL.search("".join(cell[0] for cell in row if cell is not None).replace("\u3164", ""))


def test_combining_characters_stay_with_their_letter() -> None:
    assert cells_of("e\u0301日\u0301") == [("e\u0301", ""), ("日\u0301", ""), None]
