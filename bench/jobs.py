"""Jobs on a helper VM over a real sshd on loopback: how soon a line is here, and a big log beside `ssh host cat`."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time
from pathlib import Path

from backends.helper_vm.jobs import VmJobs
from backends.model.job import JobRequest
from bench.report import Result, against, middle, percentile, within
from tests.helper_vm.job_stage import JobStage
from tests.support.cutting_relay import CuttingRelay
from tests.support.sshd import running_sshd

LINES = 300
CUTS = 5
STEADY_S = 5.5
BIG_BYTES = 200_000_000
_STAMPED = "import time\nfor n in range({count}):\n    print(time.time_ns(), flush=True)\n    time.sleep({every_s})\n"


def measure(folder: Path) -> list[Result]:
    """Return delays of lines, of reattaching, and the speed of a big log, each on the same machine at the same time."""
    with running_sshd(folder / "sshd") as sshd:
        return asyncio.run(_measure(JobStage(sshd, folder)))


async def _measure(stage: JobStage) -> list[Result]:
    async with stage.console() as jobs:
        await jobs.list()
        began = [await _submit(jobs, f"start-{number}") for number in range(20)]
        lines = await _delays(jobs, stage)
        big = await _big(jobs, stage)
    back = await _reattach(stage)
    return [
        within("submitted, until it is known to run (p50)", middle(began) * 1e3, "ms", None),
        within("line written there, until it is given here (p50)", percentile(lines, 0.5) * 1e3, "ms", 50),
        within("the same (p95)", percentile(lines, 0.95) * 1e3, "ms", None),
        within("connection reset, until the next line is here (p50)", percentile(back, 0.5), "s", 0.5),
        within("the same (longest)", max(back), "s", None),
        *big,
    ]


async def _submit(jobs: VmJobs, number: str) -> float:
    started = time.perf_counter()
    await jobs.submit(JobRequest(number, "true"))
    return time.perf_counter() - started


def _script(count: int, every_s: float) -> str:
    code = _STAMPED.format(count=count, every_s=every_s)
    return f"exec '{sys.executable}' -I -u - <<'END'\n{code}END\n"


async def _delays(jobs: VmJobs, stage: JobStage) -> list[float]:
    await jobs.submit(JobRequest("lines", _script(LINES, 0.01)))
    found = []
    async for piece in jobs.follow("lines", stage.folder / "lines.log"):
        now = time.time_ns()
        found += [(now - int(line)) / 1e9 for line in piece.split()]
    return found[10:]  # the first ones were written before anybody followed


async def _reattach(stage: JobStage) -> list[float]:
    """Return seconds from a reset to the next line, of a job that writes all the time."""
    found: list[float] = []
    async with CuttingRelay(stage.sshd.host, stage.sshd.port) as relay, stage.console(relay.port) as jobs:
        await jobs.submit(JobRequest("cut", _script(100_000, 0.002)))
        cut = opened = 0.0
        back = time.perf_counter()
        async for _ in jobs.follow("cut", stage.folder / "cut.log"):
            now = time.perf_counter()
            if cut and relay.opened > opened:
                found.append(now - cut)
                cut, back = 0.0, now
            if len(found) == CUTS:
                break
            # After a loss soon after the one before, the connection waits longer on purpose.
            if not cut and now > back + STEADY_S:
                cut, opened = now, relay.opened
                relay.cut()
    stage.sshd.end_jobs()
    return found


async def _big(jobs: VmJobs, stage: JobStage) -> list[Result]:
    """Follow a log while it is written at full speed, then fetch all of it once more beside `ssh host cat`."""
    line = 'level=info msg="validating node k8s-linuxpool-12345678-2 in cluster"'
    await jobs.submit(JobRequest("big", f"yes '{line}' | head -c {BIG_BYTES}"))
    stalls: list[float] = []
    ticking = asyncio.create_task(_tick(stalls))
    live = await _follow(jobs, "big", stage.folder / "live.log")
    again = await _follow(jobs, "big", stage.folder / "again.log")
    ticking.cancel()
    peer = await asyncio.to_thread(_ssh_cat, stage, stage.job_folder("big") / "log")
    whole = [await jobs.is_whole("big", stage.folder / name) for name in ("live.log", "again.log")]
    megabytes = BIG_BYTES / 1e6
    return [
        within(f"a log of {megabytes:.0f} MB, followed while written", megabytes / live, "MB/s", None),
        against(f"a log of {megabytes:.0f} MB, fetched from its beginning", again, peer, "s", 2.0, "ssh host cat"),
        within("longest stall of the loop meanwhile", max(stalls) * 1e3, "ms", 50),
        within("logs with a byte lost or changed (SHA-256 differs)", whole.count(False), "", 0),
    ]


async def _follow(jobs: VmJobs, number: str, mirror: Path) -> float:
    started = time.perf_counter()
    async for _ in jobs.follow(number, mirror):
        pass
    return time.perf_counter() - started


async def _tick(stalls: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        stalls.append(time.perf_counter() - before - 0.005)


def _ssh_cat(stage: JobStage, path: Path) -> float:
    hop = stage.access().hop
    known_hosts = stage.folder / f"known_hosts-{hop.port}"
    command = ["ssh", "-F", "none", "-o", f"UserKnownHostsFile={known_hosts}", "-i", str(stage.sshd.key),
               "-p", str(hop.port), f"{hop.user}@{hop.host}", f"cat '{path}'"]  # fmt: skip
    mirror = stage.folder / "peer.log"
    started = time.perf_counter()
    with mirror.open("wb") as file:
        subprocess.run(command, stdout=file, check=True)
    took = time.perf_counter() - started
    assert hashlib.sha256(mirror.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()
    return took
