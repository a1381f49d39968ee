"""aks-engine on the lab's helper VMs through the console's own services: looked at, asked, and given a job."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.errors import SourceError
from backends.model.engine.command import Scale
from backends.model.job import JobState
from backends.model.redact import MASK
from console.commands.lab_process import LabProcess, lab_process
from console.configuration import load_settings
from console.wiring import Services, open_services
from tests.console.command_line import stampdeck
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def fast_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "400", "--kubernetes-version", "v1.33.10") as running:
        yield running


@pytest.fixture
async def services(fast_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    monkeypatch.setitem(os.environ, "STAMPDECK_LAB", str(fast_lab.folder))
    async with open_services(load_settings(str(fast_lab.config)), follow_fleet=False) as found:
        yield found
    await asyncio.to_thread(stampdeck, "lab", "clear")


async def test_a_stamp_that_is_ready_looks_so_from_its_vm(services: Services) -> None:
    for name, engine in services.engines.items():
        facts = await engine.look()
        assert {each: probe.ok for each, probe in facts.probes.items()} == {
            "arm": True, "login": True, "providers": True, "kubernetes": True,
        }, (name, facts.probes)  # fmt: skip
        assert facts.missing == () and facts.credential_modes == () and facts.foreign == ()
        assert facts.locks_work is True and facts.free_bytes and facts.boot_id
        assert await engine.version() == "v0.85.0"
        assert await engine.offered("1.33.10") == ("1.34.4",)


async def test_what_is_wrong_at_the_stamp_is_seen_from_its_vm(services: Services) -> None:
    for fault, failing in (("arm-down", "arm"), ("arm-untrusted", "arm"), ("arm-forbidden", "providers")):
        await asyncio.to_thread(stampdeck, "lab", "fault", "orlando", fault)
        probes = (await services.engines["orlando"].look()).probes
        assert [name for name, probe in probes.items() if not probe.ok] == [failing], (fault, probes)
        await asyncio.to_thread(stampdeck, "lab", "clear")


async def test_a_job_scales_a_pool_and_leaves_a_copy_of_the_api_model(
    services: Services, fast_lab: LabProcess, tmp_path: Path
) -> None:
    engine, jobs = services.engines["orlando"], services.jobs["orlando"]
    before = await engine.api_model()
    (pool,) = before.pools
    command = Scale(pool.name, pool.count + 1)
    await engine.version()
    request = engine.job(command, before, "scale-1", "olivia@bastion")
    status = await jobs.submit(request)
    assert status.state in (JobState.RUNNING, JobState.STARTING, JobState.EXITED), status
    log = b"".join([piece async for piece in jobs.follow("scale-1", tmp_path / "log")])
    ended = await jobs.status("scale-1")
    assert (ended.state, ended.status) == (JobState.EXITED, 0), log.decode()[-2000:]
    assert log.startswith(b"stampdeck: copied the api model to ") and b"Succeeded" in log
    assert ended.meta["command"] == engine.shown(command, before) and MASK not in ended.meta["command"]
    after = await engine.api_model()
    assert after.pool(pool.name) is not None and after.sha256 != before.sha256
    assert [each.count for each in after.pools] == [pool.count + 1]
    folder = fast_lab.folder / "vm/orlando/home/_output/k8s-orlando"
    (copy,) = (folder / "apimodel-copies").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600 and f'"count": {pool.count}' in copy.read_text()

    async def machines() -> bool:
        names = [each.name for each in await services.arms["orlando"].machines() if each.pool == pool.name]
        return len(names) == pool.count + 1

    assert await eventually(machines)


async def test_a_vm_that_hangs_up_is_a_source_that_failed(services: Services) -> None:
    await asyncio.to_thread(stampdeck, "lab", "fault", "seattle", "ssh-down")
    for call in (services.engines["seattle"].version, services.engines["seattle"].api_model):
        with pytest.raises(SourceError):
            await call()
