"""Logs of one container as batches of lines (core/v1 `pods/log`, PodLogOptions)."""

from __future__ import annotations

import calendar
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from backends.kubernetes.connection import Connection
from backends.kubernetes.lines import LineSplitter
from backends.model.age import parse_time
from backends.model.logs import LogLine, LogRequest

LINE_LIMIT = 64 * 1024
"""Longer lines are cut: a container that writes megabytes without a newline must not fill our memory."""


async def read_logs(connection: Connection, request: LogRequest) -> AsyncIterator[Sequence[LogLine]]:
    """Yield the lines of a container as they come, until it ends or the caller stops; raises SourceError."""
    path = f"/api/v1/namespaces/{quote(request.namespace)}/pods/{quote(request.pod)}/log"
    doing = f"read the log of {request.namespace}/{request.pod}"
    reader = LogReader(connection.stamp.name, request)
    async with connection.stream(path, _query(request), accept="*/*", doing=doing) as stream:
        async for chunk in stream.chunks:
            if lines := reader.push(chunk):
                yield lines
        if lines := reader.end():
            yield lines


class LogReader:
    """Turns the bytes of one container's log into lines with their times."""

    def __init__(self, stamp: str, request: LogRequest) -> None:
        self._stamp = stamp
        self._request = request
        self._splitter = LineSplitter()
        self._second = ("", 0.0)
        self._skipping = False

    def push(self, chunk: bytes) -> list[LogLine]:
        """Add bytes; return the lines that are complete now."""
        lines = self._splitter.push(chunk)
        if self._skipping and lines:
            lines = lines[lines.index(b"\n") + 1 :]
            self._skipping = False
        found = [self._line(each) for each in lines.split(b"\n")[:-1]]
        if self._splitter.size > LINE_LIMIT:
            rest = self._splitter.take()
            if not self._skipping:
                found.append(self._line(rest, "… (longer than the console reads)"))
            self._skipping = True
        return found

    def end(self) -> list[LogLine]:
        """Return the last line when the log did not end with a newline."""
        rest = self._splitter.take()
        return [self._line(rest)] if rest and not self._skipping else []

    def _line(self, raw: bytes, tail: str = "") -> LogLine:
        cut = len(raw) - LINE_LIMIT
        if cut > 0:
            tail = tail or f"… (+{cut:,} bytes)"
        whole = raw[:LINE_LIMIT].decode(errors="replace")
        stamp, _, text = whole.partition(" ")
        at = self._time(stamp)
        if not at:
            stamp, text = "", whole
        text = text.removesuffix("\r") + tail
        request = self._request
        return LogLine(at, self._stamp, request.namespace, request.pod, request.container, text, stamp)

    def _time(self, stamp: str) -> float:
        """Return an RFC 3339 time with nanoseconds as seconds since the epoch, 0.0 when it is none."""
        if len(stamp) < 20 or stamp[10] != "T":
            return 0.0
        if stamp[-1] != "Z" or stamp[19] not in ".Z":
            return parse_time(stamp)
        second, whole_s = self._second
        if stamp[:19] != second:
            try:
                parts = (stamp[:4], stamp[5:7], stamp[8:10], stamp[11:13], stamp[14:16], stamp[17:19])
                whole_s = float(calendar.timegm(tuple(map(int, parts))))
            except ValueError:
                return 0.0
            self._second = (stamp[:19], whole_s)
        fraction = stamp[19:-1]
        try:
            return whole_s + (float(f"0{fraction}") if fraction else 0.0)
        except ValueError:
            return 0.0


def _query(request: LogRequest) -> dict[str, str]:
    query = {"timestamps": "true"}
    if request.container:
        query["container"] = request.container
    if request.follow:
        query["follow"] = "true"
    if request.previous:
        query["previous"] = "true"
    if request.tail_lines is not None:
        query["tailLines"] = str(request.tail_lines)
    if request.since_time:
        query["sinceTime"] = request.since_time
    elif request.since_s is not None:
        query["sinceSeconds"] = str(request.since_s)
    return query
