"""A snapshot of the fleet as the document `stampdeck status -o json` prints, and what in it is not well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from backends.model.fleet import FleetSnapshot, PodCounts, ProbeSample, StampSnapshot, Usage, VerdictLevel
from backends.model.health import Health, SourceState
from console.commands.status_schema import (
    SCHEMA_NAME,
    NodeNumbers,
    PodNumbers,
    ProbeStatus,
    SourceStatus,
    StampStatus,
    StatusDocument,
    UsageNumbers,
    VerdictStatus,
    WorkloadNumbers,
)

_NAMED = 3
"""Sources with one and the same problem that are named; of more, the first and their number."""


def status_document(snapshot: FleetSnapshot) -> dict[str, Any]:
    """Return the document for a snapshot, as plain values ready for JSON or YAML."""
    stamps = [_stamp(stamp, snapshot.at) for stamp in snapshot.stamps]
    verdict = snapshot.verdict
    document = StatusDocument(
        schema=SCHEMA_NAME,
        at=_time(snapshot.at),
        degraded=is_degraded(snapshot),
        verdict=VerdictStatus(verdict.level, verdict.text, verdict.up, verdict.total),
        stamps=stamps,
    )
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain


def is_degraded(snapshot: FleetSnapshot) -> bool:
    """Whether someone should look: the service is not up everywhere, or something of a stamp is not well."""
    return snapshot.verdict.level is not VerdictLevel.UP or any(problems_of(stamp) for stamp in snapshot.stamps)


def problems_of(stamp: StampSnapshot) -> list[str]:
    """Return what is not well on one stamp, most telling first; sources that say the same are one problem."""
    alike: dict[tuple[Health, str], list[str]] = {}
    for name, state in {"api": stamp.api, **stamp.sources, "application": stamp.application}.items():
        # When the API itself is gone its watches have nothing of their own to say.
        if state.is_degraded and (name in ("api", "application") or stamp.api.health is not Health.DOWN):
            alike.setdefault((state.health, state.reason), []).append(name)
    found = [_problem(names, health, reason) for (health, reason), names in alike.items()]
    if stamp.probes and not stamp.probes[-1].ok and not stamp.application.is_degraded:
        found.append(f"application: {stamp.probes[-1].reason}")
    if stamp.nodes_total is not None and (stamp.nodes_ready or 0) < stamp.nodes_total:
        found.append(f"{stamp.nodes_total - (stamp.nodes_ready or 0)} of {stamp.nodes_total} nodes not ready")
    if stamp.workloads_total is not None and (stamp.workloads_ready or 0) < stamp.workloads_total:
        missing = stamp.workloads_total - (stamp.workloads_ready or 0)
        found.append(f"{missing} of {stamp.workloads_total} workloads not ready")
    return list(dict.fromkeys(found))


def _problem(names: list[str], health: Health, reason: str) -> str:
    who = ", ".join(names) if len(names) <= _NAMED else f"{names[0]} and {len(names) - 1} more sources"
    return f"{who} {health.value}" + (f": {reason}" if reason else "")


def _stamp(stamp: StampSnapshot, now: float) -> StampStatus:
    problems = problems_of(stamp)
    nodes, workloads = stamp.nodes_total, stamp.workloads_total
    return StampStatus(
        name=stamp.name,
        location=stamp.location,
        protection=stamp.protection.value,
        degraded=bool(problems),
        problems=problems,
        api=_source(stamp.api, now),
        kubernetes_version=stamp.kubernetes_version or None,
        nodes=None if nodes is None else NodeNumbers(stamp.nodes_ready or 0, nodes, stamp.nodes_cordoned),
        pods=None if stamp.pods is None else _pods(stamp.pods),
        pods_counted_at=_maybe_time(stamp.pods_counted_at),
        workloads=None if workloads is None else WorkloadNumbers(stamp.workloads_ready or 0, workloads),
        restarts_15m=stamp.restarts_15m,
        warnings_15m=stamp.warnings_15m,
        usage=None if stamp.usage is None else _usage(stamp.usage),
        application=_source(stamp.application, now),
        probe=_probe(stamp.probes[-1]) if stamp.probes else None,
        requests_per_minute=stamp.requests_per_minute,
        throttled_15m=stamp.throttled_15m,
        sources={name: _source(state, now) for name, state in stamp.sources.items()},
    )


def _pods(pods: PodCounts) -> PodNumbers:
    return PodNumbers(
        pods.total, pods.running, pods.not_ready, pods.pending, pods.failing, pods.finished, pods.terminating
    )


def _usage(usage: Usage) -> UsageNumbers:
    return UsageNumbers(
        usage.cpu_used_millicores,
        usage.cpu_allocatable_millicores,
        usage.memory_used_bytes,
        usage.memory_allocatable_bytes,
        _time(usage.as_of),
    )


def _source(state: SourceState, now: float) -> SourceStatus:
    age_s = state.age_s(now)
    return SourceStatus(
        state=state.health,
        reason=state.reason,
        todo=state.todo,
        age_s=None if age_s is None else round(age_s, 3),
        as_of=_maybe_time(state.as_of),
        since=_maybe_time(state.since),
        retry_at=_maybe_time(state.retry_at),
    )


def _probe(sample: ProbeSample) -> ProbeStatus:
    latency_ms = None if sample.latency_s is None else round(sample.latency_s * 1000, 1)
    return ProbeStatus(sample.ok, latency_ms, sample.status, sample.reason, sample.served_by, _time(sample.at))


def _maybe_time(at: float | None) -> str | None:
    return None if at is None else _time(at)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
