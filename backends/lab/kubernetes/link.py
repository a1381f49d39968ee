"""Faults of the connection itself: which of them is in force decides what the port does."""

from __future__ import annotations

import asyncio
import contextlib

from backends.lab.faults import FaultBoard
from backends.lab.kubernetes.listener import Listener

_RESET_EVERY_S = 0.25

# The first of these that is in force wins.
_MODES = (
    ("api-down", "refuse"),
    ("link-cut", "refuse"),
    ("link-black-hole", "mute"),
    ("cert-expired", "expired"),
)


class LinkState:
    """Keeps one listener in the state that the faults ask for."""

    def __init__(self, listener: Listener, faults: FaultBoard) -> None:
        self._listener = listener
        self._faults = faults
        self._mode = "serve"
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Begin to follow the faults; those in force already count at once."""
        await self._settle()
        self._task = asyncio.create_task(self._follow(), name="link-state")

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
        while True:
            resets = self._faults.active("link-reset") is not None
            try:
                async with asyncio.timeout(_RESET_EVERY_S if resets else None):
                    await self._changed.wait()
            except TimeoutError:
                self._listener.cut(reset=True)
            self._changed.clear()
            await self._settle()

    async def _settle(self) -> None:
        wanted = next((mode for fault, mode in _MODES if self._faults.active(fault)), "serve")
        if wanted == self._mode:
            return
        self._listener.refuse()
        if wanted in ("refuse", "expired") or self._mode == "mute":
            self._listener.cut()
        if wanted == "mute":
            await self._listener.mute()
        elif wanted != "refuse":
            await self._listener.serve(expired=wanted == "expired")
        self._mode = wanted
