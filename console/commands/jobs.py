"""`stampdeck jobs`: what runs, or ran, on the helper VMs, whoever started it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from backends.errors import NotFound, Refused, SourceError, UsageError
from backends.model import inert
from backends.model.age import format_duration, format_time
from backends.model.job import JobState, JobStatus, Signal
from console.commands.do_running import one_stamp
from console.commands.drawing import complain, emit, emit_document, table, toned
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal
from console.commands.write_options import WriteOptions, write_options

if TYPE_CHECKING:
    from backends.operations.engine.watch import EngineWatch
    from console.wiring import Services

_HEADER = ("STAMP", "JOB", "STATE", "EXIT", "OPERATION", "WHO", "STARTED", "TOOK")
_one_stamp = click.option(
    "--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="On this stamp."
)


@click.group(
    epilog="Exit codes: 0 well; 1 error, or the job failed; 2 usage; 3 a helper VM could not be asked, or nobody knows "
    "how the job ended."
)
def jobs() -> None:
    """What runs, or ran, on the helper VMs, whoever started it. A job outlives every connection."""


@jobs.command("list")
@stamp_option
@output_option("table", "json")
@pass_shell
def list_jobs(shell: Shell, stamps: tuple[str, ...], output: str) -> int:
    """List the newest jobs of each helper VM."""
    return run_until_signal(_list(shell, shell.choose(stamps), output))


async def _list(shell: Shell, stamps: Sequence[str], output: str) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, follow_fleet=False) as services:
        found = await services.engine.jobs(stamps)
    if not found:
        raise UsageError("no stamp has a helper VM", todo="add helper_vm to fleet.yaml")
    if output == "json":
        emit_document(
            {
                "jobs": [document(name, each) for name, jobs in found.items() for each in _read(jobs)],
                "problems": {name: str(jobs) for name, jobs in found.items() if isinstance(jobs, SourceError)},
            },
            "json",
        )
    else:
        emit(*table(_HEADER, [_row(name, each) for name, jobs in found.items() for each in _read(jobs)]))
    for jobs in found.values():
        if isinstance(jobs, SourceError):
            complain(str(jobs))
    return ExitCode.DEGRADED if any(isinstance(each, SourceError) for each in found.values()) else ExitCode.WELL


def _read(jobs: Sequence[JobStatus] | SourceError) -> Sequence[JobStatus]:
    return () if isinstance(jobs, SourceError) else jobs


def _row(stamp: str, job: JobStatus) -> tuple[Any, ...]:
    took = "" if job.started_at is None else format_duration(max(0.0, (job.ended_at or job.now) - job.started_at))
    started = "" if job.started_at is None else format_time(job.started_at)
    who, operation = job.meta.get("who", ""), job.meta.get("operation", "")
    return stamp, job.number, job.state, job.status, operation, who, started, took


def document(stamp: str, job: JobStatus) -> dict[str, Any]:
    """Return a job as `-o json` prints it; times are seconds of the Unix epoch by the VM's clock."""
    return {
        "stamp": stamp,
        "number": job.number,
        "state": str(job.state),
        "exit_status": job.status,
        "operation": job.meta.get("operation"),
        "who": job.meta.get("who"),
        "command": job.meta.get("command"),
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "log_bytes": job.size,
        "cancelled": job.cancelled,
        "why": job.why,
        "holder": job.holder,
    }


@jobs.command()
@_one_stamp
@click.argument("number", required=False)
@pass_shell
def watch(shell: Shell, stamps: tuple[str, ...], number: str | None) -> int:
    """Follow a job, by default the one that runs, to its end; exits by how it ended."""
    return run_until_signal(_watch(shell, one_stamp(shell, stamps), number))


async def _watch(shell: Shell, stamp: str, number: str | None) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, follow_fleet=False) as services:
        job = await _job(services, stamp, number)
        site = services.engine.site(stamp)
        followed = services.engine.watch(site, job.number, job.word)
        printing = asyncio.create_task(_print(followed))
        try:
            status = await followed.finished()
            await asyncio.sleep(0)
        finally:
            printing.cancel()
            await asyncio.gather(printing, return_exceptions=True)
        return _ended(followed, status)


async def _print(followed: EngineWatch) -> None:
    tones = {"WARNING": "warn", "BAD": "bad"}
    async for batch in followed.lines.follow():
        if batch.lost:
            complain(f"{batch.lost} lines came faster than they could be printed: stampdeck jobs log has them")
        emit(
            *(
                toned(inert.line(line.text), tones.get(line.severity.name, ""))
                for line in batch.items
                if not (line.is_noise or line.is_folded)
            )
        )


def _ended(followed: EngineWatch, status: JobStatus) -> int:
    progress = followed.progress.value
    for failure in progress.failures[-1:]:
        complain(f"{failure.cause}: {failure.todo} ({failure.retry})")
    exit_ = "" if status.status is None else f" with exit status {status.status}"
    complain(f"{status.number} {status.state}{exit_}")
    if followed.trouble.value:
        complain(followed.trouble.value)
    if status.state is JobState.EXITED:
        return ExitCode.WELL if status.status == 0 else ExitCode.ERROR
    return ExitCode.DEGRADED if status.state.is_unknown else ExitCode.ERROR


@jobs.command()
@_one_stamp
@click.argument("number", required=False)
@click.option("--raw", is_flag=True, help="Every line as it was written, without its secrets.")
@pass_shell
def log(shell: Shell, stamps: tuple[str, ...], number: str | None, raw: bool) -> int:
    """Print what a job has written so far; noise is left out unless --raw."""
    return run_until_signal(_log(shell, one_stamp(shell, stamps), number, raw))


async def _log(shell: Shell, stamp: str, number: str | None, raw: bool) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, follow_fleet=False) as services:
        job = await _job(services, stamp, number, running=False)
        engine = services.engine
        async for line in engine.read_log(engine.site(stamp), job):
            if raw or not (line.is_noise or line.is_folded):
                emit(inert.line(line.text))
    return ExitCode.WELL


@jobs.command()
@_one_stamp
@click.argument("number", required=False)
@click.option("--signal", "name", type=click.Choice(list(Signal)), default="INT", show_default=True)
@write_options
@pass_shell
def cancel(shell: Shell, stamps: tuple[str, ...], number: str | None, name: str, write: WriteOptions) -> int:
    """Ask a job to end. What is half done stays half done; wants --write and --confirm STAMP."""
    return run_until_signal(_cancel(shell, one_stamp(shell, stamps), number, Signal(name), write))


async def _cancel(shell: Shell, stamp: str, number: str | None, signal: Signal, write: WriteOptions) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, follow_fleet=False) as services:
        job = await _job(services, stamp, number)
        if not write.armed:
            emit(f"would send {signal} to {job.number} on {stamp}: what is half done stays half done")
            return ExitCode.WELL
        if stamp not in write.typed_names:
            todo = f"name the stamp: --confirm {stamp}"
            raise Refused(f"{job.number} is not cancelled", step="confirm", why="half done stays half done", todo=todo)
        await services.engine.cancel(stamp, job.number, signal)
        emit(f"{signal} was sent to {job.number} on {stamp}; it ends when it ends")
    return ExitCode.WELL


@jobs.command()
@_one_stamp
@click.argument("number", required=False)
@pass_shell
def reconcile(shell: Shell, stamps: tuple[str, ...], number: str | None) -> int:
    """Compare nodes, machines and api model after a job, and say what the same command would do now."""
    return run_until_signal(_reconcile(shell, one_stamp(shell, stamps), number))


async def _reconcile(shell: Shell, stamp: str, number: str | None) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, follow_fleet=False) as services:
        job = await _job(services, stamp, number, running=False)
        emit(*map(inert.line, await services.engine.reconcile(stamp, job.number)))
    return ExitCode.WELL


async def _job(services: Services, stamp: str, number: str | None, *, running: bool = True) -> JobStatus:
    """Return the job meant: the one named, the only one that runs, or the newest."""
    site = services.engine.site(stamp)
    if number is not None:
        return await site.jobs.status(number)
    found = await site.jobs.list()
    busy = [each for each in found if not each.state.is_over]
    if len(busy) == 1:
        return busy[0]
    if busy:
        names = ", ".join(each.number for each in busy)
        raise UsageError("which job?", why=f"{names} run", todo="name one", stamp=stamp)
    if running or not found:
        todo = f"stampdeck jobs list --stamp {stamp}"
        raise NotFound("no job runs there" if found else "no job was ever started there", todo=todo, stamp=stamp)
    return found[0]
