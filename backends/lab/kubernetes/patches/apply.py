"""Server-side apply: merge what a manager wants, refuse what others own, drop what it no longer wants.

Rules as in the "Server-Side Apply" page of the Kubernetes documentation.
"""

from __future__ import annotations

import copy
from typing import Any

from backends.lab.kubernetes import managed_fields
from backends.lab.kubernetes.field_sets import (
    MISSING,
    FieldTree,
    common,
    difference,
    element_key,
    leaves,
    owned_fields,
    readable,
    union,
    value_at,
)
from backends.lab.kubernetes.managed_fields import Writer
from backends.lab.kubernetes.patches.shapes import Shape
from backends.lab.kubernetes.statuses import apply_conflict
from backends.lab.objects import Object


def apply(live: Object | None, wanted: Object, writer: Writer, shape: Shape, *, force: bool) -> Object:
    """Return the live object with the wanted configuration applied; 409 names each field others own."""
    intent = owned_fields(wanted, shape)
    contested = _contested(live, wanted, intent, writer, shape)
    if contested and not force:
        raise _conflict(contested)
    taken: FieldTree = {}
    for _, fields in contested:
        taken = union(taken, fields)
    merged: Object = _merge(copy.deepcopy(live or {}), wanted, shape)
    abandoned = difference(managed_fields.applied_before(live, writer), intent)
    for entry in managed_fields.others(live, writer):
        abandoned = difference(abandoned, entry.get("fieldsV1") or {})
    _remove(merged, abandoned, shape)
    managed_fields.record_apply(live, merged, writer, intent, taken)
    return merged


def _contested(
    live: Object | None, wanted: Object, intent: FieldTree, writer: Writer, shape: Shape
) -> list[tuple[dict[str, Any], FieldTree]]:
    """Return, by owner, the fields that someone else owns with another value."""
    found = []
    for entry in managed_fields.others(live, writer):
        fields: FieldTree = {}
        for path in leaves(common(entry.get("fieldsV1") or {}, intent)):
            theirs, ours = value_at(live, path, shape), value_at(wanted, path, shape)
            if theirs is not MISSING and ours is not MISSING and theirs != ours and not _is_branch(ours, theirs):
                fields = union(fields, _branch(path))
        if fields:
            found.append((entry, fields))
    return found


def _is_branch(ours: Any, theirs: Any) -> bool:
    """Whether both are structures that merge, so that only what is inside them can be contested."""
    return isinstance(ours, dict) and isinstance(theirs, dict) and bool(ours) and bool(theirs)


def _branch(path: tuple[str, ...]) -> FieldTree:
    tree: FieldTree = {}
    for part in reversed(path):
        tree = {part: tree}
    return tree


def _conflict(contested: list[tuple[dict[str, Any], FieldTree]]) -> Exception:
    causes: list[dict[str, Any]] = []
    for entry, fields in contested:
        who = f'conflict with "{entry["manager"]}"'
        if entry.get("subresource"):
            who += f' with subresource "{entry["subresource"]}"'
        if entry.get("operation") == "Update":
            who += f" using {entry.get('apiVersion', '')}"
        causes += [
            {"reason": "FieldManagerConflict", "message": who, "field": readable(path)} for path in leaves(fields)
        ]
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines: list[str] = []
        for cause in causes:
            title = f"{cause['message']}:"
            if title not in lines:
                lines.append(title)
            lines.append(f"- {cause['field']}")
        text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return apply_conflict(text, causes)


def _merge(live: Any, wanted: Any, shape: Shape) -> Any:
    if isinstance(wanted, dict) and isinstance(live, dict) and not shape.is_atomic:
        merged = dict(live)
        for key, value in wanted.items():
            merged[key] = _merge(live.get(key), value, shape.child(key))
        return merged
    if isinstance(wanted, list) and isinstance(live, list) and (shape.list_keys or shape.is_set):
        held = {element_key(item, shape): item for item in live}
        named = [element_key(item, shape) for item in wanted]
        mine = [
            _merge(held[key], item, shape.element) if key in held else item
            for key, item in zip(named, wanted, strict=True)
        ]
        return [*mine, *(item for key, item in held.items() if key not in named)]
    return wanted


def _remove(value: Any, abandoned: FieldTree, shape: Shape) -> None:
    """Take the abandoned fields out of a private copy."""
    for key, below in abandoned.items():
        if key == ".":
            continue
        if key.startswith("f:") and isinstance(value, dict):
            _remove_field(value, key[2:], below, shape.child(key[2:]))


def _remove_field(holder: dict[str, Any], name: str, below: FieldTree, shape: Shape) -> None:
    if name not in holder:
        return
    if not below:
        del holder[name]
        return
    if not isinstance(holder[name], list):
        _remove(holder[name], below, shape)
        if holder[name] == {}:
            del holder[name]
        return
    kept = []
    for item in holder[name]:
        inner = below.get(element_key(item, shape) or "", MISSING)
        if inner is MISSING:
            kept.append(item)
        elif inner and "." not in inner:
            _remove(item, inner, shape.element)
            kept.append(item)
    if kept:
        holder[name] = kept
    else:
        del holder[name]
