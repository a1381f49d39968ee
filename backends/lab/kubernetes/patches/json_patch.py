"""JSON patch (RFC 6902)."""

from __future__ import annotations

import copy
from typing import Any

from backends.lab.kubernetes.statuses import ApiError, bad_request


def _refused() -> ApiError:
    # What the server answers to any operation that cannot be carried out: it does not say which.
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def apply_json_patch(target: Any, operations: Any) -> Any:
    """Return a copy with the operations applied in order; 422 when one cannot be."""
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    result = copy.deepcopy(target)
    for operation in operations:
        try:
            result = _apply(result, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            raise _refused() from None
    return result


def _apply(target: Any, operation: dict[str, Any]) -> Any:
    name, path = operation["op"], _tokens(operation["path"])
    match name:
        case "add":
            return _put(target, path, copy.deepcopy(operation["value"]), insert=True)
        case "remove":
            _take(target, path)
            return target
        case "replace":
            _find(target, path)
            return _put(target, path, copy.deepcopy(operation["value"]), insert=False)
        case "move":
            value = _take(target, _tokens(operation["from"]))
            return _put(target, path, value, insert=True)
        case "copy":
            value = copy.deepcopy(_find(target, _tokens(operation["from"])))
            return _put(target, path, value, insert=True)
        case "test":
            try:
                found = _find(target, path)
            except (KeyError, IndexError):
                found = None
            if found != operation.get("value"):
                raise ValueError(path)
            return target
    raise ValueError(name)


def _tokens(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(path)
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _index(token: str, length: int) -> int:
    if token != "0" and (not token.isdigit() or token.startswith("0")):
        raise ValueError(token)
    index = int(token)
    if index >= length:
        raise IndexError(index)
    return index


def _find(target: Any, path: list[str]) -> Any:
    for token in path:
        target = target[_index(token, len(target))] if isinstance(target, list) else target[token]
    return target


def _put(target: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, last = _find(target, path[:-1]), path[-1]
    if isinstance(parent, list):
        if insert:
            parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
        else:
            parent[_index(last, len(parent))] = value
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise TypeError(last)
    return target


def _take(target: Any, path: list[str]) -> Any:
    parent, last = _find(target, path[:-1]), path[-1]
    return parent.pop(_index(last, len(parent))) if isinstance(parent, list) else parent.pop(last)
