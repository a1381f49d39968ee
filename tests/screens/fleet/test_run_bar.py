"""A run of the engine on the fleet's screen: a bar on its stamp, whoever started it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from backends.clock import SystemClock
from backends.errors import Unreachable
from backends.model.engine.progress import EngineProgress, Phase
from backends.operations.engine.fleet_jobs import GoingRun
from screens.fleet.dense import dense_lines
from screens.fleet.rows import BLOCK_LINES, block_lines
from screens.glyphs import ASCII, UNICODE
from screens.lines import as_text, width_of
from tests.operations.engine_stage import EngineStage
from tests.screens.stage import NOW, down_stamp, live_stamp, ready, screen_text, shows, until
from tests.screens.writing_stage import WritingStage

HALF = EngineProgress("upgrade", Phase.AGENTS, units_done=3.0, units_total=6.0, eta_s=2340.0)


@pytest.mark.parametrize("width", [34, 60, 110])
@pytest.mark.parametrize("stamp", [live_stamp(), down_stamp("orlando")])
def test_the_bar_takes_the_last_line_of_a_block(stamp: Any, width: int) -> None:
    lines = block_lines(stamp, NOW, width, UNICODE, GoingRun("orlando", "upgrade", "upgrade-1", HALF))
    assert len(lines) == BLOCK_LINES
    assert as_text(lines[-1:]).startswith("upgrade")
    assert "50 % agents" in as_text(lines[-1:])
    assert all(width_of(each) <= width for each in lines)


def test_a_run_of_which_nothing_is_known_yet_has_no_bar() -> None:
    lines = block_lines(live_stamp(), NOW, 50, ASCII, GoingRun("orlando", "scale", "scale-1", EngineProgress()))
    assert as_text(lines[-1:]) == "scale  start"


def test_in_the_dense_form_the_bar_stands_below_its_stamp() -> None:
    going = {"seattle": GoingRun("seattle", "upgrade", "upgrade-1", HALF)}
    lines = as_text(dense_lines([live_stamp(), live_stamp("seattle")], 0, NOW, 90, UNICODE, going)).splitlines()
    assert "seattle" in lines[2]
    assert "50 % agents  39m left" in lines[3]


async def test_a_job_started_elsewhere_is_found_and_its_end_too(tmp_path: Path) -> None:
    made = WritingStage("orlando", "seattle")
    engine = EngineStage(tmp_path, SystemClock(), "orlando", "seattle")

    async def prepare_engine() -> None:
        return

    async def fail(last: int = 50) -> Any:
        raise Unreachable("no route to the VM")

    services: Any = made.services
    services.engine, services.prepare_engine = engine.operations, prepare_engine
    engine.jobs["seattle"].list = fail  # type: ignore[method-assign]
    for stamp in made.app.deck.overview.stamps:
        at = made.app.deck.overview.stamps.index(stamp)
        with_vm = msgspec.structs.replace(stamp, helper_vm=engine.vms[stamp.name].access)
        stamps = list(made.app.deck.overview.stamps)
        stamps[at] = with_vm
        made.app.deck.overview.stamps = tuple(stamps)
    from backends.model.engine.command import Upgrade

    job = engine.engines["orlando"].job(Upgrade("1.34.4"), None, "upgrade-7", "bob")
    await engine.jobs["orlando"].submit(job)
    async with made.run((120, 36)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: engine.readers, "the watch of the job")
        engine.readers[0].progress = HALF
        engine.jobs["orlando"].write("a line\n")
        await shows(pilot, "50 % agents")
        engine.jobs["orlando"].finish()
        await until(pilot, lambda: "50 % agents" not in screen_text(pilot.app), "the end of the bar")
