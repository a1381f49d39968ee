"""Jobs from submitting to their end, on a real sshd."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.errors import Conflict, Invalid, LocalDiskFailed, NotFound
from backends.helper_vm.runner import runner_path, runner_text
from backends.model.job import JobRequest, JobState
from backends.operations.vm_ports import Jobs
from tests.helper_vm.job_stage import JobStage, follow_to_end, in_state
from tests.support.sshd import running_sshd
from tests.support.waiting import until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[JobStage]:
    with running_sshd(tmp_path / "sshd") as sshd:
        yield JobStage(sshd, tmp_path)


async def test_a_job_gives_its_log_its_status_and_what_was_kept_beside_it(stage: JobStage, tmp_path: Path) -> None:
    meta = {"who": 'Jérôme \\ "x"\t\n', "stamp": "east", "argv": ["upgrade", "--client-secret", "***"]}
    request = JobRequest("first", "echo to stdout; echo to stderr >&2; printf 'no end of line'; exit 7", meta=meta)
    async with stage.console() as console:
        jobs: Jobs = console  # the type checker proves that operations get what they ask for
        submitted = await jobs.submit(request)
        assert submitted.state in (JobState.RUNNING, JobState.EXITED)
        came = await follow_to_end(console, "first", tmp_path / "mirrors/east/first.log")
        status = await jobs.status("first")

    assert came == b"to stdout\nto stderr\nno end of line" == (tmp_path / "mirrors/east/first.log").read_bytes()
    assert (status.state, status.status, status.size) == (JobState.EXITED, 7, len(came))
    assert status.meta == meta
    assert status.started_at and status.ended_at and status.started_at <= status.ended_at <= status.now
    assert not status.cancelled


async def test_nobody_else_may_look_into_a_job_here_or_there(stage: JobStage, tmp_path: Path) -> None:
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("private", "umask; echo secret"))
        came = await follow_to_end(jobs, "private", tmp_path / "mirrors/private.log")
    assert came == b"0077\nsecret\n"
    folder = stage.job_folder("private")
    for each in (folder, folder.parent, folder.parent.parent, tmp_path / "mirrors"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700, each
    for each in (*(each for each in folder.iterdir() if each.is_file()), tmp_path / "mirrors/private.log"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


async def test_what_a_script_holds_is_in_no_command_line(stage: JobStage) -> None:
    gate = stage.gate()
    async with stage.console() as jobs:
        await jobs.submit(
            JobRequest("secretive", f"secret='hunter2-in-a-script'; echo up; {gate.wait}", meta={"a": "b"})
        )
        await until(lambda: stage.log("secretive") == b"up\n")
        lines = [line for each in Path("/proc").glob("[0-9]*/cmdline") if (line := command_line(each))]
        assert any(b"secretive" in line for line in lines)
        assert not [line for line in lines if b"hunter2-in-a-script" in line]
        await gate.open()
        await in_state(jobs, "secretive", JobState.EXITED)


def command_line(path: Path) -> bytes:
    """The words of a process, b"" when it is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_the_runner_is_placed_under_the_name_of_its_content_and_mended(stage: JobStage) -> None:
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("one", "true"))
        placed = stage.sshd.home / runner_path()
        assert placed.read_bytes() == runner_text()
        placed.unlink()
        assert (await jobs.status("one")).number == "one"
    placed.write_text("echo damaged\n")
    async with stage.console() as jobs:
        assert (await jobs.status("one")).number == "one"
    assert placed.read_bytes() == runner_text()


async def test_submitting_again_is_the_same_job(stage: JobStage) -> None:
    ran = stage.folder / "ran"
    request = JobRequest("again", f"echo once >>{ran}")
    async with stage.console() as jobs, stage.console() as other:
        await asyncio.gather(*(each.submit(request) for each in (jobs, other, jobs, other)))
        await in_state(jobs, "again", JobState.EXITED)
        assert (await other.submit(request)).state is JobState.EXITED
        with pytest.raises(Conflict, match="another job's"):
            await jobs.submit(replace(request, script="echo something else"))
    assert ran.read_text() == "once\n"


async def test_sixty_short_jobs_lose_not_a_byte(stage: JobStage, tmp_path: Path) -> None:
    async with stage.console() as jobs:

        async def one(index: int) -> bytes:
            await jobs.submit(JobRequest(f"short-{index}", f"printf 'the last bytes of {index}'; exit {index}"))
            pieces = [piece async for piece in jobs.follow(f"short-{index}", tmp_path / f"{index}.log")]
            return b"".join(pieces)

        came = await asyncio.gather(*(one(index) for index in range(60)))
        listed = await jobs.list(100)
    assert came == [b"the last bytes of %d" % index for index in range(60)]
    assert {each.number: each.status for each in listed} == {f"short-{index}": index for index in range(60)}


async def test_a_short_job_runs_and_then_has_exited_and_seems_nothing_else(stage: JobStage) -> None:
    async with stage.console() as jobs, stage.console() as other:
        for index in range(10):
            number = f"brief-{index}"
            seen = [(await jobs.submit(JobRequest(number, "(sleep 0.05) & wait; exit 5"))).state]
            while seen[-1] is not JobState.EXITED:
                seen += [each.state for each in await asyncio.gather(jobs.status(number), other.status(number))][::-1]
                assert set(seen) <= {JobState.RUNNING, JobState.EXITED}
            assert (await other.status(number)).status == 5


async def test_jobs_are_listed_newest_first_and_only_so_many(stage: JobStage) -> None:
    async with stage.console() as jobs:
        assert list(await jobs.list()) == []
        for number in ("b", "c", "a"):
            await jobs.submit(JobRequest(number, "true", meta={"nth": number}))
        (stage.job_folder("odd name").parent / "odd\nname" / "guard").mkdir(parents=True)
        (stage.job_folder("b") / "meta.json").write_text("{ cut")
        listed = await jobs.list(10)
        assert [each.number for each in listed] == ["a", "c", "b"]
        assert [each.meta for each in listed] == [{"nth": "a"}, {"nth": "c"}, {}]
        (stage.job_folder("c") / "rc").write_text("many words\n")
        (stage.job_folder("c") / "run").write_text("\n")
        damaged = {each.number: each for each in await jobs.list(10)}
        assert damaged["c"].why.startswith("its files are damaged")
        assert [each.number for each in await jobs.list(1)] == ["a"]


@pytest.mark.parametrize(
    "number", ["", "a b", "../x", "x;reboot", "$(id)", "`id`", "-rf", "x\ny", "é", "a/b", "x" * 65, "*", "x\0y"]
)
async def test_a_hostile_number_never_reaches_the_vm(stage: JobStage, tmp_path: Path, number: str) -> None:
    async with stage.console() as jobs:
        with pytest.raises(Invalid):
            await jobs.submit(JobRequest(number, "true"))
        with pytest.raises(Invalid):
            await jobs.status(number)
        with pytest.raises(Invalid):
            await anext(jobs.follow(number, tmp_path / "mirror"))
    assert not (stage.sshd.home / ".local").exists()


async def test_the_runner_itself_refuses_them_too(stage: JobStage) -> None:
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("one", "true"))
        runner = stage.sshd.home / runner_path()
    for number in ("", "../one", "-x", "a b", "x;y"):
        for verb in ("status", "submit", "cancel", "follow", "digest", "supervise"):
            ended = await asyncio.create_subprocess_exec(
                "sh", str(runner), "nonce", verb, number, "0", stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            assert await ended.wait() == 64, (verb, number)


async def test_a_script_arrives_as_it_is(stage: JobStage, tmp_path: Path) -> None:
    nasty = "$(id) `id` ; \\ \" ' ~ * !! %s %n é \\"
    script = f"cat <<'END'\n{nasty}\nEND\nread x; echo \"read: $?\"; pwd"
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("script", script))
        came = await follow_to_end(jobs, "script", tmp_path / "log")
        with pytest.raises(Invalid):
            await jobs.submit(JobRequest("nul", "echo \0"))
        with pytest.raises(Invalid):
            await jobs.submit(JobRequest("lock", "true", lock="/tmp\n/etc"))
    assert came.decode() == f"{nasty}\nread: 1\n{stage.sshd.home}\n"


async def test_what_is_not_there_is_told_as_that(stage: JobStage, tmp_path: Path) -> None:
    async with stage.console() as jobs:
        with pytest.raises(NotFound):
            await jobs.status("nobody")
        with pytest.raises(NotFound):
            await anext(jobs.follow("nobody", tmp_path / "mirror"))
        with pytest.raises(NotFound):
            await jobs.is_whole("nobody", tmp_path / "mirror")


async def test_a_local_disk_that_is_full_ends_the_reading_and_not_the_job(stage: JobStage, tmp_path: Path) -> None:
    async with stage.console() as jobs:
        gate = await stage.held_job(jobs, "goes-on")
        with pytest.raises(LocalDiskFailed, match="No space left"):
            await anext(jobs.follow("goes-on", Path("/dev/full")))
        (tmp_path / "elsewhere").touch()
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        for path in (tmp_path / "elsewhere/below", tmp_path / "link"):
            with pytest.raises(LocalDiskFailed):
                await anext(jobs.follow("goes-on", path))
        await gate.open()
        assert await follow_to_end(jobs, "goes-on", tmp_path / "good") == b"began\ndone\n"


async def test_any_number_of_readers_get_the_same_also_into_one_mirror(stage: JobStage, tmp_path: Path) -> None:
    gates = [stage.gate() for _ in range(3)]
    script = "".join(f"seq {1000 * index} {1000 * index + 999}\n{gate.wait}" for index, gate in enumerate(gates))
    async with stage.console() as jobs, stage.console() as other:
        await jobs.submit(JobRequest("watched", script))

        async def read(console: object, mirror: str, since: int | None) -> bytes:
            assert console in (jobs, other)
            reader = jobs if console is jobs else other
            return b"".join([piece async for piece in reader.follow("watched", tmp_path / mirror, since)])

        first = asyncio.create_task(read(jobs, "shared", None))
        second = asyncio.create_task(read(other, "own", None))
        await gates[0].open()
        await gates[1].open()
        third = asyncio.create_task(read(other, "shared", 0))
        await gates[2].open()
        came = await asyncio.gather(first, second, third)
        assert await jobs.is_whole("watched", tmp_path / "shared")
        assert await other.is_whole("watched", tmp_path / "own")
        (tmp_path / "own").write_bytes(b"x" + (tmp_path / "own").read_bytes()[1:])
        assert not await other.is_whole("watched", tmp_path / "own")
        assert not await other.is_whole("watched", tmp_path / "no-mirror")
    log = stage.log("watched")
    assert log == b"".join(b"%d\n" % number for number in range(3000))
    assert [each == log for each in came] == [True, True, True]
