"""From the start of the process to all pods in the table, beside `kubectl get pods -A` on the same server."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.processes import api_servers, console, kubectl
from bench.report import Result, against, middle, within
from tests.support.pty_terminal import PtyTerminal

PODS = 10_000
RUNS = 5
CHUNKS = ("500", "1000", "2000", "0")
"""kubectl's page sizes; 500 is its default, 0 asks for everything at once."""


def measure(folder: Path) -> list[Result]:
    """Return the times and memory of both, and what decoding the list costs beside reading it.

    Both in turns, so that the machine's mood is shared; a first run of each, not counted, fills their caches.
    """
    with api_servers(folder, count=1, pods=PODS, rate=0) as fleet:
        ours: list[tuple[float, float]] = []
        peers: dict[str, list[tuple[float, float]]] = {chunk: [] for chunk in CHUNKS}
        for _ in range(RUNS + 1):
            ours.append(_console(fleet))
            for chunk in CHUNKS:
                peers[chunk].append(_kubectl(folder / "stamp0.yaml", chunk))
        for runs in (ours, *peers.values()):
            del runs[0]
        gc.set_threshold(50_000, 20, 100)  # as the console does
        raw, decoded = asyncio.run(_lists(fleet))
    seconds, memory = middle(each[0] for each in ours), middle(each[1] for each in ours)
    times = {chunk: middle(each[0] for each in runs) for chunk, runs in peers.items()}
    best = min(times, key=lambda chunk: times[chunk])
    peer_memory = min(middle(each[1] for each in runs) for runs in peers.values())
    return [
        against(f"start to {PODS:,} pods in the table", seconds, times[best], "s", 0.5, f"kubectl --chunk-size={best}"),
        against("the same", seconds, times["500"], "s", 0.25, "kubectl, default"),
        against("memory", memory, peer_memory, "MiB", 0.4, "kubectl"),
        against("list decoded into rows", decoded * 1e3, raw * 1e3, "ms", 2.5, "the same pages only read"),
        within("memory of the console", memory, "MiB", None),
    ]


def _console(fleet: Path) -> tuple[float, float]:
    with PtyTerminal(console(fleet, "-c", "pods @all"), 160, 50) as terminal:
        shown = terminal.wait_for(lambda seen: _has_count(seen.display[1], PODS), timeout=60)
        return shown - terminal.started_at, terminal.rss_bytes / 2**20


def _has_count(line: str, count: int) -> bool:
    """Whether the table's header says that all rows are there."""
    return str(count) in line.replace(",", "").replace("\u202f", "").split()


def _kubectl(kubeconfig: Path, chunk: str) -> tuple[float, float]:
    command = [kubectl(), "--kubeconfig", str(kubeconfig), "get", "pods", "-A", f"--chunk-size={chunk}"]
    environment = {**os.environ, "HOME": str(kubeconfig.parent)}
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"kubectl failed with {process.returncode}")
    return seconds, used.ru_maxrss / 1024


async def _lists(fleet: Path) -> tuple[float, float]:
    """Return seconds for reading all pages, and for having them as rows of a store that is followed."""
    from backends.clock import SystemClock
    from backends.kubernetes import Cluster
    from backends.model.health import Health
    from console.configuration import load_settings

    raw, decoded = [], []
    for _ in range(RUNS):
        stamp = load_settings(str(fleet)).stamps[0]
        async with Cluster(stamp, SystemClock()) as cluster:
            await cluster.kinds()  # discovery and imports are not part of a list
            raw.append(await _read_pages(fleet))
            started = time.perf_counter()
            async with cluster.reflect("pods") as pods:
                async for state in pods.state.follow():
                    if state.health is Health.LIVE:
                        break
                assert len(pods.store.rows) == PODS
                decoded.append(time.perf_counter() - started)
    return middle(raw), middle(decoded)


async def _read_pages(fleet: Path) -> float:
    import aiohttp
    import msgspec
    import yaml

    server = yaml.safe_load((fleet.parent / "stamp0.yaml").read_text())["clusters"][0]["cluster"]["server"]
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    async with aiohttp.ClientSession(headers=accept) as session:
        started, token = time.perf_counter(), ""
        while True:
            url = f"{server}/api/v1/pods?limit=500&continue={token}"
            async with session.get(url) as answer:
                body = await answer.read()
            token = msgspec.json.decode(body[: body.index(b'"columnDefinitions"')] + b'"x":0}')["metadata"].get(
                "continue", ""
            )
            if not token:
                return time.perf_counter() - started
