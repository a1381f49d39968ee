"""A survey of the stamps, and the comparison of one object, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.model.drift import Difference
from backends.model.table import Row
from backends.operations.drift import Aspect, Comparison, Survey
from screens.glyphs import Glyphs
from screens.simple_table import Cell, text_columns, text_row
from screens.widgets.columns import TableColumn

NOTHING, UNKNOWN = "none", "?"


def survey_columns(stamps: Sequence[str]) -> list[TableColumn]:
    """Columns of a survey: one for each stamp, between what is compared and why it may differ."""
    shrinking = ("WHAT", "DIFFERS IN", *_titles(stamps))
    return text_columns(["", "WHAT", "NAMESPACE", "DIFFERS IN", *_titles(stamps), "INTENDED"], long=shrinking)


def survey_rows(survey: Survey, glyphs: Glyphs, show_all: bool) -> dict[str, Row]:
    """Return what drifts, or everything that was looked at."""
    chosen = survey.aspects if show_all else survey.drifting
    rows = {}
    for each in chosen:
        uid = f"{each.what}/{each.namespace}/{each.aspect}"
        cells = [_mark(each.drifts, each.same, glyphs), (each.what, None), (each.namespace, "dim"), (each.aspect, None)]
        cells += [*_values(each.values, survey.stamps), (each.reason, "dim")]
        rows[uid] = text_row(uid, cells, name=each.what)
    return rows


def comparison_columns(stamps: Sequence[str]) -> list[TableColumn]:
    """Columns of one object's comparison."""
    return text_columns(["", "PATH", *_titles(stamps), "INTENDED"], long=("PATH", *_titles(stamps)))


def comparison_rows(comparison: Comparison, stamps: Sequence[str], glyphs: Glyphs) -> dict[str, Row]:
    """Return every path at which the stamps differ."""
    rows = {}
    for each in comparison.differences:
        cells = [_mark(not each.is_intended, False, glyphs), (each.path, None)]
        cells += [*_values(_known(each, comparison, stamps), stamps), (each.reason, "dim")]
        rows[each.path] = text_row(each.path, cells, name=each.path)
    return rows


def _known(difference: Difference, comparison: Comparison, stamps: Sequence[str]) -> dict[str, str | None]:
    return {stamp: difference.values.get(stamp) if stamp in comparison.compared else None for stamp in stamps}


def _titles(stamps: Sequence[str]) -> list[str]:
    return [stamp.upper() for stamp in stamps]


def _mark(drifts: bool, same: bool, glyphs: Glyphs) -> Cell:
    if drifts:
        return glyphs.warn, "warn"
    return (glyphs.good, "good") if same else (glyphs.dot, "dim")


def _values(values: Mapping[str, str | None], stamps: Sequence[str]) -> list[Cell]:
    """The values in the order of the stamps; what differs from most of them stands out."""
    known = [values.get(stamp) for stamp in stamps]
    said = [each for each in known if each is not None]
    usual = max(set(said), key=said.count) if said else ""
    tied = len(set(said)) > 1 and said.count(usual) * 2 <= len(said)
    return [_value(each, stands_out=each is not None and (tied or each != usual)) for each in known]


def _value(value: str | None, *, stands_out: bool) -> Cell:
    if value is None:
        return UNKNOWN, "dim"
    return value or NOTHING, "warn" if stands_out else ("dim" if not value else None)


def aspect_of(survey: Survey, uid: str) -> Aspect | None:
    """Return the aspect a row is of."""
    return next((each for each in survey.aspects if f"{each.what}/{each.namespace}/{each.aspect}" == uid), None)
