"""What the runner on a helper VM writes about jobs, read without trusting any of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from backends.errors import Malformed
from backends.model import inert
from backends.model.job import CancelRequest, ForeignProcess, JobState, JobStatus, Signal


class _Status(msgspec.Struct, frozen=True):
    number: str
    state: JobState
    status: int | None
    pid: int
    started_at: float | None
    ended_at: float | None
    size: int
    dropped: int
    cancels: tuple[str, ...]
    why: str
    holder: str
    now: float


class _Foreign(msgspec.Struct, frozen=True):
    pid: int
    user: str
    started_at: float
    api_model: str
    command: str


_NUMBER = re.compile(rb'\{"number":"([A-Za-z0-9_-]{1,64})"')
_status = msgspec.json.Decoder(_Status)
_foreign = msgspec.json.Decoder(_Foreign)
_anything = msgspec.json.Decoder()


def read_status(output: bytes, stamp: str) -> JobStatus:
    """Decode the last line that tells of a job; Malformed with what was read when there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith(b"{"):
            return _decode(line, stamp)
    raise _malformed(output, "no line of JSON", stamp)


def read_list(output: bytes, stamp: str) -> tuple[JobStatus, ...]:
    """Decode one job a line; one whose files are damaged is told as lost, for the others count as well."""
    found = []
    for line in output.splitlines():
        try:
            found.append(_decode(line, stamp))
        except Malformed as error:
            if number := _NUMBER.match(line):
                found.append(JobStatus(number[1].decode(), JobState.LOST, why=f"its files are damaged: {error.why}"))
    return tuple(found)


def read_foreign(output: bytes, stamp: str) -> tuple[ForeignProcess, ...]:
    """Decode one process a line."""
    found = []
    for line in output.splitlines():
        try:
            each = _foreign.decode(_text(line))
        except (msgspec.DecodeError, ValueError) as error:
            raise _malformed(line, str(error), stamp) from None
        found.append(ForeignProcess(each.pid, each.user, each.command, each.api_model, each.started_at))
    return tuple(found)


def _decode(line: bytes, stamp: str) -> JobStatus:
    told, _, meta = line.partition(b"\t")
    try:
        read = _status.decode(_text(told))
    except (msgspec.DecodeError, ValueError) as error:
        raise _malformed(told, str(error), stamp) from None
    cancels = tuple(_cancel(each) for each in read.cancels)
    return JobStatus(
        number=read.number,
        state=read.state,
        size=read.size,
        status=read.status,
        started_at=read.started_at,
        ended_at=read.ended_at,
        now=read.now,
        pid=read.pid,
        dropped=read.dropped,
        cancelled=bool(cancels),
        why=read.why,
        holder=read.holder,
        meta=_meta(meta),
        cancels=cancels,
    )


def _cancel(told: str) -> CancelRequest:
    """Read `EPOCH SIGNAL WHO`; what is damaged counts all the same, for somebody did cancel it."""
    at, _, rest = told.partition(" ")
    signal, _, who = rest.partition(" ")
    known = Signal(signal) if signal in Signal.__members__ else Signal.INT
    return CancelRequest(known, who, float(at) if at.isdecimal() else 0.0)


def _meta(data: bytes) -> Mapping[str, Any]:
    """Read what was kept beside the job; {} when it is not ours: the job itself is no less known for that."""
    try:
        found = _anything.decode(_text(data))
    except (msgspec.DecodeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(data: bytes) -> str:
    """Names on the VM may be any bytes: those that are no text must not hide the job they belong to."""
    return data.decode("utf-8", "replace")


def _malformed(data: bytes, why: str, stamp: str) -> Malformed:
    shown = inert.line(_text(data[:300]).strip().replace("\n", " ")) or "nothing"
    return Malformed("cannot read what the helper VM says of a job", why=f"{why}; it said: {shown}", stamp=stamp)
