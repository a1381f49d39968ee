"""The way to the Kubernetes APIs that only a stamp's helper VM reaches."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.helper_vm.connection import HelperVmConnection


class WayThroughVm:
    """Leads through a helper VM that is made at the first use: with it the SSH library is imported, 0.2 s."""

    def __init__(self, find_vm: Callable[[], HelperVmConnection]) -> None:
        self._find_vm = find_vm
        self._vm: HelperVmConnection | None = None

    async def reach(self, host: str, port: int, within_s: float) -> tuple[str, int]:
        """Return where to connect instead; raises SourceError."""
        if self._vm is None:
            await asyncio.to_thread(importlib.import_module, "backends.helper_vm.connection")
            self._vm = self._find_vm()
        return await self._vm.tunnel.reach(host, port, within_s)

    def why_broken(self, host: str, port: int) -> str:
        """Return why the last connection to there ended badly, or nothing."""
        return self._vm.tunnel.why_broken(host, port) if self._vm is not None else ""
