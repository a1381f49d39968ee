"""How jobs end: by themselves, cancelled, without their supervisor, with the VM, on a full disk."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backends.errors import Conflict, ServerFailed
from backends.model.job import JobRequest, JobState, Signal
from tests.helper_vm.job_stage import JobStage, follow_to_end, in_state
from tests.support.sshd import running_sshd
from tests.support.waiting import until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[JobStage]:
    with running_sshd(tmp_path / "sshd") as sshd:
        yield JobStage(sshd, tmp_path)


async def test_each_cancel_reaches_all_of_it_and_is_recorded(stage: JobStage, tmp_path: Path) -> None:
    gate = stage.gate()
    heard = "trap 'echo heard INT' INT; trap 'echo heard TERM; exit 9' TERM; echo ready\n"
    async with stage.console() as jobs:
        await jobs.submit(
            JobRequest("polite", f"{heard}(trap - INT TERM; echo child; {gate.wait})\n{gate.wait}{gate.wait}")
        )
        await until(lambda: b"child" in stage.log("polite"))
        status = await jobs.cancel("polite", Signal.INT, "Zoë O'Hara\n\x1b[31m")
        assert status.cancelled and status.state is JobState.RUNNING
        await until(lambda: b"heard INT" in stage.log("polite"))
        await jobs.cancel("polite", Signal.TERM, "bob@bastion")
        status = await in_state(jobs, "polite", JobState.EXITED)
        assert status.status == 9
        assert [(each.signal, each.who) for each in status.cancels] == [
            (Signal.INT, "Zoë O'Hara[31m"), (Signal.TERM, "bob@bastion"),
        ]  # fmt: skip
        assert status.started_at and all(status.started_at <= each.at <= status.now for each in status.cancels)
        with pytest.raises(Conflict, match="it is over: exited, status 9"):
            await jobs.cancel("polite", Signal.KILL, "bob@bastion")
        assert len((await jobs.status("polite")).cancels) == 2
        assert b"ready" in await follow_to_end(jobs, "polite", tmp_path / "mirror")


async def test_a_command_killed_by_the_signal_tells_which(stage: JobStage) -> None:
    async with stage.console() as jobs:
        for sent, status in ((Signal.INT, 130), (Signal.TERM, 143), (Signal.KILL, 137)):
            number = f"by-{sent}"
            await jobs.submit(JobRequest(number, "echo up; exec sleep 600"))
            await until(lambda: b"up" in stage.log(number))  # noqa: B023
            await jobs.cancel(number, sent, "bob")
            ended = await in_state(jobs, number, JobState.EXITED)
            assert (ended.status, ended.cancelled) == (status, True)


async def test_what_ignores_everything_is_killed_in_the_end_wherever_it_hid(stage: JobStage) -> None:
    stubborn = "trap '' INT TERM; echo up; while :; do sleep 0.1; done"
    script = (
        "echo up; trap '' INT\n"
        # In a session of its own, with a process group of its own, and with the job's descriptors closed.
        f'setsid sh -c "{stubborn}" &\nset -m\nsh -c "{stubborn}" &\nset +m\nsh -c "{stubborn}" 8>&- 9>&- &\n'
        "exec sleep 600\n"
    )
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("hydra", script))
        await until(lambda: stage.log("hydra").count(b"up\n") == 4)
        await jobs.cancel("hydra", Signal.INT, "bob")
        assert (await jobs.status("hydra")).state is JobState.RUNNING
        await jobs.cancel("hydra", Signal.TERM, "bob")
        # Its command has ended, which is no end while something works on.
        draining = await in_state(jobs, "hydra", JobState.DRAINING)
        assert draining.status == 143
        await jobs.cancel("hydra", Signal.KILL, "bob")
        assert (await in_state(jobs, "hydra", JobState.EXITED)).status == 143
        await until(lambda: not [pid for pid in stage.sshd.jobs() if "trap" in command_line(pid)])


async def test_without_its_supervisor_it_works_on_locked_and_followed_and_then_is_lost(
    stage: JobStage, tmp_path: Path
) -> None:
    cluster = stage.cluster()
    async with stage.console() as jobs:
        gate = await stage.held_job(jobs, "orphan", cluster)
        follower = asyncio.create_task(follow_to_end(jobs, "orphan", tmp_path / "mirror"))
        os.kill((await jobs.status("orphan")).pid, signal.SIGKILL)
        assert (await in_state(jobs, "orphan", JobState.UNSUPERVISED)).status is None
        refused = await jobs.submit(JobRequest("second", "true", str(cluster)))
        assert (refused.state, refused.holder) == (JobState.REFUSED, "orphan")
        late = asyncio.create_task(follow_to_end(jobs, "orphan", tmp_path / "late"))
        await until(lambda: (tmp_path / "late").exists() and (tmp_path / "late").read_bytes())
        await gate.open()
        assert await follower == await late == b"began\ndone\n"
        lost = await jobs.status("orphan")
        assert (lost.state, lost.status, lost.state.is_unknown) == (JobState.LOST, None, True)
        assert (await jobs.submit(JobRequest("third", "true", str(cluster)))).state is not JobState.REFUSED


async def test_an_orphan_can_be_cancelled_too(stage: JobStage) -> None:
    async with stage.console() as jobs:
        await stage.held_job(jobs, "orphan")
        os.kill((await jobs.status("orphan")).pid, signal.SIGKILL)
        await in_state(jobs, "orphan", JobState.UNSUPERVISED)
        await jobs.cancel("orphan", Signal.TERM, "bob")
        assert (await in_state(jobs, "orphan", JobState.LOST)).cancelled


async def test_a_job_of_which_nothing_is_left_is_lost_also_when_its_process_id_is_another_s(stage: JobStage) -> None:
    async with stage.console() as jobs:
        await stage.held_job(jobs, "gone")
        supervisor = (await jobs.status("gone")).pid
        os.killpg(supervisor, signal.SIGKILL)
        assert (await in_state(jobs, "gone", JobState.LOST)).status is None
        words = (stage.job_folder("gone") / "run").read_text().split()
        (stage.job_folder("gone") / "run").write_text(" ".join((str(os.getpid()), *words[1:])) + "\n")
        assert (await jobs.status("gone")).state is JobState.LOST
        with pytest.raises(Conflict):
            await jobs.cancel("gone", Signal.KILL, "bob")


async def test_a_restarted_vm_is_told_from_a_lost_job(stage: JobStage, tmp_path: Path) -> None:
    boot = tmp_path / "boot_id"
    boot.write_text("11111111-first\n")
    stage.variables["STAMPDECK_BOOT_ID"] = str(boot)
    async with stage.console() as jobs:
        await stage.held_job(jobs, "interrupted")
        await jobs.submit(JobRequest("finished", "exit 4"))
        await in_state(jobs, "finished", JobState.EXITED)
        follower = asyncio.create_task(follow_to_end(jobs, "interrupted", tmp_path / "mirror"))
        await until(lambda: (tmp_path / "mirror").exists() and (tmp_path / "mirror").read_bytes())
        await asyncio.to_thread(stage.sshd.kill)
        await asyncio.to_thread(stage.sshd.end_jobs)
        boot.write_text("22222222-second\n")
        await asyncio.to_thread(stage.sshd.start)
        assert await follower == b"began\n"
        assert (await jobs.status("interrupted")).state is JobState.REBOOTED
        assert (await jobs.status("finished")).status == 4
        # What had not reached the disk there may be here: that is no other job's log.
        (stage.job_folder("interrupted") / "log").write_bytes(b"beg")
        assert [each async for each in jobs.follow("interrupted", tmp_path / "mirror")] == []
        assert not await jobs.is_whole("interrupted", tmp_path / "mirror")
        boot.unlink()
        with pytest.raises(ServerFailed, match="boot_id"):
            await jobs.status("interrupted")


async def test_a_supervisor_that_cannot_begin_is_a_failed_start(stage: JobStage, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "setsid").write_text("#!/bin/sh\necho 'setsid: unrecognized option' >&2\nexit 1\n")
    (programs / "setsid").chmod(0o700)
    stage.variables["PATH"] = f"{programs}:{os.environ['PATH']}"
    async with stage.console() as jobs:
        failed = await jobs.submit(JobRequest("nope", "echo never"))
        assert (failed.state, failed.why) == (JobState.FAILED_START, "setsid: unrecognized option")
        assert failed.state.is_over
        assert [each async for each in jobs.follow("nope", tmp_path / "mirror")] == []


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[None]:
    """A filesystem of so many KiB in a folder; skips where that is not allowed."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0700,uid={os.getuid()}", "none", str(folder)]
    made = subprocess.run(mount, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no filesystem may be mounted here: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_takes_neither_the_status_nor_what_was_written(stage: JobStage, tmp_path: Path) -> None:
    with small_disk(stage.sshd.home / ".local", 512):
        gate = stage.gate()
        script = f"trap : INT; echo before\n{gate.wait}yes chatter | head -c 2000000\n{gate.wait}echo after\nexit 9\n"
        async with stage.console() as jobs:
            await jobs.submit(JobRequest("greedy", script))
            await gate.open()
            await until(lambda: os.statvfs(stage.sshd.home / ".local").f_bavail == 0)
            with pytest.raises(ServerFailed, match="room on the VM's disk"):
                await jobs.submit(JobRequest("later", "true"))
            assert (await jobs.cancel("greedy", Signal.INT, "bob")).cancelled
            ended = await in_state(jobs, "greedy", JobState.EXITED)
            assert ended.status == 9
            assert [each.who for each in ended.cancels] == ["bob"]
            came = await follow_to_end(jobs, "greedy", tmp_path / "mirror")
            assert came.startswith(b"before\nchatter\n") and len(came) > 100_000
            assert {each.number: each.status for each in await jobs.list()} == {"greedy": 9}


def command_line(pid: int) -> str:
    """The words of a process, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
