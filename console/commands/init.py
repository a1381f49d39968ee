"""`stampdeck init`: a first fleet.yaml, from answers or from a kubeconfig."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import click

from backends.errors import ConfigurationError, UsageError
from backends.kubernetes.kubeconfig import contexts
from backends.model import inert
from console.commands.drawing import complain, emit
from console.commands.exits import ExitCode
from console.commands.shell import Shell, pass_shell
from console.configuration.checks import warnings_of
from console.configuration.folders import locate_fleet_file
from console.configuration.load import parse
from console.configuration.writing import StampDraft, draft_text, name_from, write_private


@click.command()
@click.option(
    "--from-kubeconfig",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Make one stamp per context, no questions.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@pass_shell
def init(shell: Shell, from_kubeconfig: str | None, force: bool) -> int:
    """Write a first fleet.yaml (mode 0600), to --config or the default place."""
    file, _ = locate_fleet_file(shell.config)
    if file.exists() and not force:
        raise ConfigurationError(f"{file} exists already", todo="edit it, name another with --config, or add --force")
    if from_kubeconfig:
        drafts = drafts_from(Path(from_kubeconfig).expanduser().absolute())
    elif sys.stdin.isatty():
        drafts = _ask()
    else:
        raise UsageError("init asks questions and there is no terminal", todo="use --from-kubeconfig FILE")
    text = draft_text(drafts)
    fleet, located = parse(text, file)
    write_private(file, text, force=force)
    for warning in warnings_of(fleet, located, file):
        complain(f"warning: {warning.show(file)}")
    emit(f"{file} written: {', '.join(draft.name for draft in drafts)}", "next: stampdeck doctor, then stampdeck")
    return ExitCode.WELL


def drafts_from(kubeconfig: Path) -> list[StampDraft]:
    """Return one draft per context of a kubeconfig."""
    drafts: list[StampDraft] = []
    for context in _contexts(kubeconfig):
        name = name_from(context, [draft.name for draft in drafts])
        drafts.append(StampDraft(name, str(kubeconfig), context))
    return drafts


def _contexts(kubeconfig: Path) -> tuple[str, ...]:
    found = contexts(kubeconfig)
    if not found:
        raise ConfigurationError(f"kubeconfig {kubeconfig} has no contexts", todo="name the file kubectl uses")
    return found


def _ask() -> list[StampDraft]:
    drafts: list[StampDraft] = []
    kubeconfig = "~/.kube/config"
    while True:
        kubeconfig, context = _ask_cluster(kubeconfig)
        taken = [draft.name for draft in drafts]
        name = click.prompt("name of the stamp", default=name_from(context, taken), value_proc=partial(_new, taken))
        protection = click.prompt(
            "what should a change ask for", default="confirm", type=click.Choice(["open", "confirm", "typed"])
        )
        url = click.prompt("address of the application on this stamp (empty: none)", default="", show_default=False)
        drafts.append(StampDraft(name, kubeconfig, context, protection, url.strip()))
        if not click.confirm("another stamp?", default=len(drafts) < 2):
            return drafts


def _ask_cluster(suggested: str) -> tuple[str, str]:
    while True:
        kubeconfig: str = click.prompt("kubeconfig of the stamp's cluster", default=suggested)
        try:
            # Kept absolute: relative paths of the file start at its folder, those of an answer where the user is.
            known = _contexts(Path(kubeconfig).expanduser().absolute())
        except ConfigurationError as error:
            complain(str(error))
            continue
        emit("contexts there: " + ", ".join(map(inert.name, known)))
        context: str = click.prompt("context", default=known[0], type=click.Choice(known), show_choices=False)
        whole = kubeconfig if kubeconfig.startswith("~") else str(Path(kubeconfig).absolute())
        return whole, context


def _new(taken: list[str], text: str) -> str:
    from console.configuration.models import NAME_PATTERN

    if text in taken:
        raise click.BadParameter(f"{text!r} is another stamp's name")
    if not re.fullmatch(NAME_PATTERN, text):
        raise click.BadParameter("1 to 63 lower-case letters, digits and inner hyphens")
    return text
