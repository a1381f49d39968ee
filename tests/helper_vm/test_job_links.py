"""Jobs and their readers while connections, servers and consoles die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.errors import Malformed
from backends.helper_vm.jobs import VmJobs
from backends.helper_vm.timing import Timing
from backends.model.job import JobRequest, JobState
from tests.helper_vm.job_stage import Gate, JobStage, follow_to_end, in_state
from tests.support.cutting_relay import CuttingRelay
from tests.support.relay import Relay
from tests.support.sshd import running_sshd
from tests.support.waiting import until

SWIFT = Timing(backoff_s=0.01, backoff_cap_s=0.1, nudged_s=0.02)
LINES = 2_000


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[JobStage]:
    with running_sshd(tmp_path / "sshd") as sshd:
        yield JobStage(sshd, tmp_path)


def chapters(gates: list[Gate]) -> str:
    """A script that writes LINES lines, waits, writes as many more, and so on."""
    return "".join(f"seq {LINES * n} {LINES * (n + 1) - 1}\n{gate.wait}" for n, gate in enumerate(gates)) + "exit 3\n"


def whole_log(count: int) -> bytes:
    """What a script of so many chapters writes."""
    return b"".join(b"%d\n" % number for number in range(LINES * count))


class Reading:
    """A task that follows a job, with what came so far."""

    def __init__(self, jobs: VmJobs, number: str, mirror: Path) -> None:
        self.came = b""
        self.mirror = mirror
        self.task = asyncio.create_task(self._read(jobs, number))

    async def _read(self, jobs: VmJobs, number: str) -> None:
        async for piece in jobs.follow(number, self.mirror):
            self.came += piece

    async def have(self, count: int) -> None:
        """Wait until so many bytes came."""
        await until(lambda: len(self.came) >= count or self.task.done())
        assert len(self.came) >= count, self.task


@contextlib.asynccontextmanager
async def reading(jobs: VmJobs, number: str, mirror: Path) -> AsyncIterator[Reading]:
    """Follow a job until the context is left."""
    found = Reading(jobs, number, mirror)
    try:
        yield found
    finally:
        found.task.cancel()
        await asyncio.gather(found.task, return_exceptions=True)


async def test_fifteen_resets_lose_and_double_no_byte(stage: JobStage, tmp_path: Path) -> None:
    gates = [stage.gate() for _ in range(15)]
    chance = random.Random(4)
    async with CuttingRelay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port, timing=SWIFT) as jobs:
        await jobs.submit(JobRequest("long", chapters(gates)))
        async with reading(jobs, "long", tmp_path / "mirror") as reader:
            for number, gate in enumerate(gates, 1):
                await reader.have(len(whole_log(number)))
                # Some in the silence, most in the middle of what the next chapter writes.
                if number % 3:
                    relay.cut_after(chance.randrange(1, 8_000))
                else:
                    relay.cut()
                cuts = relay.cuts
                await gate.open()
                await until(lambda: number % 3 == 0 or relay.cuts > cuts or reader.task.done())  # noqa: B023
            await reader.task
        assert relay.cuts >= 15
        assert reader.came == whole_log(15) == stage.log("long") == (tmp_path / "mirror").read_bytes()
        assert await jobs.is_whole("long", tmp_path / "mirror")
        assert (await jobs.status("long")).status == 3


async def test_a_silent_network_is_noticed_and_nothing_lost(stage: JobStage, tmp_path: Path) -> None:
    gates = [stage.gate() for _ in range(2)]
    timing = Timing(keepalive_s=0.3, keepalive_count=2, backoff_s=0.01, backoff_cap_s=0.1)
    async with Relay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port, timing=timing) as jobs:
        await jobs.submit(JobRequest("dark", chapters(gates)))
        async with reading(jobs, "dark", tmp_path / "mirror") as reader:
            await reader.have(len(whole_log(1)))
            relay.freeze()
            for gate in gates:
                await gate.open()
            await reader.task
        assert relay.opened >= 2
        assert reader.came == whole_log(2)
        assert await jobs.is_whole("dark", tmp_path / "mirror")


async def test_the_ssh_server_restarts_twice_and_takes_its_sessions_along(stage: JobStage, tmp_path: Path) -> None:
    gates = [stage.gate() for _ in range(3)]
    async with stage.console(timing=SWIFT) as jobs:
        await jobs.submit(JobRequest("restarted", chapters(gates)))
        async with reading(jobs, "restarted", tmp_path / "mirror") as reader:
            for number, gate in enumerate(gates[:2], 1):
                await reader.have(len(whole_log(number)))
                await asyncio.to_thread(stage.sshd.kill)
                await gate.open()
                await until(lambda: len(stage.log("restarted")) >= len(whole_log(number + 1)))  # noqa: B023
                await asyncio.to_thread(stage.sshd.start)
            await gates[2].open()
            await reader.task
        assert reader.came == whole_log(3)
        assert await jobs.is_whole("restarted", tmp_path / "mirror")


async def test_a_console_killed_three_times_goes_on_where_it_was(stage: JobStage, tmp_path: Path) -> None:
    gates = [stage.gate() for _ in range(4)]
    mirror, hop = tmp_path / "mirror", stage.access().hop
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("survivor", chapters(gates)))
        command = (
            sys.executable, "-m", "tests.helper_vm.follow_process", hop.host, str(hop.port), hop.user,
            str(stage.sshd.key), str(tmp_path / f"known_hosts-{hop.port}"), "survivor", str(mirror),
        )  # fmt: skip
        said = b""
        for number, gate in enumerate(gates, 1):
            console = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            try:
                # In the middle of a chapter as well as at its end.
                await until(lambda: mirror.exists() and mirror.stat().st_size >= len(whole_log(number)))  # noqa: B023
                await gate.open()
                if number == len(gates):
                    said, _ = await console.communicate()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    console.kill()
                await console.wait()
        assert json.loads(said.splitlines()[-1]) == {"state": "exited", "whole": True}
        assert mirror.read_bytes() == whole_log(4)
        assert await jobs.is_whole("survivor", mirror)


async def test_cut_during_submitting_it_runs_exactly_once(stage: JobStage) -> None:
    async with CuttingRelay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port, timing=SWIFT) as jobs:
        await jobs.submit(JobRequest("measured", "true"))
        before = relay.carried
        await jobs.submit(JobRequest("measured-2", "true"))
        one = relay.carried - before
        ran = stage.folder / "ran"
        for number in range(25):
            request = JobRequest(f"cut-{number}", f"echo {number} >>{ran}")
            relay.cut_after(1 + one * number // 24)
            assert (await jobs.submit(request)).state in (JobState.RUNNING, JobState.EXITED)
            assert (await jobs.submit(request)).state in (JobState.RUNNING, JobState.EXITED)
        for number in range(25):
            await in_state(jobs, f"cut-{number}", JobState.EXITED)
        assert relay.cuts >= 24
    assert sorted(map(int, ran.read_text().split())) == list(range(25))


async def test_cut_during_the_upload_it_is_never_truncated(stage: JobStage) -> None:
    ran = stage.folder / "ran"
    async with CuttingRelay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port, timing=SWIFT) as jobs:
        await jobs.list()
        filling = "# a line of a long script that is a comment only\n" * 4_000
        for number in range(15):
            # Were it cut at any line it would be a good script that does less.
            script = f"echo began {number} >>{ran}\n{filling}echo ended {number} >>{ran}\n"
            relay.cut_after(len(script) * (number + 1) // 16)
            assert (await jobs.submit(JobRequest(f"upload-{number}", script))).state in (
                JobState.RUNNING, JobState.EXITED
            )  # fmt: skip
            await in_state(jobs, f"upload-{number}", JobState.EXITED)
        assert relay.cuts == 15
        assert len(await jobs.list(100)) == 15
    assert ran.read_text() == "".join(f"began {number}\nended {number}\n" for number in range(15))
    await until(lambda: not list((stage.sshd.home / ".local/state/stampdeck").glob("upload.*")))


async def test_what_a_lost_reader_left_on_the_vm_ends_before_the_job(stage: JobStage, tmp_path: Path) -> None:
    async with CuttingRelay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port, timing=SWIFT) as jobs:
        gate = await stage.held_job(jobs, "quiet")
        alone = len(stage.sshd.jobs())
        async with reading(jobs, "quiet", tmp_path / "mirror") as reader:
            await reader.have(len("began\n"))
            relay.cut()
            await until(lambda: relay.opened >= 2)
        await until(lambda: len(stage.sshd.jobs()) <= alone)
        await gate.open()
        assert (await follow_to_end(jobs, "quiet", tmp_path / "mirror")) == b"done\n"


async def test_a_reader_that_is_never_told_of_the_end_asks(stage: JobStage, tmp_path: Path) -> None:
    async with stage.console(ask_s=0.1) as jobs:
        gate = await stage.held_job(jobs, "silent")
        async with reading(jobs, "silent", tmp_path / "mirror") as reader:
            await reader.have(len("began\n"))
            waiting = await until(lambda: [pid for pid in stage.sshd.jobs() if b"flock\0-s\0" in words_of(pid)])
            for each in waiting:
                os.kill(each, signal.SIGKILL)
            await gate.open()
            await reader.task
        assert reader.came == b"began\ndone\n"


def words_of(pid: int) -> bytes:
    """The command line of a process, b"" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_start_files_that_talk_are_skipped(stage: JobStage, tmp_path: Path) -> None:
    noise = 'echo "{\\"number\\":\\"forged\\"}"; printf "Welcome! \\033[1m@@ no line end"; echo stderr noise >&2\n'
    (stage.sshd.home / ".bashrc").write_text(f"{noise}cd /\nseq 1 20000\n")
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("quiet", "echo one; echo two"))
        assert await follow_to_end(jobs, "quiet", tmp_path / "mirror") == b"one\ntwo\n"
        assert [each.number for each in await jobs.list()] == ["quiet"]
        assert (await jobs.status("quiet")).status == 0


async def test_start_files_that_end_the_session_are_told(stage: JobStage) -> None:
    (stage.sshd.home / ".bashrc").write_text("echo go away; exit 0\n")
    async with stage.console() as jobs:
        with pytest.raises(Malformed) as raised:
            await jobs.status("any")
    assert "go away" in str(raised.value) and "start files" in str(raised.value)
