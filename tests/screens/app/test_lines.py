from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from screens.lines import as_content, as_text, cut, line, spread, width_of, wrap
from tests.support.hostile import HARMFUL, PAYLOADS


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_line_fits(text: str, width: int) -> None:
    assert width_of(cut(line((text, "bad"), "x", (text, None)), width)) <= width


@given(st.text(max_size=200), st.integers(5, 40), st.integers(1, 5))
def test_wrapped_lines_fit(text: str, width: int, lines: int) -> None:
    made = wrap(text, width, lines)
    assert len(made) <= lines
    assert all(cell_len(each) <= width for each in made)


def test_nothing_is_lost_by_wrapping_with_room() -> None:
    assert " ".join(wrap("the API refused the connection", 12, 5)) == "the API refused the connection"


def test_spread_puts_the_right_part_at_the_edge() -> None:
    assert as_text([spread(line("left"), line("right"), 20)]) == "left           right"
    assert width_of(spread(line("left" * 20), line("right"), 30)) == 30


def test_pieces_and_contents_are_inert() -> None:
    for payload in PAYLOADS.values():
        made = line((payload, "bad"), payload)
        assert not HARMFUL.search(as_text([made]))
        assert not HARMFUL.search(as_content([made]).plain)


def test_markup_is_text() -> None:
    assert (
        as_content([line("[bold]x[/bold] [@click=app.quit()]y[/]")]).plain == "[bold]x[/bold] [@click=app.quit()]y[/]"
    )
