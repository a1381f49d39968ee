"""How results are printed: ours beside the peer's, the ratio, and the aim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Result:
    """One measured thing. `aim` is the highest value wanted of `judged` (a ratio or an absolute); None: only shown."""

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    judged: float | None = None
    aim: float | None = None

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where no aim is set."""
        if self.aim is None or self.judged is None:
            return ""
        return "met" if self.judged <= self.aim else "MISSED"


def against(what: str, ours: float, peer: float, unit: str, aim: float | None, peer_name: str) -> Result:
    """Return a result judged by its ratio to a peer measured in the same run."""
    ratio = ours / peer if peer else float("inf")
    return Result(what, f"{ours:.3g} {unit}", f"{peer:.3g} {unit} ({peer_name})", ratio, ratio, aim)


def within(what: str, ours: float, unit: str, aim: float | None) -> Result:
    """Return a result judged by an absolute limit."""
    return Result(what, f"{ours:.3g} {unit}", judged=ours, aim=aim)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie; NaN when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def middle(values: Iterable[float]) -> float:
    """Return the median."""
    return median(values)


def print_results(title: str, results: Iterable[Result]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for result in results:
        ratio = f"{result.ratio:.2f}x" if result.ratio is not None else ""
        aim = f"aim <= {result.aim:g}" if result.aim is not None else ""
        print(f"  {result.what:<58} {result.ours:>12}  {result.peer:<34} {ratio:>7}  {aim:<14} {result.verdict}")
