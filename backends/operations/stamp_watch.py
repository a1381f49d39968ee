"""Everything followed of one stamp, folded into one snapshot a few times a second."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.fleet import ProbeSample, StampSnapshot, TimelineEntry, Usage
from backends.model.health import OFF, Health, SourceState, worst
from backends.model.storm import StormBreak
from backends.model.timeline import stamp_changes
from backends.operations.followed import Followed, FollowedNodes, FollowedWarnings, followed_workloads
from backends.operations.polled import Polled, Rhythm
from backends.operations.ports import ApplicationProbe, ClusterReader
from backends.operations.stamp_pods import StampPods
from backends.streams import Cell, Feed

_log = logging.getLogger(__name__)

FOLD_INTERVAL_S = 0.25
_AFTER_A_DEFECT_S = 5.0
VERSION_RHYTHM = Rhythm(interval_s=3.0)
METRICS_RHYTHM = Rhythm(interval_s=30.0, slow_after_s=10.0, silent_after_s=15.0, give_up_s=20.0, retry_cap_s=8.0)
PROBES_KEPT = 120


class StampWatch:
    """Follows one stamp while `run` runs. Nothing of one source reaches another, and nothing is raised."""

    def __init__(
        self, cluster: ClusterReader, probe: ApplicationProbe | None, clock: Clock, timeline: Feed[TimelineEntry]
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._timeline = timeline
        self._storm = StormBreak(cluster.stamp.name)
        self._nodes = FollowedNodes(cluster, clock)
        self._pods = StampPods(cluster, clock)
        self._warnings = FollowedWarnings(cluster, clock)
        self._workloads = followed_workloads(cluster, clock)
        self._scalers = Followed(cluster, clock, "horizontalpodautoscalers")
        self._version = Polled(cluster.version, clock, VERSION_RHYTHM)
        self._metrics = Polled(self._usage, clock, METRICS_RHYTHM)
        self._application = _application(cluster, probe, clock)
        self._samples: deque[ProbeSample] = deque(maxlen=PROBES_KEPT)
        self._recoveries = 0
        self.state: Cell[StampSnapshot] = Cell(self._snapshot())

    def refresh(self) -> None:
        """Try now wherever the next attempt is being waited for."""
        for collection in self._collections():
            collection.refresh()
        for polled in self._polled():
            polled.refresh()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for collection in self._collections():
                tasks.create_task(collection.run())
            for polled in self._polled():
                tasks.create_task(polled.run())
            tasks.create_task(self._fold())

    async def _fold(self) -> None:
        while True:
            pause_s = FOLD_INTERVAL_S
            try:
                await self._fold_once()
            except Exception:  # whatever a row can hold, the other stamps and the next rows go on
                _log.exception("folding what changed on %s", self._cluster.stamp.name)
                pause_s = _AFTER_A_DEFECT_S
            await self._clock.sleep(pause_s)

    async def _fold_once(self) -> None:
        now = self._clock.now()
        if self._version.recoveries != self._recoveries:
            self._recoveries = self._version.recoveries
            for collection in self._collections():
                collection.refresh()  # the API is back: waiting out each watch's own delay would only be late
            self._metrics.refresh()
        entries: list[TimelineEntry] = []
        for collection in self._collections():
            entries += await collection.fold(now)
        if entries:
            self._pods.note_news()
        if self._application is not None:
            self._note_samples(self._application)
        before, after = self.state.value, self._snapshot()
        if before.api.is_degraded and after.api.is_live:
            self._metrics.refresh()
        entries += stamp_changes(before, after, now)
        self.state.set(after)
        self._timeline.extend(self._storm.fold(entries, now))

    def _note_samples(self, application: ProbedApplication) -> None:
        self._samples.extend(application.samples)
        application.samples.clear()

    def _snapshot(self) -> StampSnapshot:
        stamp, now = self._cluster.stamp, self._clock.now()
        sources = self._sources()
        ready, total, cordoned = self._nodes.counts() or (None, None, 0)
        counted = [counts for each in self._workloads if (counts := each.counts()) is not None]
        application = self._application.state if self._application else OFF
        return StampSnapshot(
            name=stamp.name,
            protection=stamp.protection,
            location=stamp.location,
            api=worst([state for name, state in sources.items() if name not in ("metrics", "application")]),
            sources=sources,
            kubernetes_version=self._version.value or "",
            nodes_ready=ready,
            nodes_total=total,
            nodes_cordoned=cordoned,
            pods=self._pods.counts(),
            pods_counted_at=self._pods.counted_at,
            restarts_15m=self._pods.restarts(now),
            warnings_15m=self._warnings.total(now),
            usage=self._metrics.value,
            workloads_ready=sum(have for have, _ in counted) if counted else None,
            workloads_total=sum(wanted for _, wanted in counted) if counted else None,
            application=application,
            probes=tuple(self._samples),
            requests_per_minute=self._cluster.meter.per_minute(),
            throttled_15m=self._cluster.meter.throttled_15m(),
        )

    def _sources(self) -> dict[str, SourceState]:
        states = {"version": self._version.state}
        states |= {collection.name: collection.state for collection in self._collections()}
        states["metrics"] = self._metrics.state
        states["application"] = self._application.state if self._application else _NO_APPLICATION
        return states

    def _collections(self) -> Sequence[Followed | StampPods]:
        return self._nodes, self._pods, *self._workloads, self._scalers, self._warnings

    def _polled(self) -> Sequence[Polled[str] | Polled[Usage] | ProbedApplication]:
        found: list[Polled[str] | Polled[Usage] | ProbedApplication] = [self._version, self._metrics]
        return [*found, self._application] if self._application else found

    async def _usage(self) -> Usage:
        """Use and room of the nodes that can take pods; NotFound where metrics.k8s.io is not served."""
        used = await self._cluster.node_usage()
        room = await self._cluster.node_allocatable()
        counted = [used[name] for name in room if name in used]
        return Usage(
            cpu_used_millicores=sum(cpu for cpu, _ in counted),
            cpu_allocatable_millicores=sum(cpu for cpu, _ in room.values()),
            memory_used_bytes=sum(memory for _, memory in counted),
            memory_allocatable_bytes=sum(memory for _, memory in room.values()),
            as_of=self._clock.now(),
        )


_NO_APPLICATION = SourceState(Health.OFF, "no application is configured")


class ProbedApplication(Polled[ProbeSample]):
    """The application of a stamp, asked in its configured rhythm; every sample is kept for the reader."""

    def __init__(self, probe: ApplicationProbe, clock: Clock, rhythm: Rhythm) -> None:
        super().__init__(self._question, clock, rhythm)
        self._probe = probe
        self.samples: list[ProbeSample] = []

    async def _question(self) -> ProbeSample:
        sample = await self._probe.ask()
        self.samples.append(sample)
        if not sample.ok:
            why = sample.reason or f"HTTP {sample.status}"
            raise SourceError("asking the application", why=why, todo="look at its pods and its ingress")
        return sample


def _application(cluster: ClusterReader, probe: ApplicationProbe | None, clock: Clock) -> ProbedApplication | None:
    if probe is None:
        return None
    access = cluster.stamp.application
    interval_s, timeout_s = (access.interval_s, access.timeout_s) if access else (5.0, 3.0)
    rhythm = Rhythm(
        interval_s=interval_s,
        slow_after_s=timeout_s + 2.0,
        silent_after_s=timeout_s + 3.0,
        give_up_s=timeout_s + 4.0,
        retry_base_s=min(1.0, interval_s),
        retry_cap_s=interval_s,
    )
    return ProbedApplication(probe, clock, rhythm)
