"""YAML read with the place of every key and value, so that an error can point at its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from console.configuration.problems import Problem

Path: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Located:
    """A decoded document with the (line, column) of its values and keys, both counted from 1."""

    value: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path, of_key: bool = False) -> tuple[int, int]:
        """Return where a path is, or the nearest thing around it that is in the file."""
        for end in range(len(path), -1, -1):
            found = (self.keys if of_key else self.values).get(path[:end]) or self.values.get(path[:end])
            if found:
                return found
        return (1, 1)


def read_located(text: str) -> Located:
    """Decode one YAML document; syntax errors, duplicate keys and odd keys become problems, never exceptions."""
    located = Located()
    # The pure-Python loader: only its composer keeps exact marks and names the expected token.
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            located.value = _construct(loader, node, (), located, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        told = ": ".join(filter(None, (error.context, error.problem))) or "unreadable"
        located.problems.append(Problem(*place, "", f"not valid YAML: {told}"))
    except yaml.YAMLError as error:
        located.problems.append(Problem(1, 1, "", f"not valid YAML: {str(error).splitlines()[0]}"))
    finally:
        loader.dispose()
    return located


def _construct(
    loader: yaml.SafeLoader, node: yaml.Node, path: Path, located: Located, above: tuple[yaml.Node, ...]
) -> Any:
    place = (node.start_mark.line + 1, node.start_mark.column + 1)
    # The first place wins: what comes through an alias is reported where it is used, not where it is anchored.
    located.values.setdefault(path, place)
    if node in above:
        located.problems.append(Problem(*place, dotted(path), "an alias that contains itself"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, located, (*above, node))
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, each, (*path, i), located, (*above, node)) for i, each in enumerate(node.value)]
    return loader.construct_object(node)


def _mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path, located: Located, above: tuple[yaml.Node, ...]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key_node.tag == "tag:yaml.org,2002:merge":
            for source in _merge_sources(value_node):
                found = _construct(loader, source, path, located, above)
                merged = {**found, **merged} if isinstance(found, dict) else merged
            continue
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None:
            located.problems.append(Problem(*place, dotted(path), "a key has to be a plain word"))
            continue
        inner = (*path, key)
        if key in result:
            first = located.keys[inner][0]
            located.problems.append(Problem(*place, dotted(inner), f"the same key again: it is on line {first} too"))
            continue
        located.keys[inner] = place
        located.values.pop(inner, None)
        result[key] = _construct(loader, value_node, inner, located, above)
    return {**merged, **result}


def _merge_sources(node: yaml.Node) -> Iterator[yaml.Node]:
    yield from reversed(node.value) if isinstance(node, yaml.SequenceNode) else (node,)


def dotted(path: Path) -> str:
    """Return `stamps[0].cluster.context`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
