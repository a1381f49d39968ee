"""Faults of the connection itself: which of them is in force decides what the port does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from backends.lab.faults import FaultBoard
from backends.lab.kubernetes.listener import Listener
from backends.lab.tasks import keep_running

_RESET_EVERY_S = 0.25

# The first of these that is in force wins.
_MODES = (
    ("api-down", "refuse"),
    ("link-cut", "refuse"),
    ("link-black-hole", "mute"),
    ("cert-expired", "other"),
)


class LinkState:
    """Keeps one listener in the state that the faults ask for, and refuses while what it serves is not `up`.

    `modes` pairs faults with `refuse`, `mute` or `other` (the certificate kept for that); the first in force counts.
    """

    def __init__(
        self,
        name: str,
        listener: Listener,
        faults: FaultBoard,
        *,
        modes: Sequence[tuple[str, str]] = _MODES,
        up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._name = name
        self._listener = listener
        self._faults = faults
        self._modes = modes
        self._up = up
        self._mode = "serve"
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Begin to follow the faults; those in force already count at once."""
        self._settle()
        self._task = keep_running(f"link-state-{self._name}", self._follow)

    def changed(self) -> None:
        """Look again: a fault began or ended."""
        self._changed.set()

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        self._settle()
        while True:
            resets = self._faults.active("link-reset") is not None
            try:
                async with asyncio.timeout(_RESET_EVERY_S if resets else None):
                    await self._changed.wait()
            except TimeoutError:
                self._listener.cut(reset=True)
            self._changed.clear()
            self._settle()

    def _settle(self) -> None:
        wanted = next((mode for fault, mode in self._modes if self._faults.active(fault)), "serve")
        if wanted in ("serve", "other") and not self._up():
            wanted = "refuse"
        if wanted == self._mode:
            return
        self._listener.refuse()
        if wanted in ("refuse", "other") or self._mode == "mute":
            self._listener.cut()
        if wanted == "mute":
            self._listener.mute()
        elif wanted != "refuse":
            self._listener.serve(other=wanted == "other")
        self._mode = wanted
