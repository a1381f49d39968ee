"""`stampdeck logs`: lines of a pod or workload, of several stamps merged by time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import click

from backends.model import inert
from backends.model.health import Health, SourceState
from console.commands.drawing import complain, emit
from console.commands.exits import ExitCode
from console.commands.kinds import complete_targets
from console.commands.namespaces import namespace_option, namespaces_of
from console.commands.shell import Duration, Shell, pass_shell, stamp_option
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.model.logs import LogLine
    from backends.operations.logs import LogStream

ENDED = "the log has ended"
"""What the stream says of a stamp whose lines were all read, be it none."""
READ_S = 0.1
"""Time between two looks at new lines; those in between are written at once."""


@click.command()
@click.argument("target", shell_complete=complete_targets)
@stamp_option
@click.option("--all-stamps", is_flag=True, help="All stamps, whatever the global --stamp says.")
@namespace_option
@click.option("-c", "--container", default=None, help="Only this container.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, also of pods that replace these.")
@click.option("-p", "--previous", is_flag=True, help="Lines of the container before its last restart.")
@click.option("--since", type=Duration(), default=None, help="Only lines younger than this: 90s, 15m, 2h.")
@click.option("--tail", type=click.IntRange(min=0), default=None, help="So many lines of each container at most.")
@click.option("--timestamps", is_flag=True, help="The time in front of each line.")
@pass_shell
def logs(shell: Shell, /, target: str, stamps: tuple[str, ...], **options: Any) -> int:
    """Print log lines of TARGET: pod/NAME, deployment/NAME, sts/NAME, svc/NAME, a pod's name, or a selector app=web.

    With several stamps or pods each line says where it is from. A stamp that does not answer is named on stderr:
    exit code 3.
    """
    if options.pop("all_stamps"):
        shell.stamps, stamps = (), ()
    if options["follow"] and options["previous"]:
        raise click.UsageError("--follow and --previous exclude each other: a container that ended says no more")
    return run_until_signal(_run(shell, shell.choose(stamps), target, options), endless=options["follow"])


async def _run(shell: Shell, stamps: tuple[str, ...], target: str, options: dict[str, Any]) -> int:
    from backends.operations.logs import LogQuery
    from console.wiring import open_services

    since_s = options["since"]
    namespaces = namespaces_of(shell.settings.only(stamps), options["namespace"])
    query = LogQuery(
        stamps=stamps,
        namespace="",
        namespaces={stamp: name for stamp, name in namespaces.by_stamp.items() if name is not None},
        target=target,
        container=options["container"],
        follow=options["follow"],
        previous=options["previous"],
        tail_lines=options["tail"],
        since_s=None if since_s is None else max(1, round(since_s)),
    )
    async with (
        open_services(shell.settings, stamps=stamps, follow_fleet=False) as services,
        services.logs.open(query) as stream,
    ):
        prefix = LinePrefix(several=len(stamps) > 1 or not target.startswith(("pod/", "po/", "pods/")))
        return await _print(stream, prefix, options["timestamps"])


async def _print(stream: LogStream, prefix: LinePrefix, timestamps: bool) -> int:
    """Print until no more lines will come, and return the exit code: 3 when a stamp's lines are missing."""
    finished = asyncio.create_task(stream.finished())
    interruptions = Interruptions()
    at = lost = 0
    try:
        while True:
            ended = finished.done()
            interruptions.report(stream.states)
            batch = stream.lines.read(at)
            at, lost = batch.next, lost + batch.lost
            if batch.lost:
                complain(f"{batch.lost} lines were dropped here: they came faster than they could be written")
            if batch.items:
                emit(*(_line(line, prefix, timestamps) for line in batch.items))
            elif ended:
                finished.result()
                return _outcome(stream.states, prefix.stamps, lost)
            else:
                await asyncio.wait({finished}, timeout=READ_S)
    finally:
        finished.cancel()


class LinePrefix:
    """Says where a line is from: `[stamp pod]`, and the container where a pod turns out to have several."""

    def __init__(self, several: bool) -> None:
        self._several = several
        self._containers: dict[tuple[str, str], set[str]] = {}

    @property
    def stamps(self) -> Set[str]:
        """The stamps that gave a line."""
        return {stamp for stamp, _ in self._containers}

    def of(self, line: LogLine) -> str:
        """Return the text to put in front of a line, with its blank."""
        seen = self._containers.setdefault((line.stamp, line.pod), set())
        seen.add(line.container)
        if not self._several and len(seen) < 2:
            return ""
        container = f" {inert.name(line.container)}" if len(seen) > 1 else ""
        return f"[{line.stamp} {inert.name(line.pod)}{container}] "


def _line(line: LogLine, prefix: LinePrefix, timestamps: bool) -> str:
    when = f"{inert.name(line.timestamp)} " if timestamps and line.timestamp else ""
    return f"{prefix.of(line)}{when}{inert.line(line.text)}"


class Interruptions:
    """Says on stderr which stamps stopped giving lines, and which of those came back."""

    def __init__(self) -> None:
        self._told: dict[str, SourceState] = {}

    def report(self, states: Mapping[str, SourceState]) -> None:
        """Say what is new since the last look."""
        for stamp, state in states.items():
            was = self._told.get(stamp)
            if state.is_live and was is not None:
                del self._told[stamp]
                complain(f"{stamp}: LIVE again")
            # A first attempt is RETRYING too, with no next one planned yet: nothing has failed then.
            failed = state.is_degraded and state.reason and (state.retry_at or state.health is not Health.RETRYING)
            if failed and (was is None or (was.health, was.reason) != (state.health, state.reason)):
                self._told[stamp] = state
                todo = f" — {state.todo}" if state.todo else ""
                complain(f"{stamp}: {state.health.value}: {state.reason}{todo}")


def _outcome(states: Mapping[str, SourceState], heard: Set[str], lost: int) -> int:
    """Say why a stamp gave no line, and return the exit code: 1 when none could, 3 when some lines are missing."""
    mute = {name: state for name, state in states.items() if name not in heard and state.reason not in ("", ENDED)}
    for name, state in mute.items():
        if state.health is Health.OFF:
            complain(f"{name}: {state.reason}")
    if mute and len(mute) == len(states):
        return ExitCode.ERROR
    return ExitCode.DEGRADED if lost or any(state.is_degraded for state in states.values()) else ExitCode.WELL
