"""The target's containers on one stamp: found, followed, and taken up when pods are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from backends.clock import Clock
from backends.errors import NotFound
from backends.model.health import Health, SourceState
from backends.model.logs import LogLine, LogRequest
from backends.model.pods import pod_class
from backends.model.table import Row
from backends.model.timeline import CellReader
from backends.operations.attachment import Attachment
from backends.operations.deadline import beside, end
from backends.operations.log_follower import LogFollower
from backends.operations.log_target import LogTarget, find_pods
from backends.operations.ports import ClusterReader
from backends.operations.sources import NOT_YET, state_of
from backends.retry import Backoff

FOLLOWERS_AT_MOST = 100
"""Containers followed on one stamp at once: each is a connection that the API server has to keep."""
GONE_REMEMBERED = 50
_LOOK_EVERY_S, _FIRST_LOOK_EVERY_S = 0.25, 0.05

Take = Callable[[object, Sequence[LogLine]], None]


class StampLogs:
    """All logs of one target on one stamp while `run` runs; ends by itself unless the request follows."""

    def __init__(
        self, cluster: ClusterReader, clock: Clock, target: LogTarget, request: LogRequest, container: str | None,
        take: Take,
    ) -> None:  # fmt: skip
        self.stamp = cluster.stamp.name
        self._cluster = cluster
        self._clock = clock
        self._target = target
        self._request = request
        self._container = container
        self._take = take
        self._found: SourceState = NOT_YET
        self._pods: Attachment | None = None
        self._rows: dict[str, Row] = {}
        self._reader = CellReader(())
        self._followers: dict[tuple[str, str], LogFollower] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun = False
        self._left_out: set[tuple[str, str]] = set()
        self.ended = False

    @property
    def state(self) -> SourceState:
        """The worst of finding the pods and reading their logs."""
        if self.ended:
            return self._ended_state()
        pods = self._pods.state if self._pods is not None else self._found
        if not pods.is_live:
            return pods
        followers = list(self._followers.values())
        troubled = [follower.state for follower in followers if follower.state.is_degraded]
        if troubled and all(follower.state.is_degraded for follower in followers):
            return troubled[0]
        return SourceState(Health.LIVE, self._remark(), as_of=pods.as_of, since=pods.since)

    def refresh(self) -> None:
        """Try now wherever the next attempt is being waited for."""
        if self._pods is not None:
            self._pods.refresh()
        for follower in self._followers.values():
            follower.refresh()

    async def run(self) -> None:
        """Read until there is nothing more to come, or until cancelled."""
        try:
            scope = await self._scope()
            if scope is None:
                return
            self._pods = Attachment(
                self._cluster,
                self._clock,
                "pods",
                namespace=scope.namespace,
                selector=scope.selector,
                field_selector=scope.field_selector,
            )
            async with beside(self._pods.run()):
                await self._look(self._pods)
        finally:
            await end(*self._tasks)
            self.ended = True

    async def _scope(self) -> Any:
        """Ask until the target is found; None when it is not there and nobody wants to wait for it."""
        backoff = Backoff(1.0, 10.0)
        while True:
            try:
                return await find_pods(self._cluster, self._target, self._request.namespace or None)
            except Exception as error:
                delay_s, now = backoff.next_delay(), self._clock.now()
                self._found = state_of(
                    error, before=self._found, now=now, retry_at=now + delay_s, failures=backoff.failures
                )
                hopeless = isinstance(error, NotFound) or self._found.health is not Health.RETRYING
                if hopeless and not self._request.follow:
                    return None
            await self._clock.sleep(delay_s)

    async def _look(self, pods: Attachment) -> None:
        """Take up pods as they come; without follow, until all that were there are read."""
        while True:
            complete = pods.state.as_of is not None
            if pods.changes is not None and pods.reflection is not None:
                batch = pods.changes.drain()
                if batch.columns_changed:
                    self._reader = CellReader(pods.reflection.store.columns)
                for uid, row in batch.rows.items():
                    self._note(uid, row)
            if self._request.follow:
                self._forget_gone()
            self._begun = self._begun or complete
            if not self._request.follow and self._all_read(complete, pods.state):
                return
            await self._clock.sleep(_LOOK_EVERY_S if self._begun else _FIRST_LOOK_EVERY_S)

    def _all_read(self, complete: bool, pods: SourceState) -> bool:
        refused = pods.health not in (Health.LIVE, Health.RETRYING, Health.STALE)
        return refused or (complete and not self._tasks)

    def _note(self, uid: str, row: Row | None) -> None:
        if row is None:
            self._rows.pop(uid, None)
            return
        is_new = uid not in self._rows
        self._rows[uid] = row
        if is_new:
            self._start(self._open_pod(uid, row, late=self._begun))

    def _forget_gone(self) -> None:
        """Forget all but the newest containers that were read to their end and whose pods are gone.

        Of a log followed for days these are thousands; the newest are known for pods that come back.
        """
        gone = [key for key, each in self._followers.items() if each.ended and key[0] not in self._rows]
        for key in gone[:-GONE_REMEMBERED]:
            del self._followers[key]
        self._left_out = {key for key in self._left_out if key[0] in self._rows}

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_pod(self, uid: str, row: Row, *, late: bool) -> None:
        """Learn a pod's containers, then follow each; a pod that came later is read from its first line."""
        names = [self._container] if self._container else await self._containers(uid, row)
        for name in names:
            if (uid, name) in self._followers:
                continue
            if sum(not follower.ended for follower in self._followers.values()) >= FOLLOWERS_AT_MOST:
                self._left_out.add((uid, name))
                continue
            follower = LogFollower(
                self._cluster,
                self._clock,
                self._request_for(row, name, late),
                self._take,
                self._alive(uid),
                lambda: uid in self._rows,
            )
            self._followers[uid, name] = follower
            self._start(follower.run())

    def _request_for(self, row: Row, container: str, late: bool) -> LogRequest:
        asked = self._request
        if late:
            return LogRequest(row.namespace, row.name, container, asked.follow)
        return LogRequest(
            row.namespace, row.name, container, asked.follow, asked.previous, asked.tail_lines, asked.since_s
        )  # fmt: skip

    async def _containers(self, uid: str, row: Row) -> list[str]:
        backoff = Backoff(1.0, 10.0)
        while uid in self._rows:
            try:
                pod = await self._cluster.get("pods", row.name, row.namespace)
            except NotFound:
                return []
            except Exception:
                if not self._request.follow and backoff.failures >= 2:
                    return []
                await self._clock.sleep(backoff.next_delay())
            else:
                return [str(each.get("name", "")) for each in (pod.get("spec") or {}).get("containers") or []]
        return []

    def _alive(self, uid: str) -> Callable[[], bool]:
        def alive() -> bool:
            row = self._rows.get(uid)
            if row is None:
                return False
            status, ready = self._reader.text(row, "status"), self._reader.text(row, "ready")
            return pod_class(ready, status, row.deleting) not in ("finished", "terminating") and status != "Error"

        return alive

    def _remark(self) -> str:
        if not self._rows:
            return f"no pod of {self._target} is here"
        if self._left_out:
            return f"{FOLLOWERS_AT_MOST} containers are followed, {len(self._left_out)} more are not"
        waiting = [follower.state.reason for follower in self._followers.values() if follower.state.reason]
        return waiting[0] if len(waiting) == len(self._followers) and waiting else ""

    def _ended_state(self) -> SourceState:
        failed = [each.state for each in self._followers.values() if each.state.is_degraded]
        if failed:
            return failed[0]
        if self._pods is None:
            return self._found
        if self._pods.state.is_degraded:
            return self._pods.state
        reasons = [each.state.reason for each in self._followers.values() if each.state.reason]
        return SourceState(Health.OFF, reasons[0] if reasons else self._remark() or "the log has ended")
