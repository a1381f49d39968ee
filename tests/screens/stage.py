"""A stage for screens: stamps, snapshots and services that a test sets by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.widget import Widget

from backends.model.fleet import (
    FleetSnapshot,
    PodCounts,
    ProbeSample,
    Severity,
    StampSnapshot,
    TimelineEntry,
    Usage,
    Verdict,
    VerdictLevel,
)
from backends.model.health import Health, SourceState
from backends.model.stamp import ClusterAccess, Stamp
from backends.streams import Cell, Feed

NOW = 1_790_000_000.0


class StillClock:
    """A wall clock that stands still until a test moves it; sleeping never ends by itself."""

    def __init__(self, now: float = NOW) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, delay_s: float) -> None:
        import asyncio

        await asyncio.Event().wait()


def stamp(name: str) -> Stamp:
    return Stamp(name, ClusterAccess(Path("/nowhere/kubeconfig"), name), location=f"{name} site")


def live_stamp(name: str = "orlando", **changes: Any) -> StampSnapshot:
    values: dict[str, Any] = {
        "location": "north",
        "api": SourceState(Health.LIVE, as_of=NOW - 2, since=NOW - 900),
        "kubernetes_version": "v1.20.2",
        "nodes_ready": 5,
        "nodes_total": 5,
        "pods": PodCounts(total=43, running=41, pending=1, failing=1),
        "restarts_15m": 3,
        "warnings_15m": 2,
        "usage": Usage(3100, 8000, 13 * 2**30, 24 * 2**30, NOW - 5),
        "workloads_ready": 6,
        "workloads_total": 7,
        "application": SourceState(Health.LIVE, as_of=NOW - 1),
        "probes": tuple(ProbeSample(NOW - 60 + n, True, 0.02 + (n % 7) / 200, 200, served_by=name) for n in range(40)),
        "requests_per_minute": 14,
    }
    return StampSnapshot(name, **(values | changes))


def down_stamp(name: str = "seattle", **changes: Any) -> StampSnapshot:
    down = SourceState(
        Health.DOWN,
        reason="the Kubernetes API refused the connection (127.0.0.1:6443)",
        todo="check that the API server runs and that the firewall lets this host in",
        as_of=NOW - 43,
        since=NOW - 41,
        retry_at=NOW + 3,
    )
    return live_stamp(name, **({"api": down} | changes))


def fleet_of(*stamps: StampSnapshot, verdict: Verdict | None = None) -> FleetSnapshot:
    up = sum(each.api.is_live for each in stamps)
    level = VerdictLevel.UP if up == len(stamps) else VerdictLevel.DEGRADED
    said = verdict or Verdict(level, f"the service is up on {up} of {len(stamps)} stamps", up, len(stamps))
    return FleetSnapshot(NOW, stamps, said)


class StageFleet:
    """A fleet whose snapshot a test sets."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self.state = Cell(snapshot)
        self.timeline: Feed[TimelineEntry] = Feed(500)
        self.refreshed: list[str | None] = []

    def refresh(self, stamp: str | None = None) -> None:
        self.refreshed.append(stamp)


@dataclass
class StageServices:
    """What the application gets in place of the real services."""

    fleet: Any
    resources: Any = None
    details: Any = None
    logs: Any = None
    doctor: Any = None
    closed: bool = field(default=False)


class NoResources:
    """A fleet of stamps that serve nothing."""

    async def kinds(self) -> tuple[Any, ...]:
        return ()

    async def namespaces(self, stamps: tuple[str, ...] = ()) -> tuple[str, ...]:
        return ()


def opening(services: StageServices) -> Callable[[], Any]:
    """Return the `open_services` of an application on a stage."""

    @asynccontextmanager
    async def open_services() -> AsyncIterator[StageServices]:
        if services.resources is None:
            services.resources = NoResources()
        try:
            yield services
        finally:
            services.closed = True

    return open_services


def entries(count: int = 6) -> list[TimelineEntry]:
    said = (
        ("orlando", Severity.GOOD, "api", "LIVE again after 12s"),
        ("seattle", Severity.BAD, "node/k8s-linuxpool-35064155-0", "NotReady: kubelet stopped posting node status"),
        ("seattle", Severity.WARNING, "pod/default/ratings-api-7f9c-x2x", "BackOff: restarting failed container"),
        ("orlando", Severity.INFO, "deployment/default/ratings-web", "scaled from 2 to 3"),
    )
    return [TimelineEntry(NOW - 120 + 9 * n, *said[n % len(said)], count=1 + n % 3) for n in range(count)]


def text_of(widget: Widget) -> str:
    """Return what a widget draws, line by line, as bare text."""
    return "\n".join(
        "".join(segment.text for segment in strip).rstrip()
        for strip in widget.render_lines(widget.size.region)  # type: ignore[attr-defined]
    )


def screen_text(app: Any) -> str:
    """Return the whole screen as bare text, as the compositor puts it together."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
