"""Parts of a description that belong to some kinds only, and the fallback for all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backends.model.detail import Pair, Section
from backends.model.diagnosis import Facts, Object
from backends.model.fields import items, mapping, text
from backends.model.quantity import cpu_millicores, format_cpu, format_memory, memory_bytes
from backends.model.secrecy import shown_value, without_secrets

_DEPTH = 5
_LINES = 200


def sections_of(facts: Facts, known: bool) -> tuple[Section, ...]:
    """Return what a kind has beside its summary; of an unknown kind, its spec and status as indented lines."""
    kind = text(facts.obj, "kind")
    if kind == "Node":
        return (node_room(facts.obj, facts.pods),)
    if kind == "Service" and facts.endpoints is not None:
        return (endpoints_section(facts.endpoints),)
    if kind == "Secret":
        data = mapping(without_secrets(facts.obj), "data")
        return (Section("Data", tuple(Pair(key, str(value)) for key, value in sorted(data.items()))),)
    if kind == "ConfigMap":
        return config_sections(facts.obj)
    if kind == "Ingress":
        return (Section("Rules", lines=tuple(_ingress_rules(facts.obj))),)
    return () if known else generic_sections(facts.obj)


def node_room(node: Object, pods: Sequence[Object]) -> Section:
    """Return what the pods on a node request, of what it offers."""
    running = [pod for pod in pods if text(pod, "status", "phase") not in ("Succeeded", "Failed")]
    cpu = memory = 0
    for pod in running:
        for container in items(pod, "spec", "containers"):
            requests = mapping(container, "resources", "requests")
            cpu += _quantity(cpu_millicores, requests.get("cpu"))
            memory += _quantity(memory_bytes, requests.get("memory"))
    offered = mapping(node, "status", "allocatable")
    room_cpu, room_memory = (
        _quantity(cpu_millicores, offered.get("cpu")),
        _quantity(memory_bytes, offered.get("memory")),
    )
    return Section(
        "Requested",
        (
            Pair("Pods", f"{len(running)} of {text(offered, 'pods') or '?'}"),
            Pair("CPU", _share(format_cpu(cpu), format_cpu(room_cpu), cpu, room_cpu)),
            Pair("Memory", _share(format_memory(memory), format_memory(room_memory), memory, room_memory)),
        ),
    )


def _quantity(read: Any, value: Any) -> int:
    try:
        return int(read(str(value))) if value is not None else 0
    except ValueError:
        return 0


def _share(used: str, offered: str, part: int, whole: int) -> str:
    return f"{used} of {offered} ({part * 100 // whole}%)" if whole else used


def endpoints_section(endpoints: Object) -> Section:
    """Return the addresses behind a Service, ready ones first."""
    lines = []
    for subset in items(endpoints, "subsets"):
        ports = ",".join(text(each, "port") for each in items(subset, "ports"))
        for key, words in (("addresses", "ready"), ("notReadyAddresses", "not ready")):
            for address in items(subset, key):
                target = text(address, "targetRef", "name")
                lines.append(f"{text(address, 'ip')}:{ports}  {words}{f'  pod {target}' if target else ''}")
    return Section("Endpoints", lines=tuple(lines) or ("<none>",))


def config_sections(obj: Object) -> tuple[Section, ...]:
    """Return the keys of a ConfigMap with their text; values that look secret are masked."""
    found = []
    for key, value in sorted(mapping(obj, "data").items()):
        found.append(Section(key, lines=tuple(shown_value(key, str(value)).splitlines()[:_LINES])))
    binary = mapping(obj, "binaryData")
    if binary:
        found.append(Section("Binary data", lines=tuple(sorted(binary))))
    return tuple(found)


def _ingress_rules(obj: Object) -> Iterator[str]:
    for rule in items(obj, "spec", "rules"):
        for path in items(rule, "http", "paths"):
            backend = mapping(path, "backend")
            name = text(backend, "service", "name") or text(backend, "serviceName")
            port = mapping(backend, "service", "port")
            number = text(port, "number") or text(port, "name") or text(backend, "servicePort")
            yield f"{text(rule, 'host') or '*'}{text(path, 'path') or '/'} to {name}:{number}"


def generic_sections(obj: Object) -> tuple[Section, ...]:
    """Return spec, status and whatever else an object of any kind has, as indented lines."""
    shown = without_secrets(obj)
    found = []
    for key, value in shown.items():
        if key in ("apiVersion", "kind", "metadata") or value in (None, {}, []):
            continue
        if key == "status" and isinstance(value, dict):
            value = {name: each for name, each in value.items() if name != "conditions"}
        lines = tuple(_indented(value, 0))[:_LINES]
        if lines:
            found.append(Section(key[:1].upper() + key[1:], lines=lines))
    return tuple(found)


def _indented(value: Any, depth: int) -> Iterator[str]:
    margin = "  " * depth
    if depth > _DEPTH:
        yield f"{margin}…"
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, dict | list) and each:
                yield f"{margin}{key}:"
                yield from _indented(each, depth + 1)
            else:
                yield f"{margin}{key}: {shown_value(str(key), _scalar(each))}"
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict | list) and each:
                yield f"{margin}-"
                yield from _indented(each, depth + 1)
            else:
                yield f"{margin}- {_scalar(each)}"
    else:
        yield from (f"{margin}{line}" for line in _scalar(value).splitlines())


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<none>" if value in (None, {}, []) else str(value)
