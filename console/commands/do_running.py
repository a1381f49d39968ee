"""What every `stampdeck do` command has in common: plan, show, ask, carry out, report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from backends.errors import UsageError
from backends.model import inert
from backends.model.proposal import Outcome, Proposal, Result
from console.commands.do_asking import ask_consent
from console.commands.do_document import do_document, do_schema, may_proceed
from console.commands.do_following import Interruption, follow
from console.commands.do_plan import advice, plan_lines
from console.commands.drawing import complain, emit, emit_document, toned
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, output_option
from console.commands.signals import run_until_signal
from console.commands.write_options import WriteOptions, write_options

if TYPE_CHECKING:
    from backends.operations.work import Work
    from console.wiring import Services

Command = TypeVar("Command", bound=Callable[..., Any])
Plan = Callable[["Services", str], Awaitable["Work"]]
"""Makes the work on one stamp from how it is there; raises StampdeckError."""

_TONES = {Result.DONE: "good", Result.UNVERIFIED: "warn"}
_CODES = {Result.DONE: ExitCode.WELL, Result.UNVERIFIED: ExitCode.DEGRADED}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for beside the change itself."""

    stamps: tuple[str, ...]
    write: WriteOptions
    output: str


def action_options(command: Command) -> Command:
    """Give a command what every action has: `--stamp`, the options of the write gate, `-o`; as one `asked`."""

    @write_options
    @wraps(command)
    def with_options(
        *args: Any, stamps: tuple[str, ...], output: str, schema: bool, write: WriteOptions, **kwargs: Any
    ) -> Any:
        if schema:
            emit_document(do_schema(), "json")
            return ExitCode.WELL
        return command(*args, asked=Asked(stamps, write, output), **kwargs)

    decorated: Any = with_options
    decorated = click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output.")(decorated)
    decorated = output_option("text", "json")(decorated)
    decorated = click.option(
        "--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="On this stamp."
    )(decorated)
    result: Command = decorated
    return result


def run_action(shell: Shell, asked: Asked, plan: Plan, heed: Interruption | None = None) -> int:
    """Plan the change on the one stamp asked for, and with `--write` carry it out; `heed` is told of signals."""
    stamp = one_stamp(shell, asked.stamps)
    heed = heed or Interruption()
    return run_until_signal(_run(shell, asked, stamp, plan, heed), heed=heed)


def one_stamp(shell: Shell, stamps: Sequence[str]) -> str:
    """Return the stamp a command line means; UsageError unless it is exactly one."""
    known = [each.name for each in shell.settings.stamps]
    chosen = shell.choose(tuple(stamps)) if (*shell.stamps, *stamps) else tuple(known)
    if len(chosen) != 1:
        why = f"there are {', '.join(known)}" if not (*shell.stamps, *stamps) else f"{', '.join(chosen)} were named"
        raise UsageError("on which stamp?", why=why, todo="name one: --stamp NAME")
    return chosen[0]


async def _run(shell: Shell, asked: Asked, stamp: str, plan: Plan, heed: Interruption) -> int:
    from console.wiring import open_services

    # All stamps, whichever is meant: the rules are over the others.
    async with open_services(shell.settings) as services:
        if asked.write.armed:
            await tell_open_operations(services)
        work = await plan(services, stamp)
        proposal = await services.gate.propose(work)
        if not asked.write.armed:
            return show_plan(proposal, asked)
        outcome = await carry_out(services, work, proposal, asked, heed)
        report(proposal, outcome, asked)
        return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """Return 0 for what is done, 3 for what is done and not verified, 1 for all else."""
    return _CODES.get(outcome.result, ExitCode.ERROR)


async def tell_open_operations(services: Services) -> None:
    """Compare what an ended process left open with the clusters, and say what was found."""
    for each in await services.reconciliation.run():
        complain(f"left open earlier: {each}")


def show_plan(proposal: Proposal, asked: Asked) -> int:
    """Print what would be done; exit code 3 when something refuses it."""
    overrides, names = asked.write.overrides, asked.write.typed_names
    if asked.output == "json":
        document = do_document([(proposal, None)], armed=False, overrides=overrides, typed_names=names)
        emit_document(document, "json")
    else:
        emit(*plan_lines(proposal, overrides))
    for each in advice(proposal, overrides, names, armed=False):
        complain(each)
    return ExitCode.WELL if may_proceed(proposal, overrides, names) else ExitCode.DEGRADED


async def carry_out(
    services: Services, work: Work, proposal: Proposal, asked: Asked, heed: Interruption, operation: str = ""
) -> Outcome:
    """Show the plan, ask what is to be asked, and do it; `operation` is one to be taken up, if any."""
    if asked.output != "json":
        emit(*plan_lines(proposal, asked.write.overrides), "")
    services.gate.arming.arm()
    consent = await ask_consent(proposal, asked.write)
    runs = services.runs
    heed.run = runs.take_up(work, operation, consent) if operation else runs.start(work, proposal, consent)
    return await follow(heed.run)


def report(proposal: Proposal, outcome: Outcome, asked: Asked) -> None:
    """Print how it ended."""
    if asked.output == "json":
        given = {"overrides": asked.write.overrides, "typed_names": asked.write.typed_names}
        emit_document(do_document([(proposal, outcome)], armed=True, **given), "json")
        return
    emit(toned(inert.line(f"{outcome.result}: {outcome}"), _TONES.get(outcome.result, "bad")))
    if outcome.operation:
        emit(toned(f"operation {outcome.operation}", "dim"))
