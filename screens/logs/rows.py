"""The lines above logs: whose they are, how far each stamp can be trusted, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from backends.model.logs import LogLine
from screens.glyphs import Glyphs
from screens.lines import Line, line, spread
from screens.places import LogsPlace

SINCE: tuple[tuple[str, int | None, int | None], ...] = (
    ("newest 500", 500, None),
    ("all kept", None, None),
    ("1m", None, 60),
    ("5m", None, 300),
    ("15m", None, 900),
    ("30m", None, 1800),
    ("1h", None, 3600),
)
"""What the keys 0 to 6 ask for, as k9s has them: a name, lines from the end, seconds back."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How lines are shown now."""

    since: int = 0
    following: bool = True
    new_lines: int = 0
    wrap: bool = False
    timestamps: bool = False
    filter: str = ""
    search: str = ""
    shown: int = 0
    total: int = 0
    lost: int = 0


def title_line(place: LogsPlace, showing: Showing, width: int, glyphs: Glyphs) -> Line:
    """Return whose logs these are, with counts at the right."""
    scope = ", ".join(place.stamps)
    container = f" {place.container}" if place.container else ""
    previous = "  previous containers" if place.previous else ""
    left = line(
        ("logs ", "title"),
        (place.target, "strong"),
        (container, None),
        (f"  {glyphs.dot} ", "dim"),
        (scope, "name"),
        (f"  {glyphs.dot} ", "dim"),
        place.namespace,
        (previous, "warn"),
        (f"  /{showing.filter}" if showing.filter else "", "accent"),
        (f"  \\{showing.search}" if showing.search else "", "accent"),
    )
    return spread(left, counts_line(showing), width)


def counts_line(showing: Showing) -> Line:
    """Return how many lines pass the filter, are kept, and were lost from the ring."""
    lost = f"  {showing.lost:,} older dropped" if showing.lost else ""
    if not showing.total:
        return line(("no lines yet", "dim"))
    if not showing.filter:  # what arrived since the last frame is counted in `total` alone
        return line((f"{showing.total:,} lines", "strong"), (lost, "warn"))
    return line((f"{showing.shown:,}", "strong"), (f" of {showing.total:,} lines", "dim"), (lost, "warn"))


def modes_line(showing: Showing) -> Line:
    """Return the switches, those that are on in plain words."""
    follow = ("following", "good-strong") if showing.following else ("paused", "warn-strong")
    new = f" +{showing.new_lines:,} new" if showing.new_lines else ""
    return line(
        (SINCE[showing.since][0], "accent"),
        "  ",
        follow,
        (new, "warn"),
        ("  wrap" if showing.wrap else "", None),
        ("  timestamps" if showing.timestamps else "", None),
    )


def prefix_of(
    stamps: Sequence[str], sources: Collection[tuple[str, str, str]]
) -> Callable[[LogLine], tuple[str, str | None]] | None:
    """Return what stands before each line, no longer than it takes to tell the sources apart.

    `sources` are (stamp, pod, container) of the lines read. The stamp stands where there are several, the last
    part of the pod's name (all of it when that is not enough) where there are several, and so the container.
    """
    pods = {pod for _, pod, _ in sources}
    containers = {container for _, _, container in sources}
    if len(stamps) < 2 and len(pods) < 2 and len(containers) < 2:
        return None
    tails = {pod: pod.rpartition("-")[2] for pod in pods}
    short = len(set(tails.values())) == len(pods)
    names = {pod: tails[pod] if short else pod for pod in pods} if len(pods) > 1 else dict.fromkeys(pods, "")
    room = max((len(name) for name in stamps), default=0) if len(stamps) > 1 else 0
    pod_room = min(40, max((len(name) for name in names.values()), default=0))

    def prefix(entry: LogLine) -> tuple[str, str | None]:
        parts = [f"{entry.stamp:<{room}}"] if room else []
        if pod_room:
            parts.append(f"{names.get(entry.pod, entry.pod):<{pod_room}}")
        if len(containers) > 1:
            parts.append(entry.container)
        tone = "accent" if not room or entry.stamp == stamps[0] else "dim"
        return " ".join(parts), tone

    return prefix
