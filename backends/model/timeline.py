"""What changed on a stamp, in words: the difference of two moments as timeline entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backends.model.fleet import ProbeSample, Severity, StampSnapshot, TimelineEntry
from backends.model.health import Health, SourceState
from backends.model.table import CellValue, Column, Row
from backends.model.typed import column_key, number, ratio

_SILENT = (Health.DOWN, Health.UNAUTHORIZED, Health.FORBIDDEN)


def stamp_changes(before: StampSnapshot, after: StampSnapshot, at: float) -> list[TimelineEntry]:
    """Return what a stamp as a whole went through between two snapshots: its API, version and application."""

    def entry(severity: Severity, subject: str, text: str) -> TimelineEntry:
        return TimelineEntry(at, after.name, severity, subject, text)

    return [entry(*change) for change in (*_api(before, after), *_version(before, after), *_application(before, after))]


def _api(before: StampSnapshot, after: StampSnapshot) -> Iterator[tuple[Severity, str, str]]:
    was, now = before.api, after.api
    if was.health is now.health:
        return
    if now.health in _SILENT:
        yield Severity.BAD, "api", f"API {_words(now)}"
    elif now.health is Health.LIVE and was.health in _SILENT:
        yield Severity.GOOD, "api", "API answers again"
    elif now.health is Health.LIVE and was.health in (Health.OFF, Health.RETRYING) and was.as_of is None:
        yield Severity.INFO, "api", "API is live"
    elif now.health is Health.LIVE:
        yield Severity.INFO, "api", "API is live again"
    elif now.health in (Health.RETRYING, Health.STALE) and was.health is Health.LIVE:
        yield Severity.WARNING, "api", f"API {_words(now)}"


def _words(state: SourceState) -> str:
    words = {
        Health.DOWN: "is down",
        Health.UNAUTHORIZED: "refuses our credentials",
        Health.FORBIDDEN: "does not allow us to read",
        Health.RETRYING: "is being tried again",
        Health.STALE: "says nothing new",
    }.get(state.health, str(state.health))
    return f"{words}: {state.reason}" if state.reason else words


def _version(before: StampSnapshot, after: StampSnapshot) -> Iterator[tuple[Severity, str, str]]:
    was, now = before.kubernetes_version, after.kubernetes_version
    if was and now and was != now:
        yield Severity.INFO, "api", f"Kubernetes went from {was} to {now}"


def _application(before: StampSnapshot, after: StampSnapshot) -> Iterator[tuple[Severity, str, str]]:
    if after.serves is None or before.serves is after.serves:
        return
    sample = after.probes[-1]
    if not sample.ok:
        yield Severity.BAD, "application", f"application does not answer: {_why(sample)}"
    elif before.serves is False:
        yield Severity.GOOD, "application", f"application answers again{_latency(sample)}"
    else:
        yield Severity.GOOD, "application", f"application answers{_latency(sample)}"


def _why(sample: ProbeSample) -> str:
    return sample.reason or (f"HTTP {sample.status}" if sample.status is not None else "no reason given")


def _latency(sample: ProbeSample) -> str:
    return f" in {sample.latency_s * 1000:.0f} ms" if sample.latency_s is not None else ""


class CellReader:
    """Cells of a row by the name of their column, for kinds whose columns are known by name."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._index = {column_key(column.name): index for index, column in enumerate(columns)}

    def cell(self, row: Row, key: str) -> CellValue:
        """Return the cell of column `key` (lower case, letters only), None when there is none."""
        index = self._index.get(key, -1)
        return row.cells[index] if 0 <= index < len(row.cells) else None

    def text(self, row: Row, key: str) -> str:
        """Return the cell as text, empty when there is none."""
        value = self.cell(row, key)
        return "" if value is None else str(value)

    def amount(self, row: Row, key: str) -> int | None:
        """Return the cell as a whole number, None when it is not one."""
        value = number(key, self.cell(row, key))
        return None if value is None else int(value)


RowDifference = Callable[[CellReader, Row | None, Row | None, float], list[TimelineEntry]]
"""Words for one row's change: (reader, before, after, at); None means not there."""


def node_changes(reader: CellReader, before: Row | None, after: Row | None, at: float) -> list[TimelineEntry]:
    """Return what happened to a node: added, removed, ready, not ready, cordoned, another version."""
    row = after or before
    if row is None:
        return []

    def entry(severity: Severity, text: str) -> TimelineEntry:
        return TimelineEntry(at, row.stamp, severity, f"node/{row.name}", text)

    if before is None or after is None:
        return [entry(Severity.INFO, "node joined") if after else entry(Severity.WARNING, "node was removed")]
    was, now = (set(reader.text(each, "status").split(",")) for each in (before, after))
    found = []
    if ("Ready" in was) != ("Ready" in now):
        ready = "Ready" in now
        found.append(entry(Severity.GOOD if ready else Severity.BAD, "node is ready" if ready else "node is not ready"))
    if ("SchedulingDisabled" in was) != ("SchedulingDisabled" in now):
        cordoned = "SchedulingDisabled" in now
        found.append(entry(Severity.WARNING if cordoned else Severity.INFO, "cordoned" if cordoned else "uncordoned"))
    versions = reader.text(before, "version"), reader.text(after, "version")
    if all(versions) and versions[0] != versions[1]:
        found.append(entry(Severity.INFO, f"kubelet went from {versions[0]} to {versions[1]}"))
    return found


def workload_changes(kind: str) -> RowDifference:
    """Return the difference for workloads of `kind` (`deployment`, `statefulset`, `daemonset`)."""

    def difference(reader: CellReader, before: Row | None, after: Row | None, at: float) -> list[TimelineEntry]:
        row = after or before
        if row is None:
            return []

        def entry(severity: Severity, text: str) -> TimelineEntry:
            return TimelineEntry(at, row.stamp, severity, f"{kind}/{row.namespace}/{row.name}", text)

        if before is None or after is None:
            return [entry(Severity.INFO, "was created") if after else entry(Severity.WARNING, "is gone")]
        return [entry(*change) for change in _workload(reader, before, after)]

    return difference


def _workload(reader: CellReader, before: Row, after: Row) -> Iterator[tuple[Severity, str]]:
    images = reader.text(before, "images"), reader.text(after, "images")
    if all(images) and images[0] != images[1]:
        yield Severity.INFO, f"rollout of {images[1]}"
    (had, wanted_before), (have, wanted) = readiness(reader, before), readiness(reader, after)
    if wanted_before != wanted:
        yield Severity.INFO, f"scaled from {wanted_before} to {wanted}"
    if have < wanted and had >= wanted_before:
        yield (Severity.BAD if not have else Severity.WARNING), f"{have} of {wanted} ready"
    elif have < wanted and not have and had:
        yield Severity.BAD, f"0 of {wanted} ready"
    elif have >= wanted and had < wanted_before:
        yield Severity.GOOD, f"{have} of {wanted} ready"


def readiness(reader: CellReader, row: Row) -> tuple[int, int]:
    """Return how many of a workload's pods are ready and how many it wants (`READY 1/2`, or DESIRED and READY)."""
    parts = ratio(reader.cell(row, "ready"))
    if parts is not None:
        return parts
    return reader.amount(row, "ready") or 0, reader.amount(row, "desired") or 0


def warning_changes(reader: CellReader, rows: Sequence[Row], at: float) -> list[TimelineEntry]:
    """Return warning events as entries: one for each reason, naming the object or how many there are."""
    by_reason: dict[str, list[Row]] = {}
    for row in rows:
        by_reason.setdefault(reader.text(row, "reason"), []).append(row)
    return [_warning(reader, reason, same, at) for reason, same in by_reason.items()]


def _warning(reader: CellReader, reason: str, rows: Sequence[Row], at: float) -> TimelineEntry:
    first = rows[0]
    message = " ".join(reader.text(first, "message").split())
    kind, _, name = reader.text(first, "object").partition("/")
    place = f"{first.namespace}/" if first.namespace and kind != "node" else ""
    subject = f"{kind}/{place}{name}"
    if len(rows) > 1:
        subject = f"{kind}/{place}{name} and {len(rows) - 1} more"
    text = f"{reason}: {message}" if message else reason
    return TimelineEntry(at, first.stamp, Severity.WARNING, subject, text, len(rows))
