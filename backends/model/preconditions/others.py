"""Rules over the other stamps: whether they serve and are well enough to carry what this one gives up."""

from __future__ import annotations

from collections.abc import Collection

from backends.model.age import format_duration
from backends.model.fleet import FleetSnapshot, StampSnapshot
from backends.model.health import Health, SourceState
from backends.model.preconditions.replicas import named
from backends.model.proposal import Finding, Level

OTHERS_SERVE = "others-serve"
OTHERS_HEALTHY = "others-healthy"
ONLY_STAMP = "only-stamp"

_COUNTED = ("version", "nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps")
"""The sources health is judged by. Metrics, events or autoscalers that fail do not make a stamp ill."""


def others_serve(fleet: FleetSnapshot, stamp: str, configured: Collection[str]) -> list[Finding]:
    """Refuse unless the application answers on every other stamp.

    Where no application is configured to be asked, the stamp is judged by its API and workloads, and this is
    said. An answer that is not of now does not count: not asked yet, stale, or asked in vain.
    """
    found = [_serves(each, fleet.at) for each in fleet.stamps if each.name != stamp]
    return [*found, *(_unwatched(OTHERS_SERVE, name) for name in _missing(fleet, stamp, configured))]


def others_healthy(fleet: FleetSnapshot, stamp: str, configured: Collection[str]) -> list[Finding]:
    """Refuse unless every other stamp is well: API live, all nodes ready, none cordoned, all workloads ready.

    What is not known counts as not well, and so does what was known a while ago: an API that stopped answering
    keeps its last numbers, which prove nothing of now.
    """
    found = [_healthy(each, fleet.at) for each in fleet.stamps if each.name != stamp]
    return [*found, *(_unwatched(OTHERS_HEALTHY, name) for name in _missing(fleet, stamp, configured))]


def only_stamp(stamp: str, configured: Collection[str]) -> Finding | None:
    """Warn when the fleet has no other stamp: nothing serves while this one does not. None when it has others."""
    if any(each != stamp for each in configured):
        return None
    return Finding(ONLY_STAMP, Level.WARN, "no other stamp is configured: nothing else serves meanwhile", stamp)


def troubles_of(snapshot: StampSnapshot, now: float) -> list[str]:
    """Return in words what keeps a stamp from being called well; nothing when it is."""
    unsure = [_state(name, snapshot.sources.get(name), now) for name in _COUNTED]
    troubles = list(dict.fromkeys(each for each in unsure if each))
    if troubles:
        return troubles
    if snapshot.nodes_total is None or snapshot.nodes_ready is None:
        return ["nothing is known of its nodes yet"]
    if snapshot.workloads_total is None or snapshot.workloads_ready is None:
        return ["nothing is known of its workloads yet"]
    if not snapshot.nodes_total:
        troubles.append("it has no nodes")
    if snapshot.nodes_ready < snapshot.nodes_total:
        troubles.append(f"{snapshot.nodes_ready} of {snapshot.nodes_total} nodes are ready")
    if snapshot.nodes_cordoned:
        verb = "node is" if snapshot.nodes_cordoned == 1 else "nodes are"
        troubles.append(f"{snapshot.nodes_cordoned} {verb} cordoned")
    if snapshot.workloads_ready < snapshot.workloads_total:
        troubles.append(f"{snapshot.workloads_ready} of {snapshot.workloads_total} workloads are ready")
    return troubles


def _serves(snapshot: StampSnapshot, now: float) -> Finding:
    name, state = snapshot.name, snapshot.application
    if state.health is Health.OFF and not snapshot.probes:
        return _serves_by_workloads(snapshot, now)
    if not snapshot.probes:
        return Finding(OTHERS_SERVE, Level.REFUSE, f"the application on {name} has not been asked yet", name)
    sample = snapshot.probes[-1]
    if not sample.ok:
        why = sample.reason or (f"HTTP {sample.status}" if sample.status is not None else "no reason known")
        return Finding(OTHERS_SERVE, Level.REFUSE, f"the application on {name} does not answer well: {why}", name)
    if not state.is_live:
        old = format_duration(max(0.0, now - sample.at))
        evidence = f"the application on {name} last answered {old} ago ({state.health})"
        return Finding(OTHERS_SERVE, Level.REFUSE, evidence, name)
    took = "" if sample.latency_s is None else f" in {sample.latency_s * 1000:.0f} ms"
    return Finding(OTHERS_SERVE, Level.PASS, f"the application on {name} answers{took}", name)


def _serves_by_workloads(snapshot: StampSnapshot, now: float) -> Finding:
    said = f"no application is configured to ask on {snapshot.name}; judged by API and workloads"
    if troubles := troubles_of(snapshot, now):
        return Finding(OTHERS_SERVE, Level.REFUSE, f"{said}: {named(troubles)}", snapshot.name)
    return Finding(OTHERS_SERVE, Level.PASS, f"{said}, all is ready", snapshot.name)


def _healthy(snapshot: StampSnapshot, now: float) -> Finding:
    name = snapshot.name
    if troubles := troubles_of(snapshot, now):
        return Finding(OTHERS_HEALTHY, Level.REFUSE, f"{name}: {named(troubles)}", name)
    evidence = (
        f"{name}: {snapshot.nodes_total} nodes and {snapshot.workloads_total} workloads are ready, none is cordoned"
    )
    return Finding(OTHERS_HEALTHY, Level.PASS, evidence, name)


def _state(source: str, state: SourceState | None, now: float) -> str:
    """Say why a source tells nothing of now, empty when it does."""
    what = "its API" if source == "version" else f"its {source.partition('.')[0]}"
    if state is None:
        return f"{what}: not followed"
    if state.is_live:
        return ""
    # A dead API makes every source of it dead: said once, by the API's own.
    age = state.age_s(now)
    old = "" if age is None else f", last known {format_duration(age)} ago"
    reason = f" ({state.reason})" if state.reason else ""
    if state.health in (Health.DOWN, Health.UNAUTHORIZED):
        return f"its API is {state.health}{reason}"
    return f"{what}: {state.health}{reason}{old}"


def _missing(fleet: FleetSnapshot, stamp: str, configured: Collection[str]) -> list[str]:
    known = {each.name for each in fleet.stamps}
    return [name for name in configured if name not in known and name != stamp]


def _unwatched(rule: str, name: str) -> Finding:
    return Finding(rule, Level.REFUSE, f"{name} is not watched by this console: open it without --stamp", name)
