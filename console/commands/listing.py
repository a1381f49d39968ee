"""What `stampdeck get` does once the services run: rows of all stamps, the dead ones named beside them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from backends.errors import NotFound, SourceError, StampdeckError, UsageError
from backends.model import inert
from backends.model.filter import parse_filter
from backends.model.health import Health, SourceState
from backends.model.kinds import find_kind
from backends.model.sorting import natural, row_key
from backends.model.table import Column, Row
from console.commands.drawing import complain, emit, emit_document, table
from console.commands.exits import ExitCode
from console.commands.rows_output import AlignedLines, RowsPrinter

if TYPE_CHECKING:
    from backends.operations.resources import ResourceView
    from console.commands.get import GetOptions
    from console.wiring import Services

USAGE_S = 1.0
"""How much longer than the rows CPU and memory may take: a metrics API that hangs must not keep the rows back."""
DRAIN_S = 0.2
"""Time between two looks at what changed while watching; changes in between are printed as one."""


async def list_once(services: Services, asked: GetOptions) -> int:
    """Print the rows there are and return the exit code."""
    async with _open(services, asked) as view:
        await _filled(view, asked)
        now = time.time()
        code = _report(view.states)
        if code == ExitCode.ERROR:
            return code
        rows = _chosen(view, asked, services, now)
        _print(await _printer(services, asked, view.columns), rows, asked, view.states, now)
        if not rows and asked.names:
            raise NotFound(f"{asked.kind} {', '.join(asked.names)} not found", why=str(asked.namespaces))
        if not rows and asked.output in ("table", "wide"):
            complain(f"no {asked.kind} found {asked.namespaces}")
        return code


async def watch_rows(services: Services, asked: GetOptions) -> int:
    """Print the rows, then each row again when it changes, until cancelled."""
    async with _open(services, asked) as view:
        await _filled(view, asked)
        now = time.time()
        _report(view.states)
        printer = await _printer(services, asked, view.columns)
        rows = _chosen(view, asked, services, now)
        lines = AlignedLines(printer, rows, now)
        known = dict(view.rows)
        if asked.output == "json":
            emit(*(_event("ADDED", printer, row, now) for row in rows))
        else:
            emit(*printer.as_table(rows, now))
        said = dict(view.states)
        while True:
            await asyncio.sleep(DRAIN_S)
            now = time.time()
            _report_changes(said, view.states)
            said = dict(view.states)
            matches = parse_filter(asked.wanted, view.columns).matches
            for uid, row in view.drain().rows.items():
                before = known.pop(uid, None)
                if row is not None:
                    known[uid] = row
                shown = row or before
                if shown is None or (row is before) or not (matches(shown, now) and _is_named(shown, asked)):
                    continue
                kind = "DELETED" if row is None else "MODIFIED" if before else "ADDED"
                if asked.output == "json":
                    emit(_event(kind, printer, shown, now))
                else:
                    emit(lines.line(shown, now) + ("   (gone)" if row is None else ""))


async def print_kinds(services: Services, asked: GetOptions) -> int:
    """Print every kind any of the stamps serves, as kubectl's api-resources does."""
    kinds = sorted(await services.resources.kinds(), key=lambda kind: (kind.group, kind.resource))
    if not kinds:
        raise StampdeckError("no stamp said which kinds it serves", todo="see `stampdeck doctor`")
    rows = [(each.resource, ",".join(each.short_names), each.api_version, each.namespaced, each.kind) for each in kinds]
    if asked.output in ("json", "yaml"):
        keys = ("name", "short_names", "api_version", "namespaced", "kind")
        emit_document({"kinds": [dict(zip(keys, row, strict=True)) for row in rows]}, asked.output)
    elif asked.output == "name":
        emit(*(inert.name(each.full_name) for each in kinds))
    else:
        emit(*table(("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"), rows))
    return ExitCode.WELL


async def print_objects(services: Services, asked: GetOptions) -> int:
    """Print whole objects by name, of every stamp that has them; Secret values stay masked."""
    import yaml

    found: list[dict[str, Any]] = []
    failed = 0
    for stamp in services.stamps:
        for name in asked.names:
            try:
                text = await services.details.yaml(stamp.name, asked.kind, name, asked.namespaces.by_stamp[stamp.name])
            except NotFound:
                continue
            except SourceError as error:
                failed += 1
                complain(str(error))
                break
            found.append({"stamp": stamp.name, "object": yaml.safe_load(text)})
    if not found and not failed:
        raise NotFound(f"{asked.kind} {', '.join(asked.names)} not found", why=str(asked.namespaces))
    if asked.output == "json":
        emit_document({"items": found}, "json")
    else:
        for each in found:
            emit("---", f"# stamp: {each['stamp']}")
            emit_document(each["object"], "yaml")
    return ExitCode.WELL if not failed else ExitCode.DEGRADED if found else ExitCode.ERROR


@asynccontextmanager
async def _open(services: Services, asked: GetOptions) -> AsyncIterator[ResourceView]:
    from backends.operations.resources import ResourceRequest

    # One name is asked of the server alone; several have no field selector and are picked from the list.
    by_name = f"metadata.name={asked.names[0]}" if len(asked.names) == 1 else ""
    request = ResourceRequest(
        kind=asked.kind,
        stamps=tuple(stamp.name for stamp in services.stamps),
        namespaces=asked.namespaces.by_stamp,
        selector=asked.selector,
        field_selector=by_name or asked.field_selector,
    )
    async with services.resources.open(request) as view:
        yield view


async def _filled(view: ResourceView, asked: GetOptions) -> None:
    """Wait until every stamp gave its rows or its reason, and the usage cells a moment longer."""
    await view.settled(asked.timeout_s)
    patience_s = time.monotonic() + USAGE_S
    while any(state.health is Health.RETRYING and not state.retry_at for state in view.usage_states.values()):
        if time.monotonic() > patience_s:
            break
        await asyncio.sleep(0.02)
    while view.drain():  # noqa: ASYNC110 - nothing is waited for here
        # Usage comes in portions; each drain takes the next one.
        await asyncio.sleep(0)  # the other tasks get their turn


def _chosen(view: ResourceView, asked: GetOptions, services: Services, now: float) -> list[Row]:
    """Return the rows to print in order: by the asked column, else by stamp as configured, namespace and name."""
    columns = view.columns
    keep = parse_filter(asked.wanted, columns)
    rows = [row for row in view.rows.values() if keep.matches(row, now) and _is_named(row, asked)]
    order = {stamp.name: at for at, stamp in enumerate(services.stamps)}
    rows.sort(key=lambda row: (order.get(row.stamp, 0), row.namespace, natural(row.name)))
    if asked.sort_by:
        name, reverse = asked.sort_by.removeprefix("-"), asked.sort_by.startswith("-")
        try:
            rows.sort(key=row_key(columns, name, reverse=reverse), reverse=reverse)
        except KeyError:
            known = ", ".join(("stamp", "namespace", *(column.name.lower() for column in columns)))
            raise UsageError(f"no column {name!r} to sort by", why=f"{asked.kind} have {known}") from None
    return rows


def _is_named(row: Row, asked: GetOptions) -> bool:
    return not asked.names or row.name in asked.names


async def _printer(services: Services, asked: GetOptions, columns: tuple[Column, ...]) -> RowsPrinter:
    kind = find_kind(await services.resources.kinds(), asked.kind)
    return RowsPrinter(
        columns=columns,
        kind=(f"{kind.singular or kind.kind.lower()}.{kind.group}".rstrip(".") if kind else asked.kind),
        with_stamp=len(services.stamps) > 1,
        with_namespace=asked.namespaces.are_several and (kind is None or kind.namespaced),
        wide=asked.output == "wide",
    )


def _print(
    printer: RowsPrinter, rows: Sequence[Row], asked: GetOptions, states: Mapping[str, SourceState], now: float
) -> None:
    match asked.output:
        case "csv":
            emit(*printer.as_csv(rows, now))
        case "name":
            emit(*printer.as_names(rows))
        case "json" | "yaml":
            stamps = {name: {"state": state.health.value, "reason": state.reason} for name, state in states.items()}
            items = printer.as_documents(rows, now)
            emit_document({"kind": printer.kind, "stamps": stamps, "items": items}, asked.output)
        case _:
            if rows:
                emit(*printer.as_table(rows, now))


def _event(kind: str, printer: RowsPrinter, row: Row, now: float) -> str:
    return json.dumps({"type": kind, **printer.as_document(row, now)})


def _report(states: Mapping[str, SourceState]) -> int:
    """Name on stderr every stamp whose rows are missing or old, and return what that means for the exit code."""
    silent = {name: state for name, state in states.items() if not state.is_live}
    for name, state in silent.items():
        complain(_said(name, state))
    if not silent:
        return ExitCode.WELL
    unseen = [name for name, state in silent.items() if state.as_of is None]
    return ExitCode.ERROR if len(unseen) == len(states) else ExitCode.DEGRADED


def _report_changes(before: Mapping[str, SourceState], after: Mapping[str, SourceState]) -> None:
    for name, state in after.items():
        was = before.get(name)
        if was is None or was.health is not state.health:
            complain(_said(name, state))


def _said(stamp: str, state: SourceState) -> str:
    if state.health is Health.LIVE:
        return f"{stamp}: LIVE"
    todo = f" — {state.todo}" if state.todo else ""
    return f"{stamp}: {state.health.value}: {state.reason or 'no answer yet'}{todo}"
