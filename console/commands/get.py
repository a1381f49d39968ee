"""`stampdeck get`: resources of any kind, of one stamp or all of them in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from console.commands.kinds import complete_kinds
from console.commands.namespaces import Namespaces, namespace_option, namespaces_of
from console.commands.shell import Duration, Shell, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal


@dataclass(frozen=True, slots=True)
class GetOptions:
    """What to list and how to print it."""

    kind: str
    """Empty to list the kinds themselves."""
    names: tuple[str, ...]
    namespaces: Namespaces
    selector: str
    field_selector: str
    output: str
    sort_by: str
    wanted: str
    watch: bool
    timeout_s: float


@click.command()
@click.argument("kind", shell_complete=complete_kinds, required=False, default="")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@stamp_option
@click.option("--all-stamps", is_flag=True, help="All stamps, whatever the global --stamp says.")
@namespace_option
@click.option("-A", "--all-namespaces", is_flag=True, help="Objects of all namespaces.")
@click.option("-l", "--selector", default="", help="Label selector, as kubectl's: app=web,tier in (a,b).")
@click.option("--field-selector", default="", help="Field selector: status.phase=Running.")
@output_option("table", "wide", "json", "yaml", "name", "csv")
@click.option("--sort-by", default="", metavar="COLUMN", help="Order by what a column means; -COLUMN turns it round.")
@click.option("--filter", "wanted", default="", metavar="EXPR", help="As / in the console: crash, !Running, cpu>500m.")
@click.option("--kinds", is_flag=True, help="List the kinds the stamps serve, and nothing else.")
@click.option("-w", "--watch", is_flag=True, help="Go on printing rows as they change.")
@click.option("--timeout", type=Duration(), default="10s", show_default=True, help="How long answers may take.")
@pass_shell
def get(shell: Shell, /, kind: str, names: tuple[str, ...], stamps: tuple[str, ...], **options: Any) -> int:
    """List resources of KIND, by any name kubectl knows it by: pods, po, deployments.apps, a custom resource.

    A stamp that does not answer is named on stderr and the others are printed: exit code 3. With a NAME, json and
    yaml print the whole objects, otherwise the rows.
    """
    list_kinds = options.pop("kinds")
    if not kind and not list_kinds:
        raise click.UsageError("which KIND? `stampdeck get --kinds` lists what there is")
    if "/" in kind and not names:
        kind, _, name = kind.partition("/")
        names = (name,) if name else ()
    if options.pop("all_stamps"):
        shell.stamps, stamps = (), ()
    chosen = shell.choose(stamps)
    namespaces = namespaces_of(
        shell.settings.only(chosen), options["namespace"], everywhere=options.pop("all_namespaces")
    )
    asked = GetOptions(
        kind="" if list_kinds else kind,
        names=names,
        namespaces=namespaces,
        selector=options["selector"],
        field_selector=options["field_selector"],
        output=options["output"],
        sort_by=options["sort_by"],
        wanted=options["wanted"],
        watch=options["watch"],
        timeout_s=options["timeout"],
    )
    if asked.watch and asked.output not in ("table", "wide", "json"):
        raise click.UsageError(f"--watch prints table, wide or json, not {asked.output}")
    if names and options["field_selector"]:
        raise click.UsageError("a NAME and --field-selector exclude each other")
    return run_until_signal(_run(shell, chosen, asked), endless=asked.watch)


async def _run(shell: Shell, stamps: tuple[str, ...], asked: GetOptions) -> int:
    from console.commands.listing import list_once, print_kinds, print_objects, watch_rows
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=stamps, follow_fleet=False) as services:
        if not asked.kind:
            return await print_kinds(services, asked)
        if asked.names and asked.output in ("json", "yaml") and not asked.watch:
            return await print_objects(services, asked)
        if asked.watch:
            return await watch_rows(services, asked)
        return await list_once(services, asked)
