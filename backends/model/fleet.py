"""The fleet as one value: every stamp's numbers with their age, the verdict on the service, and the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from backends.model.health import OFF, SourceState
from backends.model.stamp import Protection


class PodCounts(msgspec.Struct, frozen=True):
    """Pods of a stamp by what kubectl's STATUS column says of them."""

    total: int = 0
    running: int = 0
    """Running with every container ready."""
    not_ready: int = 0
    """Running, but at least one container is not ready."""
    pending: int = 0
    """Pending, ContainerCreating, Init:…"""
    failing: int = 0
    """CrashLoopBackOff, Error, ImagePullBackOff, Evicted, Failed and their like."""
    finished: int = 0
    """Completed or Succeeded."""
    terminating: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Use of a stamp's schedulable, ready nodes: CPU in millicores, memory in bytes (metrics.k8s.io)."""

    cpu_used_millicores: int
    cpu_allocatable_millicores: int
    memory_used_bytes: int
    memory_allocatable_bytes: int
    as_of: float


class ProbeSample(msgspec.Struct, frozen=True):
    """One direct question to a stamp's application; `latency_s` is None when no answer came in time."""

    at: float
    ok: bool
    latency_s: float | None
    status: int | None = None
    reason: str = ""
    served_by: str = ""
    """The stamp that says it answered (X-Stamp header), empty when it does not say."""


class StampSnapshot(msgspec.Struct, frozen=True):
    """One stamp at one moment; numbers are None until their source answered once, then keep the last answer."""

    name: str
    protection: Protection = Protection.CONFIRM
    location: str = ""
    api: SourceState = OFF
    """The worst of the API's own reachability and its watches."""
    sources: Mapping[str, SourceState] = msgspec.field(default_factory=dict)
    """Every source by name: `version`, `nodes`, `pods`, `deployments.apps`, `events`, `metrics`, `application`, …"""
    kubernetes_version: str = ""
    nodes_ready: int | None = None
    nodes_total: int | None = None
    nodes_cordoned: int = 0
    pods: PodCounts | None = None
    pods_counted_at: float | None = None
    """When the pods that run, and with them restarts, were counted; None while all pods are watched."""
    restarts_15m: int | None = None
    warnings_15m: int | None = None
    usage: Usage | None = None
    workloads_ready: int | None = None
    workloads_total: int | None = None
    application: SourceState = OFF
    probes: tuple[ProbeSample, ...] = ()
    """The newest samples, oldest first, at most 120."""
    requests_per_minute: int = 0
    """What we asked of this API in the last minute: the budget meter."""
    throttled_15m: int = 0

    @property
    def serves(self) -> bool | None:
        """Whether the application answers on this stamp; None when it is not asked or has not been yet."""
        return self.probes[-1].ok if self.probes else None


class VerdictLevel(StrEnum):
    """How the service as a whole is doing, apart from any one cluster."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True):
    """One line about the service: `the service is up on 1 of 2 stamps` and why it is not on the others."""

    level: VerdictLevel
    text: str
    up: int = 0
    total: int = 0


class FleetSnapshot(msgspec.Struct, frozen=True):
    """All stamps in configured order, with the verdict, at `at` (seconds since the Unix epoch)."""

    at: float
    stamps: tuple[StampSnapshot, ...]
    verdict: Verdict

    def stamp(self, name: str) -> StampSnapshot:
        """Return one stamp by name; KeyError when there is none."""
        for snapshot in self.stamps:
            if snapshot.name == name:
                return snapshot
        raise KeyError(name)


class Severity(StrEnum):
    """How loudly a timeline entry speaks."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class TimelineEntry(msgspec.Struct, frozen=True):
    """Something that changed on a stamp: when, where, which object, and in words."""

    at: float
    stamp: str
    severity: Severity
    subject: str
    """`node/k8s-linuxpool-35064155-0`, `api`, `application`, `deployment/default/ratings-web`."""
    text: str
    count: int = 1
