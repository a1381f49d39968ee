"""The scripted tour: what the console sees when a node fails, an API dies, both come back, and a helper VM is asked.

Each step acts on the lab through its control, and succeeds only by what the ordinary services show afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from backends.lab.control import LabControl
from backends.model import inert
from backends.model.fleet import StampSnapshot, TimelineEntry
from backends.model.health import Health
from backends.model.logs import LogLine
from backends.operations.logs import LogQuery
from backends.operations.resources import ResourceRequest
from console.commands.drawing import emit
from console.commands.exits import ExitCode
from console.commands.rows_output import RowsPrinter
from console.commands.signals import run_until_signal
from console.commands.status_table import status_lines
from console.commands.tour_helper_vm import visit_helper_vm
from console.commands.touring import StepFailed, Tour, indented, require
from console.configuration import load_settings
from console.lab_control import lab_refusals
from console.wiring import Services, open_services

TOUR_SPEED = 3.0
"""Simulated seconds per second: the control plane takes 20 simulated seconds to give a silent node up."""
LIMIT_S = 58.0
NODE_LIMIT_S = 20.0
SHOWN_LINES = 6


def run_tour(config: Path) -> int:
    """Run the tour against the lab whose fleet.yaml is given; 0 only if every step happened."""
    with lab_refusals("the tour failed"):
        return run_until_signal(_run(config))


async def _run(config: Path) -> int:
    began_s = time.monotonic()
    settings = load_settings(str(config))
    async with open_services(settings) as services:
        tour = Tour(services, LabControl.read(config.parent), began_s)
        first, second = (stamp.name for stamp in services.stamps[:2])
        try:
            async with asyncio.timeout(LIMIT_S):
                await _status(tour)
                await _node(tour, first)
                await _api(tour, first, second)
                await _logs(tour)
                await visit_helper_vm(tour, first)
        except StepFailed as error:
            raise StepFailed("the tour failed", why=f"{error.why}: {error.what}") from None
        except TimeoutError:
            raise StepFailed("the tour failed", why=f"not done within {LIMIT_S:.0f} s") from None
    emit(f"the tour is over: {tour.steps} steps, all seen, in {time.monotonic() - began_s:.1f} s")
    return ExitCode.WELL


async def _status(tour: Tour) -> None:
    async with tour.step("status of all stamps"):
        await tour.services.fleet.settled(10)
        await tour.until(lambda: all(_is_well(each) for each in tour.now.stamps), "all stamps LIVE and serving", 15)
        emit(*indented(status_lines(tour.now)))


async def _node(tour: Tour, stamp: str) -> None:
    ready = tour.now.stamp(stamp).nodes_ready or 0
    since = tour.services.fleet.timeline.end
    async with tour.step(f"a node of {stamp} stops reporting (lab fault {stamp} node-notready)"):
        await tour.control.fault(stamp, "node-notready")
        await tour.until(lambda: (tour.now.stamp(stamp).nodes_ready or 0) < ready, "a node NotReady", NODE_LIMIT_S)
        await tour.until_told(since, lambda each: _is_about(each, stamp, "node/"), "the node", 5)
        emit(*indented(await _nodes(tour.services, stamp)), f"          verdict: {tour.now.verdict.text}")
    async with tour.step(f"the node reports again (lab clear {stamp})"):
        await tour.control.clear(stamp, "node-notready")
        await tour.until(lambda: tour.now.stamp(stamp).nodes_ready == ready, "all nodes Ready again", 15)
        await tour.until(lambda: _has_recovered(tour.now.stamp(stamp)), "all workloads ready again", 15)
        emit(f"          verdict: {tour.now.verdict.text}")


async def _api(tour: Tour, stamp: str, other: str) -> None:
    names = tuple(each.name for each in tour.now.stamps)
    async with tour.services.resources.open(ResourceRequest("pods", names)) as pods:
        await pods.settled(10)
        pods.drain()
        since = tour.services.fleet.timeline.end
        async with tour.step(f"the Kubernetes API of {stamp} dies (lab fault {stamp} api-down)"):
            await tour.control.fault(stamp, "api-down")
            await tour.until(lambda: tour.now.stamp(stamp).api.health is Health.DOWN, f"{stamp} DOWN", 10)
            await tour.until_told(since, lambda each: _is_about(each, stamp, "api"), f"the API of {stamp}", 5)
            pods.drain()
            rows = sum(row.stamp == stamp for row in pods.rows.values())
            age_s = pods.states[stamp].age_s(time.time())
            require(rows > 0 and not pods.states[stamp].is_live and bool(age_s), f"{stamp} keeps its aged rows")
            require(tour.now.stamp(other).api.is_live, f"{other} stays LIVE")
            emit(*indented(status_lines(tour.now)))
            emit(f"          {stamp} keeps {rows} rows of pods, {age_s:.1f} s old; {other} stays LIVE")
        async with tour.step(f"the API of {stamp} is back (lab clear {stamp})"):
            await tour.control.clear(stamp, "api-down")
            await tour.until(lambda: tour.now.stamp(stamp).api.is_live, f"{stamp} LIVE again", 10)


async def _logs(tour: Tour) -> None:
    names = tuple(each.name for each in tour.now.stamps)
    query = LogQuery(stamps=names, namespace="default", target="deployment/ratings-web", tail_lines=20)
    async with tour.step("logs of ratings-web, merged from all stamps"), tour.services.logs.open(query) as stream:
        lines: list[LogLine] = []
        try:
            async with asyncio.timeout(15):
                async for batch in stream.lines.follow():
                    lines += batch.items
                    if {line.stamp for line in lines} == set(names) and len(lines) >= SHOWN_LINES:
                        break
        except TimeoutError:
            heard = ", ".join(sorted({line.stamp for line in lines})) or "none"
            raise StepFailed("not seen within 15 s", why=f"lines of every stamp, only of {heard}") from None
        emit(*indented(_shown(lines)))


def _shown(lines: Sequence[LogLine]) -> list[str]:
    """Return a few neighbouring lines around a change from one stamp to another."""
    change = next((at for at in range(1, len(lines)) if lines[at].stamp != lines[at - 1].stamp), 0)
    start = max(0, min(change - SHOWN_LINES // 2, len(lines) - SHOWN_LINES))
    few = lines[start : start + SHOWN_LINES]
    return [f"[{line.stamp} {inert.name(line.pod)}] {inert.line(line.text)}" for line in few]


async def _nodes(services: Services, stamp: str) -> list[str]:
    async with services.resources.open(ResourceRequest("nodes", (stamp,))) as view:
        await view.settled(5)
        view.drain()
        printer = RowsPrinter(view.columns, "node", with_stamp=True, with_namespace=False)
        rows = sorted(view.rows.values(), key=lambda row: row.name)
        return printer.as_table(rows, time.time())


def _is_well(stamp: StampSnapshot) -> bool:
    return stamp.api.is_live and stamp.nodes_total is not None and stamp.pods is not None and stamp.serves is True


def _has_recovered(stamp: StampSnapshot) -> bool:
    return _is_well(stamp) and stamp.workloads_ready == stamp.workloads_total


def _is_about(entry: TimelineEntry, stamp: str, subject: str) -> bool:
    return entry.stamp == stamp and entry.subject.startswith(subject)
