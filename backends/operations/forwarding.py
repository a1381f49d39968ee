"""Forwarded ports as an operator starts them: the API is asked first, both ends go to the journal, troubles are kept.

A forwarded port changes nothing in the cluster, so that nothing has to be armed; it is a way in, so that it is
written down like a shell, and not opened when that fails.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.clock import Clock
from backends.errors import Forbidden, JournalFailed, UsageError
from backends.model.age import format_duration
from backends.model.forward import Forward, ForwardState, format_bytes
from backends.model.journal import EventKind
from backends.operations.forward_target import parse_target
from backends.operations.port_forwards import ForwardingCluster, PortForwards
from backends.operations.ports import Journal
from backends.streams import Cell, Feed

_RIGHTS = ("create", "get")
"""Of pods/portforward: to open one over a WebSocket is a GET, for which servers ask the one right or the other."""


@dataclass(frozen=True, slots=True)
class ForwardLine:
    """Something that happened to a forwarded port, at a time in seconds of the Unix epoch."""

    at: float
    number: int
    address: str
    text: str
    is_trouble: bool = False


class Forwarding:
    """Starts, lists and stops forwarded ports; `close` stops them all."""

    def __init__(self, clusters: Mapping[str, ForwardingCluster], journal: Journal, clock: Clock) -> None:
        self._clusters = clusters
        self._journal = journal
        self._clock = clock
        self._ports = PortForwards(clusters, clock)
        self._operations: dict[int, str] = {}
        self._seen: dict[int, Forward] = {}
        self._telling: asyncio.Task[None] | None = None
        self.lines: Feed[ForwardLine] = Feed(1_000)

    @property
    def forwards(self) -> Cell[tuple[Forward, ...]]:
        """The ports that are forwarded now, oldest first."""
        return self._ports.forwards

    async def close(self) -> None:
        """Stop them all."""
        await asyncio.gather(*(self.stop(number, "the console ended") for number in tuple(self._operations)))
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def start(self, stamp: str, target: str, namespace: str, port: str, local_port: int = 0) -> Forward:
        """Forward a port of this machine (0: any free one) to a port of the target's pod; StampdeckError.

        Forbidden in the API's words when the account may not, JournalFailed when it cannot be written down.
        """
        if stamp not in self._clusters:
            known = ", ".join(self._clusters)
            raise UsageError(f"no stamp named {stamp}", why=f"there are {known}", todo="name one of them")
        kind, name = parse_target(target)
        await self._demand_right(stamp, f"{kind}/{name}", namespace)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="forwarded ports")
        forward = await self._ports.start(stamp, target, namespace, port, local_port)
        operation = uuid.uuid4().hex[:12]
        try:
            await self._journal.record(operation, EventKind.FORWARD, stamp, {"text": "opened", **_data(forward)})
        except JournalFailed:
            await self._ports.stop(forward.number)
            raise
        self._operations[forward.number] = operation
        self._say(forward, f"leads to port {forward.port} of {forward.target} on {stamp}")
        return forward

    async def stop(self, number: int, why: str = "stopped by the operator") -> None:
        """Stop one, whatever the journal says; a number that is not there changes nothing."""
        operation = self._operations.pop(number, "")
        forward = await self._ports.stop(number)
        if forward is None:
            return
        self._say(forward, f"stopped: {why}")
        lasted_s = self._clock.now() - forward.since
        carried = f"{format_bytes(forward.sent)} sent, {format_bytes(forward.received)} received"
        said = f"closed after {format_duration(lasted_s)}, {forward.served} connections served, {carried}: {why}"
        ended = {"text": said, "served": forward.served, "lasted_s": round(lasted_s, 1)}
        ended |= {"sent_bytes": forward.sent, "received_bytes": forward.received}
        try:
            await self._journal.record(operation, EventKind.FORWARD, forward.stamp, ended)
        except JournalFailed as error:
            self._say(forward, f"its end could not be written down: {error}", is_trouble=True)

    async def _demand_right(self, stamp: str, target: str, namespace: str) -> None:
        cluster = self._clusters[stamp]
        for verb in _RIGHTS:
            allowed, reason = await cluster.may(verb, "pods", namespace=namespace, subresource="portforward")
            if not allowed:
                why = f"{verb} pods/portforward in {namespace}: {reason or 'not allowed'}"
                todo = "ask whoever grants rights on this stamp"
                raise Forbidden(f"cannot forward to {target}", why=why, todo=todo, stamp=stamp)

    async def _tell(self) -> None:
        """Keep in words what happens to the ports."""
        async for forwards in self.forwards.follow():
            for forward in forwards:
                before = self._seen.get(forward.number)
                was = (before.pod, before.state) if before is not None else ("", ForwardState.WAITING)
                if was != (forward.pod, forward.state):
                    self._say(forward, _where(forward), is_trouble=forward.state is ForwardState.WAITING)
                if forward.problem and (before is None or before.problem_at != forward.problem_at):
                    self._say(forward, forward.problem, is_trouble=True)
            self._seen = {each.number: each for each in forwards}

    def _say(self, forward: Forward, text: str, *, is_trouble: bool = False) -> None:
        self.lines.append(ForwardLine(self._clock.now(), forward.number, forward.address, text, is_trouble))


def _where(forward: Forward) -> str:
    if forward.state is ForwardState.READY:
        return f"new connections go to pod {forward.pod}"
    return f"no pod of {forward.target} is ready yet: new connections wait a little for one"


def _data(forward: Forward) -> dict[str, Any]:
    """Return what the journal has of it: the words that an operation of the gate has too."""
    kind, _, name = forward.target.partition("/")
    return {
        "action": "port-forward",
        "target": {"kind": kind, "name": name, "namespace": forward.namespace},
        "summary": f"forward {forward.address} to port {forward.port} of {forward.target} on {forward.stamp}",
        **({"pod": forward.pod} if forward.pod else {}),
    }
