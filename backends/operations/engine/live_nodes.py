"""The cluster's nodes as they are while a run works on them, and what still runs on the one it works on.

A run says nothing for up to an hour while a budget keeps a pod on its node: only the cluster tells why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.fields import amount, full_name
from backends.model.health import OFF, SourceState
from backends.model.preconditions.budgets import selects
from backends.model.table import Row
from backends.model.typed import column_key
from backends.operations.attachment import Attachment
from backends.operations.deadline import beside, end
from backends.operations.ports import ClusterReader
from backends.streams import Cell

_LOOK_S = 0.5
_BUDGETS_S = 5.0
_STAYING = ("DaemonSet/", "Node/")
"""Owners of pods that no drain takes away."""


@dataclass(frozen=True, slots=True)
class LiveNode:
    """A node as the cluster has it: `status` as kubectl prints it (`Ready,SchedulingDisabled`), and its version."""

    name: str
    status: str
    version: str
    created_at: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether it is ready, cordoned or not."""
        return self.status.split(",")[0] == "Ready"


@dataclass(frozen=True, slots=True)
class NodesView:
    """All nodes by name, and of the one in focus the pods that are still to leave, with the budgets that hold them."""

    nodes: tuple[LiveNode, ...] = ()
    source: SourceState = OFF
    focus: str = ""
    pods_left: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()


class LiveNodes:
    """Follows nodes while `run` runs; `focus` names the node whose pods are followed too."""

    def __init__(self, cluster: ClusterReader, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self.focus = ""
        self.state: Cell[NodesView] = Cell(NodesView())
        self._nodes = Attachment(cluster, clock, "nodes")
        self._pods: Attachment | None = None
        self._following: asyncio.Task[None] | None = None
        self._budgets: Sequence[dict[str, Any]] = ()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with beside(self._nodes.run(), self._read_budgets()):
            try:
                while True:
                    await self._refocus()
                    self._look()
                    await self._clock.sleep(_LOOK_S)
            finally:
                await self._unfollow()

    async def _refocus(self) -> None:
        if self.focus == self.state.value.focus and (self._pods is not None) == bool(self.focus):
            return
        await self._unfollow()
        if self.focus:
            self._pods = Attachment(self._cluster, self._clock, "pods", field_selector=f"spec.nodeName={self.focus}")
            self._following = asyncio.create_task(self._pods.run(), name=f"pods of {self.focus}")

    async def _unfollow(self) -> None:
        if self._following is not None:
            await end(self._following)
        self._pods = self._following = None

    def _look(self) -> None:
        leaving = [row for row in _rows(self._pods) if not row.owner.startswith(_STAYING)]
        self.state.set(
            NodesView(
                tuple(sorted(_live_nodes(self._nodes), key=lambda each: each.name)),
                self._nodes.state,
                self.focus,
                tuple(sorted(f"{row.namespace}/{row.name}" for row in leaving)),
                self._held_by(leaving),
            )
        )

    def _held_by(self, pods: Sequence[Row]) -> tuple[str, ...]:
        if not pods:
            return ()
        objects = [{"metadata": {"namespace": row.namespace, "labels": row.labels or {}}} for row in pods]
        return tuple(
            full_name(budget)
            for budget in self._budgets
            if amount(budget, "status", "disruptionsAllowed") <= 0 and any(selects(budget, pod) for pod in objects)
        )

    async def _read_budgets(self) -> None:
        """Read the budgets while some node is being emptied; one that cannot be read holds nothing we could name."""
        while True:
            if self.focus:
                try:
                    self._budgets = await self._cluster.list_objects("poddisruptionbudgets", limit=2_000)
                except SourceError:
                    self._budgets = ()
            await self._clock.sleep(_BUDGETS_S if self.focus else _LOOK_S)


def _rows(attachment: Attachment | None) -> list[Row]:
    reflection = attachment.reflection if attachment is not None else None
    return list(reflection.store.rows.values()) if reflection is not None else []


def _live_nodes(attachment: Attachment) -> list[LiveNode]:
    reflection = attachment.reflection
    if reflection is None:
        return []
    keys = [column_key(column.name) for column in reflection.store.columns]
    status_at = keys.index("status") if "status" in keys else -1
    version_at = keys.index("version") if "version" in keys else -1

    def cell(row: Row, at: int) -> str:
        return str(row.cells[at]) if 0 <= at < len(row.cells) else ""

    return [
        LiveNode(row.name, cell(row, status_at), cell(row, version_at), row.created_at)
        for row in reflection.store.rows.values()
    ]
