"""Sets of fields as managedFields writes them (FieldsV1): trees of `f:name`, `k:{...}`, `v:...` and `.`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from backends.lab.kubernetes.patches.shapes import Shape

FieldTree = dict[str, Any]
"""A FieldsV1 value: an empty tree is a leaf, that is: the field as a whole."""

_UNOWNED_METADATA = frozenset(
    (
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "managedFields", "selfLink",
    )
)  # fmt: skip


def owned_fields(obj: dict[str, Any], shape: Shape, *, wholes: bool = False) -> FieldTree:
    """Return every field an object sets, as one who applies it owns it.

    With `wholes` the structures that could be left out count too (as `.`), as for one who creates them.
    """
    return _tree(_ownable(obj), shape, wholes=wholes)


def changed_fields(before: dict[str, Any], after: dict[str, Any], shape: Shape) -> FieldTree:
    """Return the fields that are new or have another value in `after`."""
    return _changes(_ownable(before), _ownable(after), shape)


def _ownable(obj: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _UNOWNED_METADATA}
    return {"metadata": meta, **kept} if meta else kept


def element_key(item: Any, shape: Shape) -> str | None:
    """Return the `k:{...}` or `v:...` of a list's element, None when the list is one piece."""
    keys = shape.list_keys
    if keys and isinstance(item, dict):
        found = {key: item[key] for key in sorted(keys) if key in item}
        if "protocol" in keys:
            found.setdefault("protocol", "TCP")
        return "k:" + json.dumps(found, separators=(",", ":"), sort_keys=True) if found else None
    if shape.is_set:
        return "v:" + json.dumps(item, separators=(",", ":"))
    return None


def _children(value: Any, shape: Shape) -> list[tuple[str, Any, Shape]] | None:
    """Return the owned parts of a value, None when it is a leaf."""
    if isinstance(value, dict) and value and not shape.is_atomic:
        return [(f"f:{key}", each, shape.child(key)) for key, each in value.items()]
    if isinstance(value, list) and value:
        keyed = [(element_key(item, shape), item, shape.element) for item in value]
        if all(key is not None for key, _, _ in keyed):
            return [(key, item, inner) for key, item, inner in keyed if key is not None]
    return None


def _tree(value: Any, shape: Shape, *, wholes: bool) -> FieldTree:
    children = _children(value, shape)
    if children is None:
        return {}
    tree: FieldTree = {}
    if wholes and shape.can_be_left_out:
        tree["."] = {}
    for key, each, inner in children:
        below = _tree(each, inner, wholes=wholes)
        tree[key] = {".": {}, **below} if key.startswith("k:") else below
    return tree


def _changes(before: Any, after: Any, shape: Shape) -> FieldTree:
    new, old = _children(after, shape), _children(before, shape)
    if new is None:
        return {}
    held = {key: value for key, value, _ in old or ()}
    tree: FieldTree = {}
    for key, value, inner in new:
        if key not in held:
            below = _tree(value, inner, wholes=True)
            tree[key] = {".": {}, **below} if key.startswith("k:") else below
        elif value != held[key]:
            below = _changes(held[key], value, inner)
            if below or _children(value, inner) is None:
                tree[key] = below
    return tree


# algebra


def union(one: FieldTree, other: FieldTree) -> FieldTree:
    """Return the fields in either."""
    merged = dict(one)
    for key, below in other.items():
        merged[key] = union(merged[key], below) if key in merged else below
    return merged


def difference(one: FieldTree, other: FieldTree) -> FieldTree:
    """Return the fields of one that are not in the other; a leaf in both is gone, and so is an emptied branch."""
    left: FieldTree = {}
    for key, below in one.items():
        if key not in other:
            left[key] = below
        elif below:
            rest = difference(below, other[key])
            if rest:
                left[key] = rest
    return left


def common(one: FieldTree, other: FieldTree) -> FieldTree:
    """Return the fields in both: the leaves of each that the other has too."""
    found: FieldTree = {}
    for key, below in one.items():
        if key not in other:
            continue
        inner = common(below, other[key])
        if inner or not below or not other[key]:
            found[key] = inner
    return found


def tidied(tree: FieldTree) -> FieldTree:
    """Return the tree as it is written: a structure without members is a leaf, but an element of a list is not."""
    found: FieldTree = {}
    for key, below in tree.items():
        inner = tidied(below)
        found[key] = {} if set(inner) == {"."} else inner
    return found


def leaves(tree: FieldTree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every leaf."""
    for key, below in tree.items():
        if key == ".":
            continue
        if below and set(below) != {"."}:
            yield from leaves(below, (*path, key))
        else:
            yield (*path, key)


def readable(path: tuple[str, ...]) -> str:
    """Return a path as conflict messages write it: `.spec.template.spec.containers[name="web"].image`."""
    text = ""
    for part in path:
        if part.startswith("f:"):
            text += f".{part[2:]}"
        elif part.startswith("k:"):
            keys = json.loads(part[2:])
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in keys.items()) + "]"
        else:
            text += f"[={part[2:]}]"
    return text


def value_at(obj: Any, path: tuple[str, ...], shape: Shape) -> Any:
    """Return what an object has at a path; MISSING when there is nothing."""
    at, inner = obj, shape
    for part in path:
        for key, value, below in _children(at, inner) or ():
            if key == part:
                at, inner = value, below
                break
        else:
            return MISSING
    return at


MISSING = object()
"""No value at a path."""
