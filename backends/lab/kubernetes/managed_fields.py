"""metadata.managedFields: who set which field last, kept on every write of a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backends.lab.kubernetes.field_sets import (
    FieldTree,
    changed_fields,
    common,
    difference,
    owned_fields,
    tidied,
    union,
)
from backends.lab.kubernetes.patches.shapes import Shape
from backends.lab.objects import Object

_MOST_UPDATERS = 10  # older Update entries are merged by the real server; here the oldest are dropped


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the manager's name, in which API version, through which subresource, and when (RFC 3339)."""

    manager: str
    api_version: str
    subresource: str
    time: str


def record_update(before: Object | None, after: Object, writer: Writer, shape: Shape) -> None:
    """Write into `after` what an ordinary write changed and took over from other managers."""
    changed = changed_fields(before or {}, after, shape)
    everything = owned_fields(after, shape, wholes=True)
    entries: list[dict[str, Any]] = []
    own: dict[str, Any] | None = None
    for entry in _entries(before):
        fields = common(entry.get("fieldsV1") or {}, everything)
        if _is_writer(entry, writer, "Update"):
            own = {**entry, "fieldsV1": fields}
            continue
        fields = difference(fields, changed)
        if fields:
            entries.append({**entry, "fieldsV1": fields})
    if changed:
        held = own["fieldsV1"] if own else {}
        entries.append(_entry(writer, "Update", union(held, changed)))
    elif own and own["fieldsV1"]:
        entries.append(own)
    _store(after, entries)


def record_apply(before: Object | None, after: Object, writer: Writer, applied: FieldTree, forced: FieldTree) -> None:
    """Write into `after` that the writer now owns exactly what it applied, `forced` taken from others."""
    entries = []
    for entry in _entries(before):
        if _is_writer(entry, writer, "Apply"):
            continue
        fields = difference(entry.get("fieldsV1") or {}, forced) if forced else entry.get("fieldsV1") or {}
        if fields:
            entries.append({**entry, "fieldsV1": fields})
    entries.insert(0, _entry(writer, "Apply", applied))
    _store(after, entries)


def applied_before(obj: Object | None, writer: Writer) -> FieldTree:
    """Return what this manager applied the last time."""
    for entry in _entries(obj):
        if _is_writer(entry, writer, "Apply"):
            return dict(entry.get("fieldsV1") or {})
    return {}


def others(obj: Object | None, writer: Writer) -> list[dict[str, Any]]:
    """Return the entries of everyone else."""
    return [entry for entry in _entries(obj) if not _is_writer(entry, writer, "Apply")]


def _entries(obj: Object | None) -> list[dict[str, Any]]:
    return list((obj or {}).get("metadata", {}).get("managedFields") or ())


def _is_writer(entry: dict[str, Any], writer: Writer, operation: str) -> bool:
    return (
        entry.get("manager") == writer.manager
        and entry.get("operation") == operation
        and entry.get("subresource", "") == writer.subresource
        and (operation == "Apply" or entry.get("apiVersion") == writer.api_version)
    )


def _entry(writer: Writer, operation: str, fields: FieldTree) -> dict[str, Any]:
    entry = {
        "manager": writer.manager,
        "operation": operation,
        "apiVersion": writer.api_version,
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {**entry, "subresource": writer.subresource} if writer.subresource else entry


def _rank(entry: dict[str, Any]) -> tuple[str, ...]:
    """Order entries as the server lists them: applied ones first, then by time and name."""
    return entry["operation"], entry.get("time", ""), entry["manager"], entry["apiVersion"]


def _store(obj: Object, entries: list[dict[str, Any]]) -> None:
    kept = entries[-_MOST_UPDATERS:] if len(entries) > _MOST_UPDATERS else entries
    kept = sorted(({**entry, "fieldsV1": tidied(entry["fieldsV1"])} for entry in kept), key=_rank)
    if kept:
        obj["metadata"]["managedFields"] = kept
    else:
        obj["metadata"].pop("managedFields", None)
