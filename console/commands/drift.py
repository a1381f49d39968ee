"""`stampdeck drift`: what is not the same on all stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import click
import msgspec
from msgspec import Meta

from backends.model import inert
from console.commands.drawing import cell_text, complain, emit, emit_document, table, toned
from console.commands.exits import ExitCode
from console.commands.namespaces import namespace_option, namespaces_of
from console.commands.shell import Shell, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.operations.drift import Comparison, Survey

SCHEMA_NAME = "stampdeck.drift/1"


class DriftRecord(msgspec.Struct, frozen=True):
    """One thing that is, or is not, the same on all stamps."""

    what: Annotated[str, Meta(description="`deployment/ratings-web`, `cluster`, `nodes`.")]
    namespace: str
    path: Annotated[str, Meta(description="A path of the object, or an aspect such as `replicas`.")]
    values: Annotated[dict[str, str | None], Meta(description="By stamp; empty: it has none; null: not known.")]
    same: bool
    intended: Annotated[str, Meta(description="Why it is meant to differ, by fleet.yaml; empty: nobody said so.")]


class DriftDocument(msgspec.Struct, frozen=True):
    """What `stampdeck drift` prints."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    drifts: Annotated[bool, Meta(description="Whether something differs that nobody declared.")]
    unknown: Annotated[dict[str, str], Meta(description="Stamps that could not be asked, with the reason.")]
    missing: Annotated[list[str], Meta(description="Stamps that have not got the object, when one was named.")]
    items: list[DriftRecord]


@click.command()
@click.argument("kind_name", metavar="[KIND/NAME]", required=False)
@namespace_option
@click.option("--all", "show_all", is_flag=True, help="Also what is the same everywhere, and what is meant to differ.")
@stamp_option
@output_option("table", "json", "yaml")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output.")
@pass_shell
def drift(
    shell: Shell,
    kind_name: str | None,
    namespace: str | None,
    show_all: bool,
    stamps: tuple[str, ...],
    output: str,
    schema: bool,
) -> int:
    """Compare stamps: versions, images, sizes and contents of everything, or every detail of KIND/NAME.

    Differences that fleet.yaml declares (drift.intended) are not complained about. Exit code 0 when nothing drifts,
    3 when something does or a stamp could not be asked.
    """
    if schema:
        emit_document(msgspec.json.schema(DriftDocument), "json")
        return ExitCode.WELL
    chosen = shell.choose(stamps)
    if len(chosen) < 2:
        raise click.UsageError("drift compares stamps: name two or more, or none for all of them")
    return run_until_signal(_run(shell, chosen, kind_name, namespace, show_all, output))


async def _run(
    shell: Shell, stamps: tuple[str, ...], kind_name: str | None, namespace: str | None, show_all: bool, output: str
) -> int:
    from console.commands.do_target import read_name
    from console.wiring import open_services

    target = read_name(kind_name, namespace) if kind_name else None
    async with open_services(shell.settings, stamps=stamps, follow_fleet=False) as services:
        if target is None:
            document = document_of_survey(await services.drift.survey(namespace, stamps))
        else:
            places = namespaces_of([each for each in services.stamps if each.name in stamps], namespace).by_stamp
            place = next(iter(places.values()))
            document = document_of(await services.drift.compare(target.kind, target.name, place, stamps))
    if output == "table":
        _print(document, stamps, show_all)
    else:
        shown = document if show_all else msgspec.structs.replace(document, items=_drifting(document))
        emit_document(msgspec.to_builtins(shown), output)
    return ExitCode.DEGRADED if document.drifts or document.unknown else ExitCode.WELL


def document_of_survey(survey: Survey) -> DriftDocument:
    """Return what a survey found."""
    items = [
        DriftRecord(each.what, each.namespace, each.aspect, dict(each.values), each.same, each.reason)
        for each in survey.aspects
    ]
    return DriftDocument(SCHEMA_NAME, bool(survey.drifting), dict(survey.unknown), [], items)


def document_of(comparison: Comparison) -> DriftDocument:
    """Return what the comparison of one object found."""
    items = [
        DriftRecord(comparison.what, comparison.namespace or "", each.path, dict(each.values), False, each.reason)
        for each in comparison.differences
    ]
    unknown, missing = dict(comparison.unknown or {}), list(comparison.missing)
    return DriftDocument(SCHEMA_NAME, comparison.drifts, unknown, missing, items)


def _drifting(document: DriftDocument) -> list[DriftRecord]:
    return [each for each in document.items if not each.same and not each.intended]


def _print(document: DriftDocument, stamps: tuple[str, ...], show_all: bool) -> None:
    shown = document.items if show_all else _drifting(document)
    for stamp, reason in document.unknown.items():
        complain(f"{stamp} is not compared: {reason}")
    for stamp in document.missing:
        emit(toned(f"{stamp} has not got it", "warn"))
    if shown:
        header = ["WHAT", "NAMESPACE", "DIFFERS IN", *(inert.name(stamp).upper() for stamp in stamps)]
        notes = any(each.intended for each in shown)
        rows = [_row(each, stamps, notes) for each in shown]
        emit(*table([*header, "INTENDED"] if notes else header, rows))
    declared = sum(1 for each in document.items if each.intended)
    said = f"{len(_drifting(document))} differ, {declared} are meant to"
    emit(toned(said, "warn" if document.drifts else "good"))


def _row(record: DriftRecord, stamps: tuple[str, ...], notes: bool) -> list[Any]:
    values = [_value(record.values.get(stamp)) for stamp in stamps]
    return [record.what, record.namespace, record.path, *values, *([record.intended] if notes else [])]


def _value(value: str | None) -> str:
    if value is None:
        return "?"
    text = cell_text(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
