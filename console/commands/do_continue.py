"""`stampdeck do continue`: take up an operation that a console left open when it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from backends.errors import UsageError
from console.commands.do_following import Interruption
from console.commands.do_running import Asked, carry_out, exit_code, report, show_plan
from console.commands.drawing import complain, emit_document
from console.commands.exits import ExitCode
from console.commands.shell import Shell, output_option, pass_shell
from console.commands.signals import run_until_signal
from console.commands.write_options import WriteOptions, write_options

if TYPE_CHECKING:
    from backends.operations.work import Work
    from console.wiring import Services

_LIST = "see stampdeck audit open"


@click.command("continue")
@click.argument("operation", metavar="OPERATION")
@output_option("text", "json")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output.")
@write_options
@pass_shell
def go_on(shell: Shell, operation: str, output: str, schema: bool, write: WriteOptions) -> int:
    """Take up OPERATION, by its number in the journal or the beginning of it.

    The consent given when it was begun still holds; rights and rules are asked anew. What is done already is not
    done again. `stampdeck audit open` lists what is open, `stampdeck audit close` gives it up.
    """
    if schema:
        from console.commands.do_document import do_schema

        emit_document(do_schema(), "json")
        return ExitCode.WELL
    heed = Interruption()
    return run_until_signal(_run(shell, Asked((), write, output), operation, heed), heed=heed)


async def _run(shell: Shell, asked: Asked, wanted: str, heed: Interruption) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings) as services:
        operation, work = await _open(services, wanted)
        then = await services.gate.consent_then(operation)
        # What was set aside then is set aside still; without --write nothing is confirmed by it.
        given = replace(
            asked.write,
            overrides=tuple(dict.fromkeys((*asked.write.overrides, *then.overrides))),
            typed_names=(*asked.write.typed_names, *then.typed_names),
            reason=asked.write.reason or then.reason,
        )
        asked = replace(asked, write=given)
        proposal = await services.gate.propose_again(work, operation)
        if not given.armed:
            return show_plan(proposal, asked)
        outcome = await carry_out(services, work, proposal, asked, heed, operation)
        report(proposal, outcome, asked)
        return exit_code(outcome)


async def _open(services: Services, wanted: str) -> tuple[str, Work]:
    """Return the open operation that is meant and its work; UsageError when there is none, or it cannot go on."""
    from backends.operations.gate_records import change_of
    from backends.operations.reconciliation import Found

    found = await services.reconciliation.run()
    for each in found:
        complain(f"left open earlier: {each}")
    fitting = [each for each in found if each.operation.operation.startswith(wanted)]
    if len(fitting) != 1:
        what = f"no open operation {wanted}" if not fitting else f"{len(fitting)} operations begin with {wanted}"
        raise UsageError(what, why="it has ended, or never was" if not fitting else "", todo=_LIST)
    (chosen,) = fitting
    if chosen.is_closed or chosen.found is Found.AT_WORK:
        raise UsageError(f"operation {wanted} cannot be taken up", why=str(chosen), todo=_LIST)
    intent = chosen.operation.intent
    try:
        work = services.rebuilt(change_of(intent.stamp, intent.data))
    except (KeyError, TypeError, ValueError):
        work = None
    if work is None:
        why = "this console knows neither how to go on with it nor what it was about"
        raise UsageError(f"operation {wanted} cannot be taken up", why=why, todo=chosen.todo or _LIST)
    return chosen.operation.operation, work
