"""`stampdeck engine show`: aks-engine on the helper VMs, what it offers, and the api models of the clusters."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import click
import msgspec
from msgspec import Meta

from backends.errors import StampdeckError, UsageError
from backends.model import inert
from console.commands.drawing import complain, emit, emit_document, table, toned
from console.commands.exits import ExitCode
from console.commands.shell import Shell, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.model.engine.api_model import ApiModel, Pool
    from backends.operations.vm_ports import Engine

SCHEMA_NAME = "stampdeck.engine/1"


class PoolRecord(msgspec.Struct, frozen=True):
    """A pool as the api model has it; `master` is the control plane."""

    name: str
    count: int
    vm_size: str
    os: str
    distro: str


class EngineRecord(msgspec.Struct, frozen=True):
    """aks-engine and the api model of one stamp."""

    stamp: str
    engine: Annotated[str, Meta(description="Release, such as v0.85.0; empty: not known.")] = ""
    version: Annotated[str, Meta(description="Kubernetes version of the api model; empty: not known.")] = ""
    offered: Annotated[list[str] | None, Meta(description="Versions the engine offers it; null: not known.")] = None
    api_model: Annotated[str, Meta(description="Path on the helper VM.")] = ""
    sha256: str = ""
    dns_prefix: str = ""
    location: str = ""
    suffix: Annotated[str, Meta(description="The cluster's eight digits, which are in the names of its machines.")] = ""
    api_server: str = ""
    identity_system: str = ""
    pools: list[PoolRecord] = []
    warnings: Annotated[list[str], Meta(description="Permissions that let others in.")] = []
    problems: Annotated[list[str], Meta(description="What could not be read, and why.")] = []


class EngineDocument(msgspec.Struct, frozen=True):
    """What `stampdeck engine show` prints."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    stamps: list[EngineRecord]


@click.command()
@stamp_option
@click.option("--model", "whole", is_flag=True, help="Print the whole api model, without its secrets.")
@output_option("table", "json", "yaml")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json output.")
@pass_shell
def show(shell: Shell, stamps: tuple[str, ...], whole: bool, output: str, schema: bool) -> int:
    """Show the engine's release, what it offers, and what the cluster's api model says.

    Exit code 0 when everything was read, 3 when something was not.
    """
    if schema:
        emit_document(msgspec.json.schema(EngineDocument), "json")
        return ExitCode.WELL
    return run_until_signal(_show(shell, shell.choose(stamps), whole, output))


async def _show(shell: Shell, stamps: tuple[str, ...], whole: bool, output: str) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=stamps, follow_fleet=False) as services:
        engines = {name: services.engines[name] for name in stamps if name in services.engines}
        if not engines:
            raise UsageError("none of these stamps has a helper VM", todo="give one a helper_vm in fleet.yaml")
        if whole:
            return await _print_models(engines)
        records = await asyncio.gather(*(_read(name, each) for name, each in engines.items()))
    if output == "table":
        for record in records:
            _print(record)
    else:
        emit_document(msgspec.to_builtins(EngineDocument(SCHEMA_NAME, list(records))), output)
    return ExitCode.DEGRADED if any(each.problems for each in records) else ExitCode.WELL


async def _print_models(engines: dict[str, Any]) -> int:
    if len(engines) > 1:
        raise UsageError("one api model at a time", todo="name its stamp: --stamp NAME")
    for each in engines.values():
        emit((await each.api_model()).text)
    return ExitCode.WELL


async def _read(stamp: str, engine: Engine) -> EngineRecord:
    """Read what can be read; the rest is said."""
    problems: list[str] = []
    release, model, offered = "", None, None
    try:
        release = await engine.version()
    except StampdeckError as error:
        problems.append(str(error))
    try:
        model = await engine.api_model()
        if release:
            offered = list(await engine.offered(model.version))
    except StampdeckError as error:
        if str(error) not in problems:
            problems.append(str(error))
    return record_of(stamp, release, offered, model, problems)


def record_of(
    stamp: str, release: str, offered: list[str] | None, model: ApiModel | None, problems: list[str]
) -> EngineRecord:
    """Return what was read as it is printed."""
    if model is None:
        return EngineRecord(stamp, release, problems=problems)
    return EngineRecord(
        stamp=stamp,
        engine=release,
        version=model.version,
        offered=offered,
        api_model=model.path,
        sha256=model.sha256,
        dns_prefix=model.dns_prefix,
        location=model.location,
        suffix=model.suffix,
        api_server=model.api_server,
        identity_system=model.identity_system,
        pools=[_pool(each) for each in (model.masters, *model.pools)],
        warnings=list(model.modes),
        problems=problems,
    )


def _pool(pool: Pool) -> PoolRecord:
    return PoolRecord(pool.name, pool.count, pool.vm_size, pool.os, pool.distro)


def _print(record: EngineRecord) -> None:
    for problem in record.problems:
        complain(problem)
    emit(toned(inert.name(record.stamp), "bold"))
    offered = "not known" if record.offered is None else ", ".join(record.offered) or "nothing newer"
    known = (
        ("engine", record.engine or "not known"),
        ("Kubernetes", record.version or "not known"),
        ("offers", offered),
        ("api model", record.api_model),
        ("API server", record.api_server),
        ("cluster", " ".join(each for each in (record.dns_prefix, record.suffix) if each)),
        ("identity", record.identity_system),
    )
    emit(*(f"  {name:<12}{inert.name(value)}" for name, value in known if value))
    if record.pools:
        rows = [(each.name, each.count, each.vm_size, each.os, each.distro) for each in record.pools]
        emit(*(f"  {line}" for line in table(("POOL", "NODES", "SIZE", "OS", "DISTRO"), rows)))
    for warning in record.warnings:
        emit(toned(f"  {inert.line(warning)}", "warn"))
