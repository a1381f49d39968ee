"""The tour at a helper VM: what upgrades its cluster could have, and a job there that a lost connection cannot end."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

from backends.model import inert
from backends.model.job import JobRequest, JobState
from backends.operations.engine.planning import plan_upgrade
from backends.operations.engine.site import EngineSite
from console.commands.drawing import emit, table
from console.commands.touring import StepFailed, Tour, indented, require

_LIMIT_S = 15.0
_UNTIL_TOLD = 'tries=0; until [ -e "$told" ] || [ $tries = 150 ]; do tries=$((tries + 1)); sleep 0.1; done; rm "$told"'
_TELL = 'read -r told; : > "$told"'
_PLAN = ("RUN", "FROM", "TO", "ENGINE", "BASE IMAGE")
_JOBS = ("STAMP", "JOB", "STATE", "EXIT", "OPERATION", "WHO")


async def visit_helper_vm(tour: Tour, stamp: str) -> None:
    """Ask a stamp's helper VM for the way to the newest version; run a job there while the connection to it is cut."""
    site = tour.services.sites[stamp]
    try:
        async with asyncio.timeout(_LIMIT_S):
            async with tour.step(f"the runs of aks-engine that upgrade {stamp} (upgrade plan --stamp {stamp})"):
                await _plan(site)
            async with tour.step(f"a job outlives its connection (lab fault {stamp} ssh-cut; jobs list)"):
                await _job(tour, site)
    except TimeoutError:
        raise StepFailed(f"not seen within {_LIMIT_S:.0f} s", why=f"the helper VM of {stamp}") from None


async def _plan(site: EngineSite) -> None:
    planned = await plan_upgrade(site)
    require(not planned.problems, f"everything could be asked: {'; '.join(planned.problems)}")
    hops = planned.path.hops
    require(bool(hops), f"a way from {planned.model.version}: {planned.path.why}")
    rows = []
    for at, hop in enumerate(hops, 1):
        there = all(planned.there[each] for each in hop.images)
        rows.append((at, hop.current, hop.version, hop.engine, "there" if there else "missing"))
    emit(*indented([f"{site.name} runs {hops[0].current}, its helper VM has {planned.installed}", *table(_PLAN, rows)]))


async def _job(tour: Tour, site: EngineSite) -> None:
    """Run the engine's `version` as a job that waits until the connection was lost and made again."""
    number = f"tour-{uuid.uuid4().hex[:8]}"
    told = f"/tmp/{number}"  # noqa: S108 -- on the helper VM
    script = f"told={told}; {_UNTIL_TOLD} && {site.vm.access.engine} version"
    meta = {"operation": "version", "who": "the tour"}
    await site.jobs.submit(JobRequest(number, script, meta=meta))
    await tour.control.fault(site.name, "ssh-cut")
    async for state in site.vm.state.follow():
        if not state.is_live:
            emit(*indented([f"lost: {inert.line(state.reason)}"]))
            break
    found = await site.jobs.status(number)
    require(found.state is JobState.RUNNING, f"job {number} runs on: {found.state} {found.why}")
    emit(*indented([f"connected again: {number} is {found.state}"]))
    await site.vm.run(_TELL, told.encode() + b"\n")
    await _read_log(site, number)
    rows = [
        (site.name, job.number, job.state, job.status, job.meta.get("operation"), job.meta.get("who"))
        for job in await site.jobs.list()
    ]
    emit(*indented(table(_JOBS, rows)))


async def _read_log(site: EngineSite, number: str) -> None:
    """Follow a job to its end, and print which release of the engine it found."""
    with TemporaryDirectory() as folder:
        mirror = Path(folder) / "log"
        said = b"".join([piece async for piece in site.jobs.follow(number, mirror)]).decode(errors="replace")
        require(await site.jobs.is_whole(number, mirror), "its log came whole")
    ended = await site.jobs.status(number)
    require((ended.state, ended.status) == (JobState.EXITED, 0), f"it ended well: {ended.state} {ended.status}")
    emit(*indented([f"log: {inert.line(line)}" for line in said.splitlines() if line.startswith("Version")]))
