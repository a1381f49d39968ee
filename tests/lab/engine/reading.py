"""Output of the engine as a sequence of message ids, one for each stream, to be compared with the real one's.

`data/messages.json` has the regular expression of each id, `data/sequences.json` what the real engine printed: per
scenario its exit code and the messages of stdout (`O`) and stderr (`E`) with the names in them. Lines that are no
messages are kept by their form: an error, a row of a table, a panic; usage, stack traces and the bodies of ARM's
errors are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
_COLOURED = re.compile(r"\x1b\[\d+m(?:INFO|WARN|ERRO|DEBU)\x1b\[0m\[\d{4,}\] (?P<msg>.*)")
_LOGFMT = re.compile(r'time="[^"]+" level=\w+ msg=(?P<msg>"(?:[^"\\]|\\.)*"|\S+)(?: \w+=\S+)*')
_FIELDS = re.compile(r"( +\x1b\[\d+m\w+\x1b\[0m=\S+)+ *$")

_DRAINING = frozenset({"cordoned", "drain_count"})
_DELETING = frozenset({"vm_delete", "nic_delete", "disk_delete"})


@dataclass(frozen=True, slots=True)
class Said:
    """One message: its id and what it names."""

    id: str
    names: dict[str, str] = field(default_factory=dict)


def messages() -> list[tuple[str, re.Pattern[str]]]:
    """Return ids and their expressions in the order they are tried."""
    found: dict[str, str] = json.loads((_DATA / "messages.json").read_text())
    return [(name, re.compile(text)) for name, text in found.items()]


def recorded(scenario: str) -> dict[str, Any]:
    """Return what is known of a real run: `arguments`, `exit`, `O` and `E`."""
    found: dict[str, Any] = json.loads((_DATA / "sequences.json").read_text())[scenario]
    return {**found, **{each: [Said(name, names) for name, names in found[each]] for each in "OE"}}


def read(text: str) -> list[Said]:
    """Return the messages of one stream of one run."""
    return list(_read(text.splitlines()))


def _read(lines: Iterable[str]) -> Iterator[Said]:
    known = messages()
    in_usage = False
    for line in lines:
        if line == "Usage:":
            in_usage = True
        elif in_usage:
            in_usage = not line.lstrip().startswith("--debug ")
        elif line.startswith("Error: "):
            yield Said("ERROR", {"text": line.removeprefix("Error: ")})
        elif line.startswith("panic: "):
            yield Said("PANIC", {"text": line.removeprefix("panic: ")})
        elif re.match(r"NODE +STATUS +VERSION|k8s-\S+ +(?:Not)?Ready +v", line):
            yield Said("TABLE")
        elif (message := message_of(line)) is not None:
            yield _recognised(message, known)


def message_of(line: str) -> str | None:
    """Return the message of a line of either log, None for any other line."""
    if found := _COLOURED.fullmatch(line):
        return _FIELDS.sub("", found["msg"]).rstrip(" ")
    if found := _LOGFMT.fullmatch(line):
        text = found["msg"]
        return str(json.loads(text)).rstrip("\n") if text.startswith('"') else text
    return None


def _recognised(message: str, known: list[tuple[str, re.Pattern[str]]]) -> Said:
    for name, expression in known:
        if found := expression.match(message):
            return Said(name, {key: value for key, value in found.groupdict().items() if value})
    return Said("UNKNOWN", {"text": message})


def comparable(said: Iterable[Said]) -> list[str]:
    """Return the ids without what differs from run to run by chance or by size.

    Heartbeats in a row are one; a node's is the same whether its API refuses or it is not ready yet. Pods evicted are
    left out, and a node without any is one with some. A master's later copies of "is ready" are left out, and so is a
    cordon that met another write to the node.
    """
    ids: list[str] = []
    ready: set[str] = set()
    for each in said:
        name = {
            "master_status_error": "master_wait", "agent_status_error": "agent_wait", "drain_none": "drain_count",
        }.get(each.id, each.id)  # fmt: skip
        if name in ("pod_evicted", "drain_pending_pod", "known_hosts_missing"):
            continue
        if name == "UNKNOWN" and "Will retry to cordon" in each.names["text"]:
            continue
        if name == "master_ready":
            if each.names["node"] in ready:
                continue
            ready.add(each.names["node"])
        if name in ("master_wait", "agent_wait", "TABLE", "transform_noise") and ids[-1:] == [name]:
            continue
        ids.append(name)
    return _in_order(_in_order(ids, _DRAINING), _DELETING)


def _in_order(ids: list[str], of: frozenset[str]) -> list[str]:
    """Sort stretches of what several nodes do at once: a drain, or a deletion, of each."""
    found: list[str] = []
    stretch: list[str] = []
    for each in ids:
        if each in of:
            stretch.append(each)
            continue
        found += [*sorted(stretch), each]
        stretch = []
    return [*found, *sorted(stretch)]
