"""A stage for screens: stamps, snapshots and services that a test sets by hand."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from textual.pilot import Pilot
from textual.widget import Widget

from backends.clock import Clock
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
from backends.model.kinds import ResourceKind
from backends.model.stamp import ClusterAccess, Stamp
from backends.model.table import Row
from backends.operations.details import Details
from backends.operations.doctor import Doctor
from backends.operations.logs import Logs
from backends.operations.resources import Resources
from backends.streams import Cell, Feed
from console.app import StampdeckApp
from tests.support.fakes import FakeCluster, a_row

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
    journal: Any = None
    reconciliation: Any = None
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


PODS = ResourceKind("", "v1", "pods", "Pod", True, "pod", ("po",), ("get", "list", "watch"))
NODES = ResourceKind("", "v1", "nodes", "Node", False, "node", ("no",), ("get", "list", "watch"))
DEPLOYMENTS = ResourceKind("apps", "v1", "deployments", "Deployment", True, "deployment", ("deploy",), ("get", "list"))
NAMESPACES = ResourceKind("", "v1", "namespaces", "Namespace", False, "namespace", ("ns",), ("get", "list", "watch"))
SERVED = (PODS, NODES, DEPLOYMENTS, NAMESPACES)


def pod(stamp_name: str, name: str, status: str = "Running", ready: str = "1/1", restarts: int = 0, **more: Any) -> Row:
    row = a_row(stamp_name, name, ready, status, restarts, "5m", "10.0.0.7", f"node-of-{stamp_name}", **more)
    return msgspec.structs.replace(row, created_at=NOW - 3600, owner=f"ReplicaSet/{name.rpartition('-')[0]}")


class Stage:
    """Real operations on written clusters, behind the real application."""

    def __init__(self, *names: str, clock: Clock | None = None, **app_options: Any) -> None:
        self.clock: Any = clock or StillClock()
        self.clusters = {name: FakeCluster(name) for name in names or ("orlando", "seattle")}
        for cluster in self.clusters.values():
            cluster.served = SERVED
        self.fleet = StageFleet(fleet_of(*(live_stamp(name) for name in self.clusters)))
        resources = Resources(self.clusters, self.clock)
        self.services = StageServices(
            self.fleet,
            resources,
            Details(self.clusters, self.clock),
            Logs(self.clusters, self.clock),
            Doctor(self.clusters, {}, self.clock),
        )
        stamps = tuple(stamp(name) for name in self.clusters)
        self.app = StampdeckApp(stamps, opening(self.services), clock=self.clock, **app_options)

    def run(self, size: tuple[int, int] = (100, 30)) -> AbstractAsyncContextManager[Pilot[int]]:
        """Run the application without a terminal, its messages shown."""
        return self.app.run_test(size=size, notifications=True)

    def put(self, kind: str, columns: Any, rows: Mapping[str, Sequence[Row]], **scope: Any) -> None:
        """Let each stamp serve rows of a kind, LIVE."""
        for name, cluster in self.clusters.items():
            reflection = cluster.reflection(kind, **scope)
            reflection.store.set_columns(columns)
            reflection.live(NOW - 1, *rows.get(name, ()))


async def until(pilot: Any, condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait for something to become true on the screen; fails by the deadline with what was on it."""
    deadline = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come; on screen:\n{screen_text(pilot.app)}"
        await pilot.pause(0.02)


async def ready(pilot: Any) -> None:
    """Wait until the services run and the vocabulary is learned."""
    await until(pilot, lambda: pilot.app.deck.overview.is_connected, "the services")
    await until(pilot, lambda: pilot.app.deck.words.kinds, "the kinds")


async def shows(pilot: Any, *texts: str) -> None:
    """Wait until all texts are on the screen."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), f"{texts}")


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
        "".join(segment.text for segment in strip).rstrip() for strip in widget.render_lines(widget.size.region)
    )


def screen_text(app: Any) -> str:
    """Return the whole screen as bare text, as the compositor puts it together."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
