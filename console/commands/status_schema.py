"""The types of the document `stampdeck status -o json` prints: they are its documented schema."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backends.model.fleet import VerdictLevel
from backends.model.health import Health

SCHEMA_NAME = "stampdeck.status/1"

Time = Annotated[str, Meta(description="RFC 3339, UTC, milliseconds.")]
Seconds = Annotated[float, Meta(description="Seconds.")]


class SourceStatus(msgspec.Struct, frozen=True):
    """How far what one source says can be trusted."""

    state: Annotated[Health, Meta(description="OFF means not configured, not served, or not needed.")]
    reason: Annotated[str, Meta(description="Why it is not LIVE, in words; empty otherwise.")]
    todo: Annotated[str, Meta(description="What to do about it, if anything is known.")]
    age_s: Annotated[float | None, Meta(description="Seconds since the source last confirmed its data.")]
    as_of: Annotated[str | None, Meta(description="When that was.")]
    since: Annotated[str | None, Meta(description="When this state began.")]
    retry_at: Annotated[str | None, Meta(description="When the next attempt starts.")]


class NodeNumbers(msgspec.Struct, frozen=True):
    """Nodes of a stamp."""

    ready: int
    total: int
    cordoned: int


class PodNumbers(msgspec.Struct, frozen=True):
    """Pods of a stamp by what kubectl's STATUS column says of them."""

    total: int
    running: Annotated[int, Meta(description="Running with every container ready.")]
    not_ready: int
    pending: int
    failing: int
    finished: int
    terminating: int


class WorkloadNumbers(msgspec.Struct, frozen=True):
    """Deployments, StatefulSets and DaemonSets with all their pods ready, of all."""

    ready: int
    total: int


class UsageNumbers(msgspec.Struct, frozen=True):
    """Use of the schedulable, ready nodes."""

    cpu_used_millicores: int
    cpu_allocatable_millicores: int
    memory_used_bytes: int
    memory_allocatable_bytes: int
    as_of: Time


class ProbeStatus(msgspec.Struct, frozen=True):
    """The newest direct answer of the application on this stamp."""

    ok: bool
    latency_ms: float | None
    status: Annotated[int | None, Meta(description="HTTP status, null when there was no answer.")]
    reason: str
    served_by: Annotated[str, Meta(description="The stamp that says it answered (X-Stamp), empty when it does not.")]
    at: Time


class StampStatus(msgspec.Struct, frozen=True):
    """One stamp: numbers are null until their source answered, then they keep its last answer."""

    name: str
    location: str
    protection: str
    degraded: Annotated[bool, Meta(description="Whether anything is listed in `problems`.")]
    problems: Annotated[list[str], Meta(description="What is not well, in words.")]
    api: Annotated[SourceStatus, Meta(description="The worst of the API's reachability and its watches.")]
    kubernetes_version: str | None
    nodes: NodeNumbers | None
    pods: PodNumbers | None
    pods_counted_at: Annotated[
        str | None, Meta(description="When pods that run were counted on a large stamp; null while all are watched.")
    ]
    workloads: WorkloadNumbers | None
    restarts_15m: int | None
    warnings_15m: int | None
    usage: UsageNumbers | None
    application: SourceStatus
    probe: ProbeStatus | None
    requests_per_minute: Annotated[int, Meta(description="What we asked of this API in the last minute.")]
    throttled_15m: Annotated[int, Meta(description="How often it answered 429 in the last 15 minutes.")]
    sources: Annotated[dict[str, SourceStatus], Meta(description="Every source by name: nodes, pods, events, …")]


class VerdictStatus(msgspec.Struct, frozen=True):
    """The service as a whole, apart from any one cluster."""

    level: VerdictLevel
    text: str
    up: Annotated[int, Meta(description="Stamps on which the service is up.")]
    total: Annotated[int, Meta(description="Stamps asked.")]


class StatusDocument(msgspec.Struct, frozen=True):
    """The fleet at one moment."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    at: Time
    degraded: Annotated[bool, Meta(description="Whether exit code 3 is meant.")]
    verdict: VerdictStatus
    stamps: list[StampStatus]


def status_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(StatusDocument)}
