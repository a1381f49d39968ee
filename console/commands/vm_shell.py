"""`stampdeck vm shell`: this terminal lent to a shell on a helper VM or on a node behind it, through the write gate."""

from __future__ import annotations

import os
import sys

import click

from backends.errors import UsageError
from backends.model.shell import ShellRequest
from console.commands.do_asking import ask_consent
from console.commands.do_plan import advice, plan_lines
from console.commands.do_running import Asked, one_stamp, show_plan, tell_open_operations
from console.commands.drawing import complain
from console.commands.exec_seats import TerminalSeat
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, pass_shell
from console.commands.signals import run_until_signal
from console.commands.write_options import WriteOptions, write_options


@click.command(
    epilog="Exit codes: that of the shell; 1 too when it was refused, could not be opened or was cut; 2 usage; "
    "3 planned and refused by a rule.",
)
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="At this stamp.")
@click.option("--node", default="", metavar="NAME", help="On this machine, as the helper VM names it, through the VM.")
@click.option("--user", default="", metavar="NAME", help="Who logs in to the node; by default who does to the VM.")
@click.option("--record", is_flag=True, help="Record what the terminal shows (asciicast); never what is typed.")
@write_options
@pass_shell
def shell(shell: Shell, stamps: tuple[str, ...], node: str, user: str, record: bool, write: WriteOptions) -> int:
    """Open a shell on a stamp's helper VM: `stampdeck vm shell --stamp orlando --write`.

    Without --write the plan is shown and nothing is opened. With it, it is asked for confirmation (--yes confirms)
    and written to the audit log: that it began and how it ended, not what was done in it. It ends with this
    terminal; what has to outlive it is a job.
    """
    if user and not node:
        raise click.UsageError("--user is who logs in to a node: give --node too")
    if write.armed and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("no terminal for a shell", todo="run it at a terminal, or use ssh for a command")
    request = ShellRequest(record=record, terminal=os.environ.get("TERM", ""))
    leaving = _Leaving()
    asked = Asked(stamps, write, "text")
    return run_until_signal(_run(shell, asked, request, (node, user), leaving), heed=leaving)


class _Leaving:
    """The first signal leaves the shell; before and after it, a signal ends the command."""

    def __init__(self) -> None:
        self.seat: TerminalSeat | None = None

    def __call__(self, number: int) -> bool:
        seat, self.seat = self.seat, None
        if seat is not None:
            seat.leave(f"signal {number}")
        return seat is not None


async def _run(shell: Shell, asked: Asked, request: ShellRequest, machine: tuple[str, str], leaving: _Leaving) -> int:
    from console.wiring import open_services

    stamp, seat = one_stamp(shell, asked.stamps), TerminalSeat()
    async with open_services(shell.settings) as services:
        if asked.write.armed:
            await tell_open_operations(services)
        work = services.vm_shells.plan(stamp, request, seat, *machine)
        proposal = await services.gate.propose(work)
        if not asked.write.armed:
            return show_plan(proposal, asked)
        # Logged in before the terminal is lent: what a login asks is asked here, and its refusal is told here.
        await services.helper_vms[stamp].run("true")
        if not asked.write.confirmed:
            for each in plan_lines(proposal, asked.write.overrides):
                sys.stderr.write(f"{each}\n")
        consent = await ask_consent(proposal, asked.write)
        services.gate.arming.arm()
        leaving.seat = seat
        outcome = await services.runs.start(work, proposal, consent).finished()
        complain(str(outcome) if outcome.is_well else f"{outcome.result}: {outcome}")
        if work.exit_code is None:
            for each in advice(proposal, asked.write.overrides, armed=True):
                complain(each)
        return ExitCode.ERROR if work.exit_code is None else work.exit_code
