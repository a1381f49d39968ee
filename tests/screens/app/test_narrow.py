"""What has to be read at 80 columns is wrapped, not cut."""

from __future__ import annotations

from backends.operations.doctor import Check, Outcome
from screens.actions import Action
from screens.chrome import key_line
from screens.doctor.lines import check_lines
from screens.glyphs import UNICODE
from screens.help.screen import KEY_WIDTH, help_lines
from screens.lines import as_text, width_of
from screens.logs.rows import Showing, counts_line

SAID = "the API's certificate is good for 29 days, as is that of the application behind the ingress"


def test_the_doctor_says_everything() -> None:
    checks = [
        Check("orlando", "horizontalpodautoscalers.autoscaling", Outcome.OK, SAID, elapsed_s=0.12),
        Check("orlando", "api", Outcome.FAIL, "not reachable", SAID, SAID),
    ]
    lines = check_lines(checks, ("orlando",), 74, UNICODE)
    assert all(width_of(each) <= 74 for each in lines)
    said = " ".join(as_text(lines).split())
    assert said.replace(" 120 ms", "").count(SAID) == 3
    assert said.count(" do ") == 1
    assert "horizontalpodautoscalers" in said


def test_help_goes_on_below_itself() -> None:
    action = Action("x.x", "x", "X", SAID, "Group")
    lines = help_lines((action,), {"x.x": ["x"]}, [], 66)
    assert all(width_of(each) <= 66 for each in lines)
    assert " ".join(as_text(lines[1:]).split()) == f"x {SAID}"
    assert as_text(lines[2:3]).startswith(" " * (KEY_WIDTH + 2))


def test_the_last_key_is_shown_whole() -> None:
    keys = [("a", "all"), ("b", "both"), ("?", "help")]
    whole = "a all   b both   ? help"
    for width in range(len(whole), len(whole) + 5):
        assert as_text([key_line(keys, width)]).rstrip() == whole
    assert as_text([key_line(keys, len(whole) - 1)]).rstrip() == "a all   ? help"


def test_lines_that_just_arrived_are_not_taken_for_hidden_ones() -> None:
    assert as_text([counts_line(Showing(shown=8, total=9))]) == "9 lines"
    assert as_text([counts_line(Showing(shown=8, total=9, filter="x"))]) == "8 of 9 lines"
