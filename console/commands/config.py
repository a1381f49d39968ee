"""`stampdeck config`: is fleet.yaml right, what does it amount to, what may it say."""

from __future__ import annotations

import click

from console.commands.drawing import complain, emit, emit_document
from console.commands.exits import ExitCode
from console.commands.shell import Shell, output_option, pass_shell
from console.configuration.folders import locate_fleet_file


@click.group(no_args_is_help=True)
def config() -> None:
    """Check, show or describe the configuration (fleet.yaml)."""


@config.command()
@pass_shell
def check(shell: Shell) -> int:
    """Check the file and what it names: kubeconfigs, contexts, file modes.

    Exit code 2 when it cannot be used, 3 when something about it is risky or will not work.
    """
    from console.configuration.appearance import appearance_warnings
    from console.configuration.checks import warnings_of
    from console.configuration.keys import key_problems
    from console.configuration.load import parse
    from console.configuration.problems import InvalidConfiguration
    from console.configuration.reading import read_text

    file, named_by = locate_fleet_file(shell.config)
    fleet, located = parse(read_text(file, named_by), file)
    if problems := key_problems(fleet, located):
        raise InvalidConfiguration(file, problems)
    warnings = [*warnings_of(fleet, located, file), *appearance_warnings(fleet, located)]
    for warning in warnings:
        complain(f"warning: {warning.show(file)}")
    stamps = f"{len(fleet.stamps)} stamp{'s' if len(fleet.stamps) > 1 else ''}"
    names = ", ".join(stamp.name for stamp in fleet.stamps)
    found = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else "no warnings"
    emit(f"{file}: valid, {stamps} ({names}), {found}")
    return ExitCode.DEGRADED if warnings else ExitCode.WELL


@config.command()
@output_option("yaml", "json")
@pass_shell
def show(shell: Shell, output: str) -> int:
    """Print the effective configuration; what comes from a default is marked."""
    from console.configuration.effective import effective, effective_yaml
    from console.configuration.load import parse
    from console.configuration.reading import read_text

    file, named_by = locate_fleet_file(shell.config)
    fleet, _ = parse(read_text(file, named_by), file)
    if output == "json":
        emit_document(effective(fleet, file.parent), "json")
    else:
        emit(f"# {file} ({named_by})", *effective_yaml(fleet, file.parent))
    return ExitCode.WELL


@config.command()
def schema() -> int:
    """Print the JSON Schema of fleet.yaml, for editors that complete and check while typing."""
    from console.configuration.schema import fleet_schema

    emit_document(fleet_schema(), "json")
    return ExitCode.WELL
