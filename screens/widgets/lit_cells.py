"""Cells that changed a moment ago."""

from __future__ import annotations

LIT_S = 1.5
"""How long a changed cell stays lit."""
NOTHING_LIT: frozenset[int] = frozenset()


class LitCells:
    """Which columns of which rows are lit, and until when; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._lit: dict[str, tuple[float, frozenset[int]]] = {}

    def of(self, uid: str) -> frozenset[int]:
        """Return the columns of a row that are lit."""
        found = self._lit.get(uid)
        return found[1] if found is not None else NOTHING_LIT

    def light(self, uid: str, columns: frozenset[int], now: float) -> None:
        """Light columns of a row, besides those still lit."""
        if columns:
            self._lit[uid] = (now + LIT_S, columns | self.of(uid))

    def dim(self, now: float) -> list[str]:
        """End what was lit long enough; return the rows concerned."""
        over = [uid for uid, (until, _) in self._lit.items() if until <= now]
        for uid in over:
            del self._lit[uid]
        return over

    def next_in_s(self, now: float) -> float | None:
        """Return in how many seconds the next row is to be dimmed; None when nothing is lit."""
        return max(0.01, min(until for until, _ in self._lit.values()) - now) if self._lit else None

    def clear(self) -> None:
        """Forget all."""
        self._lit.clear()
