"""One object as an operator reads it: what it is, what it says of itself, what belongs to it, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.model.diagnosis import Finding
from backends.model.tone import Tone


@dataclass(frozen=True, slots=True)
class Pair:
    """One labelled value of a summary or section."""

    label: str
    value: str
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a description particular to a kind: labelled values, then lines of text as they are."""

    title: str
    pairs: tuple[Pair, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerDetail:
    """One container of a pod; `kind` is `init`, `app` or `ephemeral`."""

    name: str
    kind: str
    image: str
    state: str
    """`Running`, `Waiting: CrashLoopBackOff`, `Terminated: Error (exit code 1)`."""
    ready: bool
    restarts: int
    tone: Tone | None = None
    started_at: float = 0.0
    pairs: tuple[Pair, ...] = ()
    """Ports, last state, requests, limits, probes, mounts."""
    environment: tuple[Pair, ...] = ()
    """Values that look secret are masked."""


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """One of the conditions in an object's status."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed_at: float = 0.0
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event about the object, newest last."""

    at: float
    type: str
    reason: str
    message: str
    source: str = ""
    count: int = 1
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """An owner or a child: enough to draw it and to open it."""

    kind: str
    """The kind as in an object, `ReplicaSet`."""
    resource: str
    """A name the API knows it by, `replicasets.apps`."""
    name: str
    namespace: str = ""
    state: str = ""
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """The description of one object at `as_of`; `gaps` says in words what could not be read."""

    stamp: str
    kind: str
    """The kind as in the object, `Deployment`."""
    name: str
    namespace: str
    title: str
    """`Deployment default/ratings-web on orlando`."""
    as_of: float
    summary: tuple[Pair, ...] = ()
    findings: tuple[Finding, ...] = ()
    containers: tuple[ContainerDetail, ...] = ()
    conditions: tuple[ConditionLine, ...] = ()
    sections: tuple[Section, ...] = ()
    owners: tuple[Related, ...] = ()
    children: tuple[Related, ...] = ()
    events: tuple[EventLine, ...] = ()
    labels: tuple[Pair, ...] = ()
    annotations: tuple[Pair, ...] = ()
    gaps: tuple[str, ...] = field(default=())
