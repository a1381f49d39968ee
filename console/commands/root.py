"""`stampdeck` itself: global options, where each command lives, and what happens without one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from console.commands.exits import ExitCode, guard, say
from console.commands.lazy import LazyCommand, LazyGroup
from console.commands.shell import Shell, complete_stamps, has_terminal

COMMANDS = {
    "status": LazyCommand("console.commands.status:status", "Say how every stamp is, for people and for scripts."),
    "get": LazyCommand("console.commands.get:get", "List resources of any kind on one stamp or all of them."),
    "logs": LazyCommand("console.commands.logs:logs", "Print log lines of a pod or workload, merged over stamps."),
    "doctor": LazyCommand("console.commands.doctor:doctor", "Check every source of every stamp, and say what to do."),
    "config": LazyCommand("console.commands.config:config", "Check, show or describe the configuration."),
    "init": LazyCommand("console.commands.init:init", "Write a first fleet.yaml."),
    "demo": LazyCommand("console.commands.demo:demo", "Open the console on simulated stamps."),
    "lab": LazyCommand("console.commands.lab:lab", "Run simulated stamps, and break them on command."),
    "completion": LazyCommand("console.commands.completion:completion", "Print completion for bash, zsh or fish."),
}

NO_TERMINAL = """the console needs a terminal; without one, use:
stampdeck status     how every stamp is (-o json for scripts)
stampdeck get KIND   resources of one stamp or all
stampdeck logs …     log lines, merged over stamps
stampdeck doctor     what is wrong, and what to do
stampdeck --help     everything else"""


class RootGroup(LazyGroup):
    """All commands."""

    lazy = COMMANDS


def _show_version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        # 20 ms that no other command should pay.
        from importlib.metadata import version

        click.echo(f"stampdeck {version('stampdeck')}")
        ctx.exit()


@click.command(
    cls=RootGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all well, 1 error, 2 usage or configuration, 3 something is degraded.",
)
@click.option("--config", metavar="FILE", type=click.Path(), help="fleet.yaml to use; STAMPDECK_CONFIG names one too.")
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="Only this one.")
@click.option("--write", is_flag=True, help="Arm commands that write; this version only reads.")
@click.option("-c", "--command", metavar="TEXT", default="", help="Where to go first, as after `:` — 'pods @all'.")
@click.option("--no-color", is_flag=True, help="No colours; NO_COLOR says the same.")
@click.option("--log-file", metavar="FILE", type=click.Path(dir_okay=False), help="Where to log, never the screen.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="warning", show_default=True
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Print it.")
@click.pass_context
def root(ctx: click.Context, /, **options: Any) -> int:
    """Watch and run one application on several Azure Stack Hub stamps.

    Without a command, the console opens.
    """
    if options["no_color"]:
        # Textual, click and child processes all read it from here.
        os.environ["NO_COLOR"] = "1"
    from console.logfile import log_to_file

    log_to_file(options["log_file"], options["log_level"])
    ctx.obj = Shell(options["config"], options["stamps"], options["write"], options["command"])
    if ctx.invoked_subcommand is not None:
        return ExitCode.WELL
    if not has_terminal():
        say(NO_TERMINAL)
        return ExitCode.USAGE
    from console.commands.open_app import open_app

    return open_app(ctx.obj)


def run_root(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    return guard(lambda: _run(list(argv)))


def _run(argv: list[str]) -> int:
    try:
        # click maps `--help` and ctx.exit to a returned code in this mode, and leaves errors to us.
        code = root.main(args=argv, prog_name="stampdeck", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
    return int(code or 0)
