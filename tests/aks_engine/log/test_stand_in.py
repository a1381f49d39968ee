"""The lab's stand-in, both streams in one file as a job's are, is understood while it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from backends.aks_engine.log import EngineLog
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import EngineProgress, NodeStep, Phase
from tests.lab.engine.stand import Stand, engine_stand


async def _run(stand: Stand, *arguments: str) -> tuple[int, EngineProgress, list[EngineProgress]]:
    """Return how a run ended, what its log came to, and what that looked like on the way."""
    secret = stand.stamp.arm.engine.secret
    log = EngineLog(arguments[0], (secret,))
    lines: list[EngineLine] = []
    seen: list[EngineProgress] = []
    process = await stand.start(*arguments, stderr=asyncio.subprocess.STDOUT)
    try:
        assert process.stdout is not None
        while data := await process.stdout.read(300):
            lines += log.feed(data)
            seen.append(log.progress)
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines += log.close()
    said = (LineForm.COLOUR, LineForm.LOGFMT, LineForm.PLAIN)
    assert [each.text for each in lines if each.form in said and not each.message] == []
    assert not any(secret in each.text for each in lines)
    return status, log.progress, seen


def _scaling(stand: Stand, count: int) -> tuple[str, ...]:
    name = stand.stamp.plan.name
    where = ("-g", f"k8s-{name}", "-l", name, "-m", str(stand.model_path))
    return ("scale", *where, "--node-pool", "linuxpool", "-c", str(count), *stand.login, *stand.api_server)


async def test_an_upgrade_and_a_pool_scaled_up_and_down(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, speed=900) as stand:
        status, progress, seen = await _run(stand, *stand.upgrading("1.34.4"))
        assert (status, progress.phase, progress.is_succeeded) == (0, Phase.DONE, True)
        assert (progress.units_done, progress.units_total) == (6.0, 6.0)
        assert sorted(each.step for each in progress.nodes) == [NodeStep.GONE, *[NodeStep.READY] * 6]
        assert (progress.alarms, progress.failures) == ((), ())
        shares = [each.share for each in seen if each.share is not None]
        assert shares == sorted(shares)
        assert len(set(shares)) > 15
        assert {each.phase for each in seen} >= {Phase.PLANNING, Phase.MASTERS, Phase.AGENTS}

        status, progress, _ = await _run(stand, *_scaling(stand, 5))
        assert (status, progress.is_succeeded, len(progress.nodes)) == (0, True, 2)

        status, progress, seen = await _run(stand, *_scaling(stand, 3))
        assert (status, progress.is_succeeded) == (0, True)
        assert [each.step for each in progress.nodes] == [NodeStep.GONE] * 2
        assert Phase.DRAINING in {each.phase for each in seen}


async def test_a_run_that_is_refused(tmp_path: Path) -> None:
    async with engine_stand(tmp_path, speed=900) as stand:
        status, progress, _ = await _run(stand, *stand.upgrading("1.35.0"))
        assert (status, progress.phase) == (1, Phase.FAILED)
        assert [each.id for each in progress.failures] == ["version-not-offered"]
