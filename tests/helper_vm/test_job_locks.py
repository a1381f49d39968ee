"""One job per api model, whoever starts it and however the folder is called; engines started by hand are seen."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from backends.helper_vm.jobs import VmJobs
from backends.helper_vm.runner import runner_text
from backends.model.job import JobRequest, JobState, JobStatus
from tests.helper_vm.job_stage import JobStage, in_state, sha256
from tests.support.sshd import running_sshd
from tests.support.waiting import until

SECRET = "hunter2-of-the-service-principal"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[JobStage]:
    with running_sshd(tmp_path / "sshd") as sshd:
        yield JobStage(sshd, tmp_path)


async def test_of_eight_operators_at_once_one_wins_each_of_five_rounds(stage: JobStage) -> None:
    cluster = stage.cluster()
    spellings = [str(cluster), "~/_output/k8s-east", "_output/../_output/k8s-east/", f"{cluster}//."]
    async with AsyncExitStack() as stack:
        consoles = [await stack.enter_async_context(stage.console()) for _ in range(8)]
        await asyncio.gather(*(each.list() for each in consoles))
        for turn in range(5):
            gate = stage.gate()

            async def start(operator: int, console: VmJobs, turn: int = turn, wait: str = gate.wait) -> JobStatus:
                return await console.submit(JobRequest(f"r{turn}-o{operator}", wait, spellings[operator % 4]))

            found = await asyncio.gather(*(start(number, each) for number, each in enumerate(consoles)))
            (winner,) = (each for each in found if each.state is JobState.RUNNING)
            refused = [each for each in found if each.state is JobState.REFUSED]
            assert len(refused) == 7
            assert {each.holder for each in refused} == {winner.number}
            assert all("another job works on" in each.why for each in refused)
            await gate.open()
            await in_state(consoles[0], winner.number, JobState.EXITED)
        refused_again = await consoles[0].status(refused[0].number)
        assert (refused_again.state, refused_again.holder) == (JobState.REFUSED, winner.number)


async def test_a_link_to_the_folder_is_the_same_folder(stage: JobStage) -> None:
    cluster = stage.cluster()
    link = stage.sshd.home / "link to the cluster"
    link.symlink_to(cluster)
    async with stage.console() as jobs:
        gate = await stage.held_job(jobs, "first", cluster)
        refused = await jobs.submit(JobRequest("second", "true", str(link)))
        assert (refused.state, refused.holder) == (JobState.REFUSED, "first")
        elsewhere = await jobs.submit(JobRequest("other", "true", str(stage.cluster("k8s-west"))))
        assert elsewhere.state is not JobState.REFUSED
        await gate.open()
        await in_state(jobs, "first", JobState.EXITED)
        assert (await jobs.submit(JobRequest("third", "true", str(link)))).state is not JobState.REFUSED
        await in_state(jobs, "third", JobState.EXITED)
    assert sorted(each.name for each in cluster.iterdir()) == ["apimodel.json"]


async def test_a_folder_that_is_not_there_or_a_stranger_s_lock_is_told(stage: JobStage) -> None:
    cluster = stage.cluster()
    async with stage.console() as jobs:
        missing = await jobs.submit(JobRequest("missing", "true", '~/_output/no"such\\folder'))
        assert missing.state is JobState.REFUSED and "there is no folder" in missing.why
        with subprocess.Popen(["flock", str(cluster), "sh", "-c", "echo held; read x"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as stranger:  # fmt: skip
            assert stranger.stdout is not None
            assert await asyncio.to_thread(stranger.stdout.readline) == b"held\n"
            # What an old job of ours left there is no holder.
            (cluster / ".stampdeck-holder").write_text("missing of somebody, 1\n")
            refused = await jobs.submit(JobRequest("locked", "true", str(cluster)))
            stranger.communicate(b"\n")
        assert (refused.state, refused.holder) == (JobState.REFUSED, "a job of another account")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as another account")
async def test_another_account_s_job_holds_it_too_and_is_named_by_its_own_word(stage: JobStage) -> None:
    with tempfile.TemporaryDirectory() as shared:
        folder = Path(shared)
        folder.chmod(0o711)
        for name, mode in (("home", 0o700), ("cluster", 0o770)):
            (folder / name).mkdir()
            os.chown(folder / name, pwd.getpwnam("nobody").pw_uid, -1)
            (folder / name).chmod(mode)
        (folder / "runner.sh").write_bytes(runner_text())
        (folder / "runner.sh").chmod(0o644)

        def theirs(*words: str, data: bytes) -> bytes:
            command = ["sh", str(folder / "runner.sh"), "nonce", *words]
            variables = {"HOME": str(folder / "home"), "PATH": os.environ["PATH"]}
            return subprocess.run(command, input=data, env=variables, user="nobody", capture_output=True).stdout

        upload = f"{{}}\n{folder}/cluster\n0\nexec sleep 600\n".encode()
        assert b'"state":"running"' in theirs("submit", "theirs", sha256(upload), data=upload)
        try:
            async with stage.console() as jobs:
                refused = await jobs.submit(JobRequest("ours", "true", f"{folder}/cluster"))
            assert refused.state is JobState.REFUSED
            assert re.fullmatch(r"theirs of nobody since 20\d\d-\d\d-\d\dT\d\d:\d\dZ", refused.holder)
        finally:
            theirs("cancel", "theirs", "KILL", data=b"the test")
        await until(lambda: b'"state":"exited"' in theirs("status", "theirs", data=b""))


@pytest.fixture
def engine(stage: JobStage) -> Path:
    """A program of the engine's name that waits, whatever its arguments are."""
    path = stage.folder / "bin/aks-engine-azurestack"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\nread _ <{stage.folder}/bin/never\n")
    path.chmod(0o700)
    os.mkfifo(path.with_name("never"))
    return path


@contextmanager
def by_hand(engine: Path, *arguments: str, cwd: Path | None = None) -> Iterator[int]:
    """Run it as an operator does in a shell of their own."""
    with subprocess.Popen([engine, *arguments], cwd=cwd) as started:
        try:
            yield started.pid
        finally:
            started.kill()


async def test_an_engine_started_by_hand_is_found_and_refused_without_its_secret(stage: JobStage, engine: Path) -> None:
    cluster = stage.cluster()
    stage.cluster("k8s-west")
    flags = ("upgrade", "--api-model", "k8s-east/apimodel.json", "--client-secret", SECRET, "--client-id", "abc")
    async with stage.console() as jobs:
        with by_hand(engine, *flags, cwd=cluster.parent) as pid:
            (found,) = await jobs.foreign(str(cluster))
            assert found.pid == pid
            assert found.api_model == str(cluster / "apimodel.json")
            assert found.command.endswith("--client-secret *** --client-id abc")
            assert abs(found.started_at - Path(f"/proc/{pid}").stat().st_mtime) < 30
            assert await jobs.foreign("~/_output/k8s-west") == ()
            assert [each.pid for each in await jobs.foreign("~/_output/k8s-east")] == [pid]
            assert pid in [each.pid for each in await jobs.foreign("")]
            refused = await jobs.submit(JobRequest("mine", "true", str(cluster)))
        assert refused.state is JobState.REFUSED
        assert refused.holder.startswith(f"process {pid} of ")
        assert "started by hand" in refused.why and SECRET not in refused.why
        later = await jobs.submit(JobRequest("later", "true", str(cluster)))
        assert later.state is not JobState.REFUSED
        assert await jobs.foreign(str(cluster)) == ()
        await in_state(jobs, "later", JobState.EXITED)
    for each in stage.job_folder("mine").iterdir():
        assert each.is_dir() or SECRET.encode() not in each.read_bytes()


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (("-m=MODEL", f"--client-secret={SECRET}"), "--client-secret=***"),
        (("-m", "MODEL", "--client-secret", f"{SECRET}\nof two lines"), "--client-secret ***"),
        (("--deployment-dir", "FOLDER", "--set", f"servicePrincipalProfile.secret={SECRET}"), "--set ***"),
        (("-o", "FOLDER", f"--set=linuxProfile.adminPassword={SECRET}"), "***"),
        (("--api-model=LINK",), "--api-model=LINK"),
        (("-m", "/etc/hostname", "-o=FOLDER"), "-o=FOLDER"),
    ],
)
async def test_however_its_flags_are_written(stage: JobStage, engine: Path, flags: tuple[str, ...], shown: str) -> None:
    cluster = stage.cluster()
    link = stage.folder / "linked.json"
    link.symlink_to(cluster / "apimodel.json")
    for word, path in (("MODEL", cluster / "apimodel.json"), ("FOLDER", cluster), ("LINK", link)):
        flags = tuple(each.replace(word, str(path)) for each in flags)
        shown = shown.replace(word, str(path))
    async with stage.console() as jobs:
        with by_hand(engine, "deploy", *flags):
            (found,) = await jobs.foreign(str(cluster))
    assert found.command.endswith(shown)
    assert SECRET not in found.command and "two lines" not in found.command


async def test_an_engine_that_a_job_runs_is_no_stranger(stage: JobStage, engine: Path) -> None:
    cluster = stage.cluster()
    async with stage.console() as jobs:
        await jobs.submit(JobRequest("ours", f"exec {engine} upgrade -m {cluster}/apimodel.json", str(cluster)))
        await until(lambda: any("upgrade" in command_line(pid) for pid in stage.sshd.jobs()))
        assert await jobs.foreign(str(cluster)) == ()
        assert (await jobs.status("ours")).state is JobState.RUNNING


def command_line(pid: int) -> str:
    """The words of a process, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
