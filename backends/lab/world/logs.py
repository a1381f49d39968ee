"""Container logs as the nodes keep them: written as time passes, made when somebody reads, in bounded buffers."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Sequence

from backends.lab.kubernetes.node_services import ContainerUnavailable, LogEntry
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.load import Load
from backends.lab.world.log_lines import last_lines, line_maker, start_lines
from backends.lab.world.replicaset import parse_time

LINES_PER_SECOND = "lab.stampdeck/log-lines-per-second"
"""Annotation of a pod that writes so many lines per simulated second."""
_KEPT_LINES = 20_000
_KEPT_LOGS = 400
_LOOK_BACK_S = 900.0
_MOST_AT_ONCE = 5_000
_FOLLOW_EVERY_S = 0.2

_Identity = tuple[str, str, int]
"""Pod uid, container, restart count."""


class _Log:
    """One run of one container: the newest lines, and how many were dropped before them."""

    def __init__(self, pod: Object, container: str, run: int, started_at: float, now: float) -> None:
        self.entries: deque[LogEntry] = deque(maxlen=_KEPT_LINES)
        self.total = 0
        self._dice = random.Random(f"{pod['metadata']['uid']}{container}{run}")
        self._make, self._share = line_maker(pod, container)
        self._written_until = started_at
        if now - started_at <= _LOOK_BACK_S:
            for position, text in enumerate(start_lines(pod, container)):
                self.append(started_at + position * 0.01, text)
        else:
            self._written_until = now - _LOOK_BACK_S

    def append(self, at: float, text: str) -> None:
        """Add one line."""
        self.entries.append(LogEntry(at, text))
        self.total += 1

    def write(self, until: float, pod_rps: float, asked_rate: float | None) -> None:
        """Write what the container wrote up to a moment, given its pod's requests per second."""
        rate = asked_rate if asked_rate is not None else (-self._share if self._share < 0 else self._share * pod_rps)
        if rate <= 0 or until <= self._written_until:
            return
        at = max(self._written_until, until - _MOST_AT_ONCE / rate)
        while True:
            at += self._dice.expovariate(rate)
            if at > until:
                break
            self.append(at, self._make(self._dice, at))
        self._written_until = until

    def after(self, count: int) -> list[LogEntry]:
        """Return the entries after the first `count` ever written, as far as they are kept."""
        fresh = min(self.total - count, len(self.entries))
        return list(self.entries)[len(self.entries) - fresh :] if fresh > 0 else []


class ContainerLogs:
    """The logs of all containers of one cluster."""

    def __init__(self, cluster: Cluster, load: Load, silent: set[str]) -> None:
        self._cluster = cluster
        self._load = load
        self._silent = silent
        self._logs: OrderedDict[_Identity, _Log] = OrderedDict()
        self._ended: set[_Identity] = set()

    def read(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        """Return what is kept of a container's log, oldest first; ContainerUnavailable when there is none."""
        found, status = self._find(namespace, pod, container)
        return list(self._written(found, status, previous=previous).entries)

    def follow(self, namespace: str, pod: str, container: str, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        """Yield batches written after the first `after` of what `read` returned, until this run of it ends."""
        found, status = self._find(namespace, pod, container)
        log = self._written(found, status, previous=False)
        return self._follow(found, container, log, log.total - len(log.entries) + after)

    async def _follow(self, pod: Object, container: str, log: _Log, count: int) -> AsyncIterator[Sequence[LogEntry]]:
        run = _status_of(pod, container)["restartCount"]
        while True:
            current = self._cluster.store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
            same = current is not None and current["metadata"]["uid"] == pod["metadata"]["uid"]
            status = _status_of(current, container) if current is not None and same else None
            going = status is not None and status["restartCount"] == run and "running" in status["state"]
            if going and current is not None and status is not None:
                if current["spec"]["nodeName"] in self._silent:
                    raise ContainerUnavailable(f"unexpected EOF reading from node {current['spec']['nodeName']}")
                self._written(current, status, previous=False)
            fresh = log.after(count)
            count = log.total
            if fresh:
                yield fresh
            if not going:
                return
            await asyncio.sleep(_FOLLOW_EVERY_S)

    def _find(self, namespace: str, name: str, container: str) -> tuple[Object, Object]:
        pod = self._cluster.store.get("pods", namespace, name)
        node = pod["spec"].get("nodeName", "")
        if node in self._silent:
            host = pod["status"].get("hostIP", node)
            path = f"https://{host}:10250/containerLogs/{namespace}/{name}/{container}"
            raise ContainerUnavailable(f'Get "{path}": dial tcp {host}:10250: connect: no route to host')
        return pod, _status_of(pod, container)

    def _written(self, pod: Object, status: Object, *, previous: bool) -> _Log:
        name, container = pod["metadata"]["name"], status["name"]
        state, run = status["state"], int(status["restartCount"])
        ended = status.get("lastState", {}).get("terminated") if previous or "waiting" in state else None
        if previous or ("waiting" in state and ended):
            if not ended:
                raise ContainerUnavailable(
                    f'previous terminated container "{container}" in pod "{name}" not found', 400
                )
            run = run if "waiting" in state else run - 1
        elif "waiting" in state:
            reason = state["waiting"]["reason"]
            text = f'container "{container}" in pod "{name}" is waiting to start: {reason}'
            if reason in ("ErrImagePull", "ImagePullBackOff"):
                text = f'container "{container}" in pod "{name}" is waiting to start: trying and failing to pull image'
            raise ContainerUnavailable(text, 400)
        else:
            ended = state.get("terminated")
        return self._log(pod, container, run, ended, state)

    def _log(self, pod: Object, container: str, run: int, ended: Object | None, state: Object) -> _Log:
        identity = (pod["metadata"]["uid"], container, run)
        until = parse_time(ended["finishedAt"]) if ended else self._cluster.now
        started_at = parse_time(ended["startedAt"] if ended else state["running"]["startedAt"])
        log = self._logs.get(identity)
        complete = log is not None and ended is not None and identity in self._ended
        if log is None:
            log = self._logs[identity] = _Log(pod, container, run, started_at, until)
            while len(self._logs) > _KEPT_LOGS:
                old, _ = self._logs.popitem(last=False)
                self._ended.discard(old)
        self._logs.move_to_end(identity)
        if not complete:
            log.write(until, self._pod_rps(pod), _asked_rate(pod))
            if ended and ended.get("exitCode"):
                for text in last_lines(pod):
                    log.append(until, text)
            if ended:
                self._ended.add(identity)
        return log

    def _pod_rps(self, pod: Object) -> float:
        app = (pod["metadata"].get("labels") or {}).get("app", "")
        return self._load.requests_per_s(self._cluster.now) / max(1, self._load.ready_pods(app))


def _status_of(pod: Object, container: str) -> Object:
    for each in pod["status"].get("containerStatuses") or ():
        if each["name"] == container:
            found: Object = each
            return found
    name = pod["metadata"]["name"]
    text = f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
    raise ContainerUnavailable(text, 400)


def _asked_rate(pod: Object) -> float | None:
    asked = (pod["metadata"].get("annotations") or {}).get(LINES_PER_SECOND)
    return float(asked) if asked is not None else None
