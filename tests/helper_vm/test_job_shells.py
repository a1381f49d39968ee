"""The runner under every shell a VM may have as sh, and the bound of a log."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.model.job import JobRequest, JobState, Signal
from tests.helper_vm.job_stage import JobStage, follow_to_end, in_state
from tests.support.sshd import running_sshd
from tests.support.waiting import until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[JobStage]:
    with running_sshd(tmp_path / "sshd") as sshd:
        yield JobStage(sshd, tmp_path)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_every_shell_runs_it_alike(stage: JobStage, tmp_path: Path, shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to(found)
    stage.variables["PATH"] = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    cluster = stage.cluster()
    async with stage.console() as jobs:
        gate = await stage.held_job(jobs, "first", cluster)
        refused = await jobs.submit(JobRequest("second", "true", str(cluster)))
        assert (refused.state, refused.holder) == (JobState.REFUSED, "first")
        reader = asyncio.create_task(follow_to_end(jobs, "first", tmp_path / "mirror"))
        await gate.open()
        assert await reader == b"began\ndone\n"
        await jobs.submit(JobRequest("third", "echo up; exec sleep 600", str(cluster)))
        await until(lambda: b"up" in stage.log("third"))
        await jobs.cancel("third", Signal.INT, "bob")
        assert (await in_state(jobs, "third", JobState.EXITED)).status == 130
        await jobs.submit(JobRequest("fourth", "trap '' INT TERM; echo up; while :; do sleep 0.1; done"))
        await until(lambda: b"up" in stage.log("fourth"))
        await jobs.cancel("fourth", Signal.KILL, "bob")
        assert (await in_state(jobs, "fourth", JobState.EXITED)).status == 137
        assert await jobs.foreign(str(cluster)) == ()
        assert [each.number for each in await jobs.list()] == ["fourth", "third", "second", "first"]


async def test_a_bounded_log_gives_room_back_and_tells_what_is_gone(stage: JobStage, tmp_path: Path) -> None:
    stage.variables["STAMPDECK_TRIM_S"] = "0.1"
    gates = [stage.gate() for _ in range(13)]
    script = "".join(f"seq {n * 10_000} {n * 10_000 + 9_999}\n{gate.wait}" for n, gate in enumerate(gates[:-1]))
    written = b"".join(b"%d\n" % number for number in range(120_000)) + b"last\n"
    log = stage.job_folder("chatty") / "log"
    async with stage.console(log_bound_bytes=100_000) as jobs:
        await jobs.submit(JobRequest("chatty", f"{script}{gates[-1].wait}echo last\n"))
        early = asyncio.create_task(follow_to_end(jobs, "chatty", tmp_path / "early"))
        for number, gate in enumerate(gates[:-1], 1):
            # It keeps up, so that nothing is dropped before its eyes.
            size = written.index(b"%d\n" % (number * 10_000)) if number < 12 else len(written) - len("last\n")
            await until(lambda: (tmp_path / "early").exists() and (tmp_path / "early").stat().st_size == size)  # noqa: B023
            await gate.open()
        surplus = (len(written) - len("last\n") - 100_000) // 4096 * 4096
        await until(lambda: log.with_name("dropped").read_text() == f"{surplus}\n")
        await until(lambda: log.read_bytes().startswith(b"\0" * surplus))
        late = asyncio.create_task(follow_to_end(jobs, "chatty", tmp_path / "late"))
        await gates[-1].open()
        assert await early == written == (tmp_path / "early").read_bytes()
        came = await late
        dropped = (await jobs.status("chatty")).dropped
        assert dropped == surplus
        notice = f"\n[stampdeck: {dropped:,} bytes of this log are no longer kept on the helper VM]\n".encode()
        assert came == notice + written[dropped:]
        assert (tmp_path / "late").stat().st_size == len(written) == log.stat().st_size
        assert log.stat().st_blocks * 512 < 200_000
        # A hole in the mirror is told again to whoever reads from its beginning.
        assert b"".join([each async for each in jobs.follow("chatty", tmp_path / "late", 0)]) == came
