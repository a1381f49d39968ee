"""`stampdeck exec`: a command in a container, or a shell at a terminal, through the write gate."""

from __future__ import annotations

import os
import sys

import click

from backends.errors import UsageError
from backends.model.proposal import Proposal
from backends.model.shell import ShellRequest
from console.commands.do_asking import ask_consent
from console.commands.do_plan import advice, plan_lines
from console.commands.do_running import Asked, one_stamp, show_plan, tell_open_operations
from console.commands.do_target import ObjectName
from console.commands.drawing import complain
from console.commands.exec_seats import PipeSeat, TerminalSeat
from console.commands.exits import ExitCode, ReaderLeft
from console.commands.namespaces import namespace_option
from console.commands.shell import Shell, complete_stamps, pass_shell
from console.commands.signals import run_until_signal
from console.commands.write_options import WriteOptions, write_options

_PODS = ("pod", "pods", "po")


@click.command(
    name="exec",
    epilog="Exit codes: that of the command; 1 too when it was refused, could not be begun or was cut; 2 usage; "
    "3 planned and refused by a rule.",
)
@click.argument("pod", metavar="POD")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]")
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="On this stamp.")
@namespace_option
@click.option("-c", "--container", default="", metavar="NAME", help="Container; the pod's default one if not given.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Lend it this terminal.")
@click.option("--record", is_flag=True, help="Record what a terminal shows (asciicast); never what is typed.")
@write_options
@pass_shell
def exec_command(
    shell: Shell,
    pod: str,
    command: tuple[str, ...],
    stamps: tuple[str, ...],
    namespace: str | None,
    container: str,
    stdin: bool,
    tty: bool,
    record: bool,
    write: WriteOptions,
) -> int:
    """Run COMMAND in a container of POD, or a shell when none is given: `stampdeck exec web-1 -it --write`.

    Without --write the plan is shown and nothing is run. With it, it is asked for confirmation (--yes confirms)
    and written to the audit log: that it began and how it ended, not what was done in it.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not command and not (stdin or tty):
        stdin = tty = True
    if tty and write.armed and not at_terminal:
        if not command:
            raise UsageError("no terminal for a shell", todo="name a command after --")
        complain("no terminal here: going on without -t")
        tty = False
    if not command and not tty:
        raise UsageError("what shall be run?", todo="name a command after --, or take -t for a shell")
    request = ShellRequest(container, command, tty, stdin, record, os.environ.get("TERM", ""))
    target = _pod(pod, namespace)
    asked = Asked(stamps, write, "text")
    leaving = _Leaving()
    return run_until_signal(_run(shell, asked, one_stamp(shell, stamps), target, request, leaving), heed=leaving)


def _pod(word: str, namespace: str | None) -> ObjectName:
    kind, slash, name = word.rpartition("/")
    if (slash and kind not in _PODS) or not name:
        raise UsageError(f"cannot run anything in {word!r}", todo="name a pod: NAME or pod/NAME")
    return ObjectName("pods", name, namespace)


class _Leaving:
    """The first signal leaves what was begun; before and after that, a signal ends the command."""

    def __init__(self) -> None:
        self.seat: TerminalSeat | PipeSeat | None = None

    def __call__(self, number: int) -> bool:
        seat, self.seat = self.seat, None
        if seat is not None:
            seat.leave(f"signal {number}")
        return seat is not None


async def _run(
    shell: Shell, asked: Asked, stamp: str, target: ObjectName, request: ShellRequest, leaving: _Leaving
) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings) as services:
        if asked.write.armed:
            await tell_open_operations(services)
        _, pod, namespace = target.on(services, stamp)
        seat = TerminalSeat() if request.tty else PipeSeat(has_input=request.stdin)
        work = await services.shells.plan(stamp, pod, namespace, request, seat)
        proposal = await services.gate.propose(work)
        if not asked.write.armed:
            return show_plan(proposal, asked)
        if not asked.write.confirmed:
            _show(proposal, asked)
        consent = await ask_consent(proposal, asked.write)
        services.gate.arming.arm()
        leaving.seat = seat
        outcome = await services.runs.start(work, proposal, consent).finished()
        if isinstance(seat, PipeSeat) and seat.reader_left:
            raise ReaderLeft
        if work.exit_code is None or not outcome.is_well:
            complain(f"{outcome.result}: {outcome}")
            for each in advice(proposal, asked.write.overrides, armed=True) if work.exit_code is None else ():
                complain(each)
        elif request.tty:
            complain(str(outcome))
        return ExitCode.ERROR if work.exit_code is None else work.exit_code


def _show(proposal: Proposal, asked: Asked) -> None:
    """Show on stderr what is to be confirmed: the output is the command's own."""
    for each in plan_lines(proposal, asked.write.overrides):
        sys.stderr.write(f"{each}\n")
