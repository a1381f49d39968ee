"""A stamp with more pods than are watched, on the lab over real sockets: counted, followed where it matters, viewed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from backends.lab.runner import Lab, LabOptions, open_lab
from backends.model.fleet import StampSnapshot
from backends.operations.resources import ResourceRequest
from console.configuration import load_settings
from console.wiring import Services, open_services
from tests.support.waiting import until


@asynccontextmanager
async def large_stamp(directory: Path) -> AsyncIterator[tuple[Lab, Services]]:
    """Run a lab twenty times as fast as life, in which any stamp is too large for its pods to be watched."""
    async with open_lab(LabOptions(directory, speed=20.0, stamps=1, incidents=False)) as lab:
        fleet = yaml.safe_load(lab.running.config.read_text())
        fleet["stamps"][0]["cluster"]["watch_pods_up_to"] = 5
        lab.running.config.write_text(yaml.safe_dump(fleet))
        async with open_services(load_settings(str(lab.running.config))) as services:
            yield lab, services


async def test_a_large_stamp_is_counted_watched_in_a_view_and_a_crash_loop_is_seen(tmp_path: Path) -> None:
    async with large_stamp(tmp_path / "lab") as (lab, services):

        def stamp() -> StampSnapshot:
            return services.fleet.state.value.stamps[0]

        settled = (await services.fleet.settled(20)).stamps[0]
        assert settled.api.is_live
        assert settled.pods is not None
        assert settled.pods.total > 10
        assert settled.pods_counted_at is not None
        assert "counted every" in settled.sources["pods"].reason

        async with services.resources.open(ResourceRequest("pods", ("orlando",))) as view:
            await view.settled(20)
            view.drain()
            await until(lambda: stamp().pods_counted_at is None)
            pods = stamp().pods
            assert pods is not None
            assert abs(pods.total - len(view.rows)) <= 2  # those of the CronJob come and go
        await until(lambda: stamp().pods_counted_at is not None)

        lab.boards["orlando"].set("pods-crashloop", "ratings-api")
        await until(lambda: bool(stamp().pods and stamp().pods.failing and stamp().restarts_15m), 90)  # type: ignore[union-attr]
        assert stamp().api.is_live
