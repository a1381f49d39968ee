from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from screens.output.ascii_lines import as_ascii
from tests.screens.stage import Stage, live_stamp, ready, shows


@given(st.text(max_size=30).filter(str.isprintable))
def test_a_text_keeps_its_width(text: str) -> None:
    made = as_ascii(text)
    assert made.isascii()
    assert cell_len(made) == sum(map(cell_len, text))


def test_pictures_have_their_likes() -> None:
    assert as_ascii("┏━ orlando ━┓ ▲ 日本 web-a…") == "+- orlando -+ ^ ???? web-a~"


async def test_the_whole_screen_is_ascii_where_it_has_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAMPDECK_ASCII", "1")
    stage = Stage()
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        await shows(pilot, live_stamp().name)
        for keys in ("question_mark", "escape", "a", "ctrl+p"):
            await pilot.press(keys)
            await pilot.pause()
            drawn = [strip.text for strip in stage.app.screen._compositor.render_strips()]
            assert len(drawn) == 40
            odd = [text for text in drawn if not text.isascii()]
            assert not odd
