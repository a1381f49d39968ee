"""What a work says while it acts, kept for a test to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.model.fleet import Severity
from backends.model.run import ItemState
from backends.operations.work import Stopped


class FakeProgress:
    """Implements Progress; `stop_when` ends the work at the first checkpoint at which it is true."""

    operation = "operation-1"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.items: dict[str, tuple[ItemState, str]] = {}
        self.notes: list[Mapping[str, Any]] = []
        self.checkpoints = 0
        self.stop_when: Callable[[], bool] = lambda: False
        self.failing: Exception | None = None
        """What `note` raises."""

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        self.lines.append(text)

    def item(self, key: str, state: ItemState, text: str = "") -> None:
        self.items[key] = (state, text)

    async def note(self, data: Mapping[str, Any]) -> None:
        if self.failing is not None:
            raise self.failing
        self.notes.append(dict(data))

    async def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.stop_when():
            raise Stopped("stopped", why="cancelled by the operator")
