"""What the faults screen needs of whoever can break things: only a demo has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KnownFault:
    """A fault that can be set; `argument` says what value it takes, if any."""

    name: str
    meaning: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault in force on a stamp; `left_s` is None when it stays until cleared."""

    stamp: str
    name: str
    argument: str = ""
    left_s: float | None = None


class FaultControl(Protocol):
    """Setting and clearing faults; failures are raised as `StampdeckError`."""

    async def faults(self) -> Sequence[KnownFault]: ...
    async def status(self) -> Sequence[ActiveFault]: ...
    async def set(self, stamp: str, name: str, argument: str = "", for_s: float | None = None) -> None: ...
    async def clear(self, stamp: str, name: str | None = None) -> None: ...
