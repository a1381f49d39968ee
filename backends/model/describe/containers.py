"""The containers of a pod: how each is, what it asks for, and what it is given."""

from __future__ import annotations

from typing import Any

from backends.model.detail import ContainerDetail, Pair
from backends.model.diagnosis import Object
from backends.model.fields import amount, items, mapping, text, time_at
from backends.model.rules.pods import exit_words
from backends.model.secrecy import shown_arguments, shown_value
from backends.model.tone import Tone

_KINDS = (
    ("init", "initContainers", "initContainerStatuses"),
    ("app", "containers", "containerStatuses"),
    ("ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"),
)


def containers_of(pod: Object) -> tuple[ContainerDetail, ...]:
    """Return a pod's containers: init, app, then ephemeral ones."""
    found = []
    for kind, specs, statuses in _KINDS:
        by_name = {text(each, "name"): each for each in items(pod, "status", statuses)}
        found += [
            _container(kind, each, by_name.get(text(each, "name"), {}), pod) for each in items(pod, "spec", specs)
        ]
    return tuple(found)


def template_containers(obj: Object) -> tuple[ContainerDetail, ...]:
    """Return the containers a workload's pod template describes; they have no state of their own."""
    template = mapping(obj, "spec", "template") or mapping(obj, "spec", "jobTemplate", "spec", "template")
    return tuple(
        _container(kind, each, None, template)
        for kind, specs, _ in _KINDS[:2]
        for each in items(template, "spec", specs)
    )


def _container(kind: str, spec: Object, status: Object | None, pod: Object) -> ContainerDetail:
    state, tone = ("", None) if status is None else _state(status, kind)
    return ContainerDetail(
        name=text(spec, "name"),
        kind=kind,
        image=text(spec, "image"),
        state=state,
        ready=bool(status and status.get("ready")),
        restarts=amount(status, "restartCount"),
        tone=tone,
        started_at=time_at(status, "state", "running", "startedAt"),
        pairs=_pairs(spec, status or {}),
        environment=_environment(spec),
    )


def _state(status: Object, kind: str) -> tuple[str, Tone | None]:
    waiting, ended = mapping(status, "state", "waiting"), mapping(status, "state", "terminated")
    if waiting:
        reason = text(waiting, "reason")
        calm = reason in ("ContainerCreating", "PodInitializing", "")
        return f"Waiting: {reason}" if reason else "Waiting", "warn" if calm else "bad"
    if ended:
        if amount(ended, "exitCode") == 0:
            return "Terminated: Completed", "dim"
        return f"Terminated: {exit_words(ended)}", "bad"
    if "running" in mapping(status, "state"):
        ready = bool(status.get("ready")) or kind != "app"
        return ("Running" if ready else "Running, not ready"), ("good" if ready else "warn")
    return "Waiting", "warn"


def _pairs(spec: Object, status: Object) -> tuple[Pair, ...]:
    last = mapping(status, "lastState", "terminated")
    values = (
        ("Image ID", text(status, "imageID")),
        ("Last state", f"{exit_words(last)}, at {text(last, 'finishedAt')}" if last else ""),
        ("Ports", ", ".join(_port(each) for each in items(spec, "ports"))),
        ("Command", _arguments(spec.get("command"))),
        ("Arguments", _arguments(spec.get("args"))),
        ("Requests", _amounts(mapping(spec, "resources", "requests"))),
        ("Limits", _amounts(mapping(spec, "resources", "limits"))),
        ("Liveness", _probe(mapping(spec, "livenessProbe"))),
        ("Readiness", _probe(mapping(spec, "readinessProbe"))),
        ("Startup", _probe(mapping(spec, "startupProbe"))),
        ("Mounts", ", ".join(_mount(each) for each in items(spec, "volumeMounts"))),
    )
    return tuple(Pair(label, value) for label, value in values if value)


def _port(port: Object) -> str:
    name = f"{text(port, 'name')} " if port.get("name") else ""
    return f"{name}{text(port, 'containerPort')}/{text(port, 'protocol') or 'TCP'}"


def _arguments(value: Any) -> str:
    return " ".join(shown_arguments(value)) if isinstance(value, list) else ""


def _amounts(values: Object) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items()))


def _mount(mount: Object) -> str:
    access = "ro" if mount.get("readOnly") else "rw"
    return f"{text(mount, 'mountPath')} from {text(mount, 'name')} ({access})"


def _probe(probe: Object) -> str:
    if not probe:
        return ""
    http, tcp, command = mapping(probe, "httpGet"), mapping(probe, "tcpSocket"), mapping(probe, "exec")
    if http:
        scheme = (text(http, "scheme") or "HTTP").lower()
        what = f"{scheme}-get :{text(http, 'port')}{text(http, 'path')}"
    elif tcp:
        what = f"tcp :{text(tcp, 'port')}"
    elif command:
        what = f"exec {_arguments(command.get('command'))}"
    else:
        what = "grpc" if "grpc" in probe else "unknown"
    return (
        f"{what} every {amount(probe, 'periodSeconds', default=10)}s, timeout "
        f"{amount(probe, 'timeoutSeconds', default=1)}s, "
        f"{amount(probe, 'failureThreshold', default=3)} failures allowed"
    )


def _environment(spec: Object) -> tuple[Pair, ...]:
    found = [Pair(text(each, "name"), _variable(each)) for each in items(spec, "env")]
    for each in items(spec, "envFrom"):
        for kind, words in (("secretRef", "secret"), ("configMapRef", "config map")):
            name = text(each, kind, "name")
            if name:
                found.append(Pair(f"{text(each, 'prefix')}*", f"all keys of {words} {name}"))
    return tuple(found)


def _variable(variable: Object) -> str:
    source = mapping(variable, "valueFrom")
    for kind, words in (("secretKeyRef", "secret"), ("configMapKeyRef", "config map")):
        reference = mapping(source, kind)
        if reference:
            return f"from {words} {text(reference, 'name')}, key {text(reference, 'key')}"
    if mapping(source, "fieldRef"):
        return f"from field {text(source, 'fieldRef', 'fieldPath')}"
    if mapping(source, "resourceFieldRef"):
        return f"from resource {text(source, 'resourceFieldRef', 'resource')}"
    return shown_value(text(variable, "name"), str(variable.get("value") or ""))
