"""What one cell shows: its text at a moment, and its tone. The words always say it too, never colour alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backends.model.age import format_duration, parse_duration
from backends.model.pods import pod_class
from backends.model.table import CellValue, Column, Row
from backends.model.tone import Tone
from backends.model.typed import AGE, COUNT_AGO, column_key, number, ratio

_RELATIVE = frozenset({"lastseen", "firstseen", "lastschedule"})
_RIGHT = frozenset(
    {"restarts", "desired", "current", "available", "uptodate", "active", "count", "replicas", "minpods", "maxpods"}
    | {"cpu", "memory", "cpu%", "memory%", "alloweddisruptions", "data", "secrets", "weight"}
)
_WORDS: dict[str, Tone] = {
    "true": "good",
    "bound": "good",
    "available": "good",
    "active": "good",
    "complete": "good",
    "approved": "good",
    "warning": "warn",
    "released": "warn",
    "unknown": "warn",
    "pending": "warn",
    "suspended": "warn",
    "normal": "dim",
    "false": "bad",
    "failed": "bad",
    "lost": "bad",
    "terminating": "dim",
}
_POD_TONES: dict[str, Tone] = {
    "running": "good",
    "not_ready": "warn",
    "pending": "warn",
    "failing": "bad",
    "finished": "dim",
    "terminating": "dim",
}


def text_reader(columns: Sequence[Column], index: int) -> Callable[[Row, float], str]:
    """Return how to write column `index` of a row at `now` (seconds since the epoch).

    Ages come from the creation time; "5m ago" and "last seen" grow on from when the server printed them.
    """
    key = column_key(columns[index].name)
    if key == AGE:
        return age_text
    if key in _RELATIVE:
        return lambda row, now: _grown(_value(row, index), row.seen_at, now)
    if key == "restarts":
        return lambda row, now: _restarts(_value(row, index), row.seen_at, now)
    return lambda row, now: _plain(_value(row, index))


def text_of(columns: Sequence[Column], index: int, row: Row, now: float) -> str:
    """Write one cell; for many rows take a `text_reader` once."""
    return text_reader(columns, index)(row, now)


def age_text(row: Row, now: float) -> str:
    """Write how long ago the object was created."""
    return format_duration(now - row.created_at) if row.created_at else "<unknown>"


def tone_reader(columns: Sequence[Column], index: int, kind: str = "") -> Callable[[Row], Tone | None]:
    """Return the tone of column `index` for rows of `kind` (a plural such as `pods`; empty when unknown)."""
    key = column_key(columns[index].name)
    keys = [column_key(column.name) for column in columns]
    if kind == "pods" and key in ("status", "ready"):
        status, ready = _index(keys, "status"), _index(keys, "ready")
        return lambda row: _pod_tone(row, _plain(_value(row, status)), _plain(_value(row, ready)), key)
    if kind == "nodes" and key == "status":
        return lambda row: node_tone(_plain(_value(row, index)))
    match key:
        case "ready" | "completions":
            return lambda row: _ratio_tone(_value(row, index))
        case "restarts":
            return lambda row: "warn" if (number(key, _value(row, index)) or 0) > 0 else None
        case "alloweddisruptions":
            return lambda row: "warn" if number(key, _value(row, index)) == 0 else None
        case "cpu%" | "memory%":
            return lambda row: _share_tone(number(key, _value(row, index)))
        case "status" | "type" | "phase" | "available" | "suspend":
            return lambda row: _WORDS.get(_plain(_value(row, index)).lower())
        case "age" | "namespace" | "stamp":
            return lambda row: "dim"
    return lambda row: "dim" if _plain(_value(row, index)) in ("<none>", "<unknown>") else None


def is_right_aligned(column: Column) -> bool:
    """Whether the column holds amounts, which read best when their digits line up."""
    return column.type in ("integer", "number") or column_key(column.name) in _RIGHT


def node_tone(status: str) -> Tone:
    """Return the tone of a node's STATUS: `Ready`, `NotReady`, `Ready,SchedulingDisabled`, `Unknown`."""
    words = status.split(",")
    if "Ready" not in words:
        return "bad"
    return "warn" if len(words) > 1 else "good"


def _pod_tone(row: Row, status: str, ready: str, key: str) -> Tone | None:
    kind = pod_class(ready, status, row.deleting)
    if key == "ready" and kind == "running":
        return None
    return _POD_TONES[kind]


def _ratio_tone(value: CellValue) -> Tone | None:
    parts = ratio(value)
    if parts is None:
        return None
    have, wanted = parts
    if have >= wanted:
        return "good" if wanted else "dim"
    return "warn" if have else "bad"


def _share_tone(percent: float | None) -> Tone | None:
    if percent is None:
        return None
    return "bad" if percent >= 90 else "warn" if percent >= 75 else None


def _restarts(value: CellValue, seen_at: float, now: float) -> str:
    text = _plain(value)
    found = COUNT_AGO.fullmatch(text)
    return f"{found[1]} ({_grown(found[2], seen_at, now)} ago)" if found else text


def _grown(value: CellValue, seen_at: float, now: float) -> str:
    """A duration the server wrote at `seen_at`, as it is now; text of another shape stays as it is."""
    text = _plain(value)
    if not seen_at:
        return text
    try:
        return format_duration(parse_duration(text) + max(0.0, now - seen_at))
    except ValueError:
        return text


def _value(row: Row, index: int) -> CellValue:
    return row.cells[index] if 0 <= index < len(row.cells) else None


def _plain(value: CellValue) -> str:
    return "" if value is None else str(value)


def _index(keys: Sequence[str], key: str) -> int:
    return keys.index(key) if key in keys else -1
