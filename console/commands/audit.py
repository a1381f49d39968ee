"""`stampdeck audit`: who changed what, when, where and why; and whether the record of it is whole."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.commands.drawing import emit, emit_document, toned
from console.commands.exits import ExitCode, say
from console.commands.shell import Shell, complete_stamps, output_option
from console.commands.signals import run_until_signal
from console.configuration.folders import journal_file
from console.durations import parse_duration

if TYPE_CHECKING:
    from backends.journal import SqliteJournal


@dataclass(frozen=True, slots=True)
class Source:
    """The journal that is asked."""

    file: Path

    @property
    def is_there(self) -> bool:
        """Whether anything was ever written."""
        return self.file.exists()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[SqliteJournal]:
        """Open it for as long as the context lasts."""
        from backends.clock import SystemClock
        from backends.journal import SqliteJournal

        async with SqliteJournal(self.file, SystemClock()) as journal:
            yield journal

    def say_nothing_written(self) -> int:
        """Say that there is no journal; that is no failure."""
        say(f"nothing was written yet: there is no {self.file}")
        return ExitCode.WELL


pass_source = click.make_pass_decorator(Source)


def moment(text: str, now: float) -> float:
    """Return the time `24h` ago, or that of a date such as 2026-11-23 or 2026-11-23T18:00 (UTC unless it says)."""
    from datetime import UTC, datetime

    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a duration (24h, 7d) nor a date (2026-11-23)") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@click.group(invoke_without_command=True)
@click.option("--since", metavar="TIME", help="Only from then on: 24h, 7d, 2026-11-23, 2026-11-23T18:00 (UTC).")
@click.option(
    "--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="Only of this stamp."
)
@click.option("--operation", metavar="ID", default="", help="Only this operation; its first characters will do.")
@click.option("--events", "by_event", is_flag=True, help="Every event of the operations, oldest first.")
@output_option("table", "json", "jsonl")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output, and nothing else.")
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Another journal than one's own: a copy, a colleague's.",
)
@click.pass_context
def audit(ctx: click.Context, /, file: Path | None, **options: Any) -> int:
    """Say what was changed from this account: when, by whom, where, what, how it ended and why.

    Newest first, refused and open operations included; times are UTC. The journal is a private SQLite file in
    which rows are only added, each with a hash over itself and the one before.
    """
    source = ctx.obj = Source(file.absolute() if file else journal_file())
    if ctx.invoked_subcommand is not None:
        return ExitCode.WELL
    if options["schema"]:
        from console.commands.audit_document import audit_schema

        emit_document(audit_schema(), "json")
        return ExitCode.WELL
    since = moment(options["since"], time.time()) if options["since"] else None
    shell = ctx.find_object(Shell)
    stamps = (*(shell.stamps if shell else ()), *options["stamps"])
    if not source.is_there and options["output"] == "table":
        return source.say_nothing_written()
    return run_until_signal(_list(source, since, stamps, options["operation"], options["by_event"], options["output"]))


async def _list(
    source: Source, since: float | None, stamps: tuple[str, ...], operation: str, by_event: bool, output: str
) -> int:
    from backends.operations.history import read_operations
    from console.commands.audit_document import event_record, events_document, operation_record, operations_document
    from console.commands.audit_table import event_lines, operation_lines

    async with source.opened() as journal:
        found = await read_operations(journal, since=since)
    # The team's lock names an operation by its first characters.
    found = tuple(each for each in found if each.operation.startswith(operation))
    found = tuple(each for each in found if not stamps or each.stamp in stamps)
    if operation and not found:
        say(f"no operation {operation} in {source.file}")
        return ExitCode.ERROR
    events = sorted((event for each in found for event in each.events), key=lambda event: event.number)
    if output == "json":
        file = str(source.file)
        emit_document(events_document(file, events) if by_event else operations_document(file, found), "json")
    elif output == "jsonl":
        for record in map(event_record, events) if by_event else map(operation_record, found):
            emit_document(record, "json", compact=True)
    elif found:
        emit(*(event_lines(events) if by_event else operation_lines(found)))
    else:
        say("nothing was recorded that fits")
    return ExitCode.WELL


@audit.command()
@click.option("--head", metavar="HASH", default="", help="A head noted earlier, or its first 12 characters or more.")
@output_option("table", "json")
@pass_source
def verify(source: Source, head: str, output: str) -> int:
    """Check every row: exit code 0 when the chain holds, 1 when not, naming the first row that is wrong.

    A changed, removed, inserted or renumbered row is found, and a cut-off end. Not found by itself: a whole file
    put back as it was earlier, or rewritten with every hash made anew. For that note the head elsewhere (in the
    ticket of the change), and give it back with --head: it must still be in the chain.
    """
    from backends.journal.chain import SHORTEST_NOTED, is_hash

    if head and not is_hash(head):
        raise click.BadParameter(f"a head is {SHORTEST_NOTED} to 64 hexadecimal digits", param_hint="--head")
    if not source.is_there and not head:
        return source.say_nothing_written()
    return run_until_signal(_verify(source, head, output))


async def _verify(source: Source, head: str, output: str) -> int:
    from console.commands.audit_document import verify_document

    async with source.opened() as journal:
        found = await journal.verify(head)
    if output == "json":
        emit_document(verify_document(str(source.file), found), "json")
    elif found.holds:
        noted = f", {head} is in it" if head else ""
        emit(f"{source.file}: {toned('the chain holds', 'good')}, {found.rows:,} rows{noted}", f"head {found.head}")
    else:
        where, sound = "", "the rows there are fit together"
        if found.broken_at is not None:
            where, sound = f"row {found.broken_at:,}: ", f"{found.rows:,} rows before it are as they were written"
        say(f"{source.file}: the chain is broken\n{where}{found.why}\n{sound}")
    return ExitCode.WELL if found.holds else ExitCode.ERROR


@audit.command()
@pass_source
def export(source: Source) -> int:
    """Print every event as a line of JSON with its hash, oldest first: for an archive, or a SIEM.

    The chain can be checked from it alone; `stampdeck audit --schema` says how the hash is made.
    """
    if not source.is_there:
        return source.say_nothing_written()
    return run_until_signal(_export(source))


async def _export(source: Source) -> int:
    from console.commands.audit_document import event_record

    async with source.opened() as journal:
        async for page in journal.pages():
            for event in page:
                emit_document(event_record(event), "json", compact=True)
    return ExitCode.WELL


@audit.command("open")
@click.option("--compare", is_flag=True, help="Ask the clusters now what became of them, and record it.")
@click.pass_obj
def show_open(source: Source, compare: bool) -> int:
    """Show operations that were begun and have no end: exit code 3 when there are some.

    What their process did last is known when it still runs; otherwise what the console found at its last start.
    """
    if not source.is_there:
        return source.say_nothing_written()
    shell = click.get_current_context().find_object(Shell)
    assert shell is not None
    if compare and source.file != journal_file():
        raise click.UsageError("--compare records what it finds, in one's own journal only: leave --file out")
    return run_until_signal(_open(source, shell if compare else None))


async def _open(source: Source, shell: Shell | None) -> int:
    from backends.journal import works_still
    from backends.operations.reconciliation import as_recorded
    from console.commands.audit_table import open_lines

    if shell is not None:
        from console.wiring import open_services

        async with open_services(shell.settings, stamps=shell.choose(()), follow_fleet=False) as services:
            found = await services.reconciliation.run()
    else:
        async with source.opened() as journal:
            found = tuple(as_recorded(each, works_still) for each in await journal.open_operations())
    if not found:
        emit("nothing is open")
        return ExitCode.WELL
    emit(*open_lines(found))
    return ExitCode.WELL if all(each.is_closed for each in found) else ExitCode.DEGRADED


@audit.command()
@click.argument("operation")
@click.option("--reason", required=True, metavar="TEXT", help="Why nobody goes on with it.")
@click.pass_obj
def close(source: Source, operation: str, reason: str) -> int:
    """Give up an open operation that nobody will go on with. Nothing is changed on its stamp."""
    if not reason.strip():
        raise click.BadParameter("say why: it is recorded", param_hint="--reason")
    if not source.is_there:
        return source.say_nothing_written()
    return run_until_signal(_close(source, operation, reason.strip()))


async def _close(source: Source, operation: str, reason: str) -> int:
    from backends.journal import works_still
    from backends.operations.reconciliation import Reconciliation

    async with source.opened() as journal:
        event = await Reconciliation(journal, lambda change: None, works_still).close(operation, reason)
    emit(f"operation {operation} is closed as given up", f"head {event.hash}")
    return ExitCode.WELL
