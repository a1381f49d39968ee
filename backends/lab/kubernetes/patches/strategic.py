"""Strategic merge patch: lists merge by the keys their types name, directives begin with a dollar.

Rules as in k8s.io/apimachinery/pkg/util/strategicpatch.
"""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.patches.shapes import Shape
from backends.lab.kubernetes.statuses import bad_request

_ORDER, _DROP = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge(target: Any, patch: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Return the target with the patch applied; 400 for a directive that is not known."""
    directive = patch.get("$patch")
    if directive == "replace":
        return _bare(patch)
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"unknown patch type: {directive}")
    merged = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith(_DROP):
            field = key.removeprefix(_DROP)
            merged[field] = [each for each in merged.get(field) or () if each not in value]
        elif not key.startswith("$"):
            _merge_field(merged, key, value, shape.child(key))
    for key, order in patch.items():
        field = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and isinstance(merged.get(field), list):
            merged[field] = _ordered(merged[field], order, shape.child(field).merge_key)
    return merged


def _merge_field(merged: dict[str, Any], key: str, value: Any, shape: Shape) -> None:
    if value is None:
        merged.pop(key, None)
    elif isinstance(value, dict):
        if value.get("$patch") == "delete":
            merged.pop(key, None)
        else:
            merged[key] = strategic_merge(merged.get(key), value, shape)
    elif isinstance(value, list):
        merged[key] = _merge_list(merged.get(key) or [], value, shape)
    else:
        merged[key] = value


def _merge_list(target: list[Any], patch: list[Any], shape: Shape) -> list[Any]:
    if any(isinstance(each, dict) and each.get("$patch") == "replace" and len(each) == 1 for each in patch):
        return [_bare(each) for each in patch if each != {"$patch": "replace"}]
    if shape.merges_scalars:
        return [*target, *(each for each in patch if each not in target)]
    key = shape.merge_key
    if not key:
        return [_bare(each) if isinstance(each, dict) else each for each in patch]
    found = list(target)
    for each in patch:
        if key not in each:
            raise bad_request(f"map: {each} does not contain declared merge key: {key}")
        at = next((index for index, held in enumerate(found) if held.get(key) == each[key]), None)
        if each.get("$patch") == "delete":
            found = [held for held in found if held.get(key) != each[key]]
        elif at is None:
            found.append(strategic_merge({}, each, shape.element))
        else:
            found[at] = strategic_merge(found[at], each, shape.element)
    return _interleaved(found, [each[key] for each in patch], [each.get(key) for each in target], key)


def _interleaved(items: list[Any], patched: list[Any], before: list[Any], key: str) -> list[Any]:
    """Order merged elements as the server does: patched ones in the patch's order, new ones as early as they fit."""
    ours = [each for name in patched for each in items if each.get(key) == name]
    theirs = [each for each in items if each.get(key) not in patched]
    result: list[Any] = []
    while ours and theirs:
        one, other = theirs[0].get(key), ours[0].get(key)
        first = one in before and other in before and before.index(one) < before.index(other)
        result.append((theirs if first else ours).pop(0))
    return [*result, *ours, *theirs]


def _ordered(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """Put the named ones in the given order; others keep their place after the one they followed."""
    names = [each[key] for each in order] if key else list(order)

    def name_of(item: Any) -> Any:
        return item.get(key) if key else item

    listed = {name: item for item in items if (name := name_of(item)) in names}
    result = [listed[name] for name in names if name in listed]
    for index, item in enumerate(items):
        if name_of(item) in names:
            continue
        before = next((held for held in reversed(items[:index]) if held in result), None)
        result.insert(result.index(before) + 1 if before is not None else 0, item)
    return result


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    """Return a patch as a value: without directives, at any depth."""
    found: dict[str, Any] = {}
    for key, each in value.items():
        if key.startswith("$") or each is None:
            continue
        if isinstance(each, dict):
            found[key] = _bare(each)
        elif isinstance(each, list):
            found[key] = [_bare(item) if isinstance(item, dict) else item for item in each]
        else:
            found[key] = each
    return found
