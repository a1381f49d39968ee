"""`stampdeck` itself: global options, where each command lives, and what happens without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from console.commands.exits import ExitCode
from console.commands.lazy import LazyCommand, LazyGroup
from console.commands.opening import Options, open_console, take_effect
from console.commands.shell import complete_stamps

COMMANDS = {
    "status": LazyCommand("console.commands.status:status", "Say how every stamp is, for people and for scripts."),
    "get": LazyCommand("console.commands.get:get", "List resources of any kind on one stamp or all of them."),
    "logs": LazyCommand("console.commands.logs:logs", "Print log lines of a pod or workload, merged over stamps."),
    "drift": LazyCommand("console.commands.drift:drift", "What is not the same on all stamps."),
    "doctor": LazyCommand("console.commands.doctor:doctor", "Check every source of every stamp, and say what to do."),
    "do": LazyCommand("console.commands.do:do", "Change something on a stamp, through the write gate."),
    "exec": LazyCommand("console.commands.exec_command:exec_command", "Run a command or a shell in a container."),
    "port-forward": LazyCommand("console.commands.port_forward:port_forward", "Lead ports of this machine to pods."),
    "engine": LazyCommand("console.commands.engine:engine", "Look at aks-engine on the stamps' helper VMs."),
    "vm": LazyCommand("console.commands.vm:vm", "Be at a stamp's helper VM: its host key, a shell, files."),
    "upgrade": LazyCommand("console.commands.upgrade:upgrade", "Plan and run Kubernetes upgrades by aks-engine."),
    "scale": LazyCommand("console.commands.engine_run:scale", "Bring a pool to another number of nodes."),
    "deploy": LazyCommand("console.commands.engine_run:deploy", "Make a cluster of an api model file."),
    "addpool": LazyCommand("console.commands.engine_run:addpool", "Add a pool to a cluster."),
    "rotate-certs": LazyCommand("console.commands.engine_run:rotate_certs", "Make new certificates for a cluster."),
    "get-logs": LazyCommand("console.commands.engine_run:get_logs", "Collect the logs of a cluster's machines."),
    "jobs": LazyCommand("console.commands.jobs:jobs", "What runs, or ran, on the helper VMs."),
    "audit": LazyCommand("console.commands.audit:audit", "Say who changed what, and check that the record is whole."),
    "config": LazyCommand("console.commands.config:config", "Check, show or describe the configuration."),
    "init": LazyCommand("console.commands.init:init", "Write a first fleet.yaml."),
    "demo": LazyCommand("console.commands.demo:demo", "Open the console on simulated stamps."),
    "lab": LazyCommand("console.commands.lab:lab", "Run simulated stamps, and break them on command."),
    "completion": LazyCommand("console.commands.completion:completion", "Print completion for bash, zsh or fish."),
}


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
@click.option("--write", is_flag=True, help="Arm writing: `do` acts, and the console starts armed.")
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
    ctx.obj = take_effect(Options(**options))
    if ctx.invoked_subcommand is not None:
        return ExitCode.WELL
    return open_console(ctx.obj)


def run_root(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; what is not about the line itself is raised."""
    try:
        # click maps `--help` and ctx.exit to a returned code in this mode, and leaves errors to us.
        code = root.main(args=list(argv), prog_name="stampdeck", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
    return int(code or 0)
