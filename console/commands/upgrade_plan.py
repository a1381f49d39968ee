"""`stampdeck upgrade plan`: which runs of which engine lead to a version, which images they need, what they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import click
import msgspec
from msgspec import Meta

from backends.errors import UsageError
from backends.model import inert
from console.commands.drawing import complain, emit, emit_document, table, toned
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, output_option, pass_shell
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.operations.engine.planning import PlannedUpgrade

SCHEMA_NAME = "stampdeck.upgrade-plan/1"


class HopRecord(msgspec.Struct, frozen=True):
    """One run of `aks-engine upgrade`."""

    current: Annotated[str, Meta(description="Version of the cluster before it.")]
    version: Annotated[str, Meta(description="Version after it.")]
    engine: Annotated[str, Meta(description="Release of the engine it needs.")]
    images: Annotated[list[str], Meta(description="Base images the marketplace has to have.")]
    missing_images: Annotated[list[str] | None, Meta(description="Those it has not got; null: not known.")]
    changes: Annotated[list[str], Meta(description="What the cluster is afterwards that it was not before.")]


class UpgradePlanDocument(msgspec.Struct, frozen=True):
    """What `stampdeck upgrade plan` prints."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    stamp: str
    current: str
    target: str
    installed: Annotated[str, Meta(description="Release of the engine on the helper VM; empty: not known.")]
    offered: Annotated[list[str] | None, Meta(description="What it offers the cluster now; null: not known.")]
    image_only: Annotated[bool, Meta(description="Whether only the base image is exchanged.")]
    hops: Annotated[list[HopRecord], Meta(description="Runs in order; empty: see why.")]
    why: Annotated[str, Meta(description="Why there is nothing to run; empty when there is.")]
    problems: Annotated[list[str], Meta(description="What could not be asked.")]


@click.command()
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="Of this stamp.")
@click.option(
    "--to", "target", default="", metavar="VERSION", help="Such as 1.34.4; the newest there is, if not given."
)
@click.option("--base-image", "image_only", is_flag=True, help="Keep the version; only exchange the nodes' base image.")
@output_option("table", "json", "yaml")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output.")
@pass_shell
def plan(shell: Shell, stamps: tuple[str, ...], target: str, image_only: bool, output: str, schema: bool) -> int:
    """Plan the runs of aks-engine that bring a stamp's cluster to a version. Nothing is changed.

    No run skips a minor version, whatever the engine offers. Each says which release of the engine it needs, which
    base images the marketplace has to have, and what it brings. Exit code 0 when there is a way or nothing to do,
    3 when there is no way, or an image is missing.
    """
    if schema:
        emit_document(msgspec.json.schema(UpgradePlanDocument), "json")
        return ExitCode.WELL
    if target and image_only:
        raise click.UsageError("--base-image keeps the version: give it without --to")
    chosen = shell.choose(stamps)
    if len(chosen) != 1:
        raise click.UsageError(f"plan one stamp at a time: --stamp, one of {', '.join(chosen)}")
    return run_until_signal(_plan(shell, chosen[0], target.removeprefix("v"), image_only, output))


async def _plan(shell: Shell, stamp: str, target: str, image_only: bool, output: str) -> int:
    from backends.operations.engine.planning import plan_upgrade
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=(stamp,), follow_fleet=False) as services:
        if stamp not in services.sites:
            todo = "give it a helper_vm with api_model in fleet.yaml"
            raise UsageError("it has no helper VM to ask", todo=todo, stamp=stamp)
        found = await plan_upgrade(services.sites[stamp], target, image_only=image_only)
    document = document_of(found, image_only)
    if output == "table":
        _print(document)
    else:
        emit_document(msgspec.to_builtins(document), output)
    nothing_to_do = document.current == document.target and not image_only
    lacking = any(hop.missing_images for hop in document.hops)
    return ExitCode.DEGRADED if lacking or (document.why and not nothing_to_do) else ExitCode.WELL


def document_of(found: PlannedUpgrade, image_only: bool) -> UpgradePlanDocument:
    """Return a plan as it is printed."""
    hops = [
        HopRecord(
            hop.current, hop.version, hop.engine, list(hop.images), _missing(found, hop.images), list(hop.changes)
        )
        for hop in found.path.hops
    ]
    offered = None if found.offered is None else list(found.offered)
    path = found.path
    return UpgradePlanDocument(
        SCHEMA_NAME, found.stamp, path.current, path.target, found.installed, offered, image_only, hops, path.why,
        list(found.problems),
    )  # fmt: skip


def _missing(found: PlannedUpgrade, images: tuple[str, ...]) -> list[str] | None:
    if not images or any(found.there.get(each) is None for each in images):
        return None
    return [each for each in images if not found.there[each]]


def _print(document: UpgradePlanDocument) -> None:
    for problem in document.problems:
        complain(problem)
    installed = f", the helper VM has {document.installed}" if document.installed else ""
    emit(inert.line(f"{document.stamp} runs {document.current}{installed}"))
    if not document.hops:
        emit(toned(inert.line(document.why), "dim" if document.current == document.target else "bad"))
        return
    rows = [
        (at, hop.current, hop.version, hop.engine, _image(hop, image))
        for at, hop in enumerate(document.hops, 1)
        for image in (hop.images or [""])
    ]
    emit("", *table(("RUN", "FROM", "TO", "ENGINE", "BASE IMAGE"), rows))
    for at, hop in enumerate(document.hops, 1):
        if hop.changes:
            emit("", f"Run {at} brings:", *(f"  - {inert.line(each)}" for each in hop.changes))
    engines = list(dict.fromkeys(hop.engine for hop in document.hops))
    other = [each for each in engines if each.lstrip("v") != document.installed.lstrip("v")]
    if document.installed and other:
        emit("", toned(f"to be installed on the helper VM in turn: {inert.name(', '.join(other))}", "warn"))


def _image(hop: HopRecord, image: str) -> str:
    if not image:
        return "not known"
    if hop.missing_images is None:
        return image
    return f"{image} (missing)" if image in hop.missing_images else image
