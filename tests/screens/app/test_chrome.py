from __future__ import annotations

import pytest

from screens.chrome import WriteMode, top_line
from screens.glyphs import UNICODE
from screens.lines import as_text, width_of
from tests.screens.stage import NOW, down_stamp, fleet_of, live_stamp

CRUMBS = ("fleet", "nodes@orlando", "run 1")
BUSY = WriteMode(872.0, False, 1, 2)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("mode", [WriteMode(), BUSY, WriteMode(59.0, True, 12, 12)])
def test_what_is_armed_and_what_is_lost_is_said_at_every_width(width: int, mode: WriteMode) -> None:
    fleet = fleet_of(live_stamp("orlando"), down_stamp("seattle"))
    drawn = top_line(CRUMBS, fleet, NOW, UNICODE, width, mode)
    said = as_text([drawn])
    assert width_of(drawn) <= width
    assert "seattle DOWN" in said or "1 of 2 LIVE" in said
    assert ("WRITE" in said) is (mode.armed_left_s is not None)


def test_the_clock_goes_before_the_names_of_stamps() -> None:
    fleet = fleet_of(live_stamp("orlando"), down_stamp("seattle"))
    said = as_text([top_line(CRUMBS, fleet, NOW, UNICODE, 80, WriteMode(872.0, False, 1))])
    assert "seattle DOWN" in said and "WRITE 14:32" in said and "run 1" in said
    assert said.count(":") == 1
