"""The lines above a table: what it shows, of whom, how much, and how far each stamp's rows can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.model.age import format_duration
from backends.model.health import Health, SourceState
from screens.glyphs import HEALTH_TONES, Glyphs
from screens.lines import Line, Piece, cut, line, spread, width_of
from screens.places import ResourcesPlace

_WITHOUT_PODS = frozenset({"kube-node-lease", "kube-public"})
"""Namespaces that Kubernetes makes for its own records."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows pass the filter, exist, and are marked."""

    shown: int = 0
    total: int = 0
    marked: int = 0


def title_line(
    place: ResourcesPlace,
    title: str,
    filter_text: str,
    counts: Counts,
    width: int,
    glyphs: Glyphs,
    *,
    namespaced: bool = True,
) -> Line:
    """Return what the table shows, and its counts at the right."""
    parts: list[tuple[str, str | None]] = [(title, "title")]
    if place.of:
        parts += [(" of ", "dim"), (place.of, "strong")]
    scope = ", ".join(place.stamps) if place.stamps else "all stamps"
    parts += [(f"  {glyphs.dot} ", "dim"), (scope, "name")]
    if namespaced and not place.field_selector:
        parts += [(f"  {glyphs.dot} ", "dim"), (place.namespace or "all namespaces", None)]
    if place.selector:
        parts += [(f"  {glyphs.dot} ", "dim"), (f"-l {place.selector}", "accent")]
    if filter_text:
        parts += [(f"  {glyphs.dot} ", "dim"), (f"/{filter_text}", "accent")]
    return spread(line(*parts), counts_line(counts), width)


def counts_line(counts: Counts) -> Line:
    """Return `12 of 240 · 3 marked`, or just the number when nothing is hidden or marked."""
    marked = (f"  {counts.marked} marked", "warn-strong") if counts.marked else ""
    if counts.shown == counts.total:
        return line((f"{counts.total}", "strong"), marked)
    return line((f"{counts.shown}", "strong"), (f" of {counts.total}", "dim"), marked)


def states_line(
    stamps: Sequence[str],
    states: Mapping[str, SourceState],
    now: float,
    width: int,
    glyphs: Glyphs,
    right: Line = (),
) -> Line:
    """Return a chip per stamp; the first that is not LIVE says why, as far as there is room."""
    pieces: list[Piece] = []
    why: Line = ()
    for name in stamps:
        state = states.get(name, SourceState(Health.RETRYING, reason="asking"))
        pieces += chip(name, state, now, glyphs)
        if not why and state.health is not Health.LIVE and state.reason:
            why = line((f"{name}: {state.reason}" if len(stamps) > 1 else state.reason, "dim"))
    left = (*pieces, *why)
    if not right or (width_of(left) + width_of(right) + 2 > width and not why):
        return cut(left, width, glyphs.more)
    return spread(cut(left, width, glyphs.more), right if width_of(left) + width_of(right) < width else (), width)


def chip(name: str, state: SourceState, now: float, glyphs: Glyphs) -> Line:
    """Return `● orlando LIVE` or `✗ seattle DOWN 41s`: the age is that of the rows shown."""
    tone = HEALTH_TONES[state.health]
    age = state.age_s(now)
    old = f" {format_duration(age)}" if age is not None and state.health is not Health.LIVE else ""
    return line((f"{glyphs.health(state.health)} ", tone), name, (f" {state.health}{old}", f"{tone}-strong"), "   ")


def favourites(namespaces: Sequence[str]) -> list[str]:
    """Return the namespaces behind the keys 1 to 9: the default one first, then by name, those without pods last."""

    def rank(name: str) -> int:
        return 0 if name == "default" else 2 if name in _WITHOUT_PODS else 1

    return sorted(namespaces, key=rank)[:9]


def favourites_line(names: Sequence[str], current: str | None, width: int) -> Line:
    """Return the namespace keys, as many as fit; none at all where there is hardly room for two."""
    pieces = line(("0", "accent"), (" all  ", "strong" if current is None else "dim"))
    if width < 2 * width_of(pieces):
        return ()
    for number, name in enumerate(names, 1):
        more = line((str(number), "accent"), (f" {name}  ", "strong" if current == name else "dim"))
        if width_of(pieces) + width_of(more) > width:
            break
        pieces = (*pieces, *more)
    return pieces
