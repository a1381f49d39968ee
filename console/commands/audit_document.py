"""The documents `stampdeck audit` prints as JSON, and their types: they are its documented schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backends.model.journal import ChainCheck, JournalEvent
from backends.model.recorded import RecordedOperation

SCHEMA_NAME = "stampdeck.audit/1"

Time = Annotated[str, Meta(description="RFC 3339, UTC, microseconds.")]


class EventRecord(msgspec.Struct, frozen=True):
    """One row of the journal, as `stampdeck audit export` prints it, one a line."""

    number: Annotated[int, Meta(description="1 is the oldest; there are no gaps.")]
    operation: Annotated[str, Meta(description="The operation it belongs to; empty for none.")]
    at: Time
    at_us: Annotated[int, Meta(description="The same in microseconds since the Unix epoch, as it is hashed.")]
    kind: str
    person: str
    host: str
    process: Annotated[str, Meta(description="pid, start, boot and PID namespace of the process that wrote it.")]
    stamp: str
    data: Annotated[dict[str, Any], Meta(description="What the event holds; secrets are masked.")]
    hash: Annotated[
        str,
        Meta(
            description="SHA-256, in hex, of the JSON array [hash of the row before, number, operation, at_us, kind, "
            "person, host, process, stamp, data as a JSON text with sorted keys], written in ASCII without blanks. "
            "Before the first row stand 64 zeros."
        ),
    ]


class OperationRecord(msgspec.Struct, frozen=True):
    """One operation, put together from its events."""

    operation: str
    at: Time
    ended_at: Annotated[str | None, Meta(description="Null while it is open.")]
    person: str
    host: str
    stamp: str
    action: str
    target: str
    summary: str
    command: Annotated[str, Meta(description="The kubectl line that does the same.")]
    result: Annotated[
        str, Meta(description="done, refused, failed, cancelled, unverified, open, or the kind of a lone event.")
    ]
    why: str
    overrides: Annotated[list[str], Meta(description="Rules that were set aside.")]
    reason: Annotated[str, Meta(description="Why they were, in the operator's words.")]
    events: Annotated[list[int], Meta(description="Numbers of its rows.")]


class AuditDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `stampdeck audit -o json` prints: operations, or with --events their events."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    journal: Annotated[str, Meta(description="The file.")]
    operations: Annotated[list[OperationRecord] | None, Meta(description="Newest first.")] = None
    events: Annotated[list[EventRecord] | None, Meta(description="Oldest first.")] = None


class VerifyDocument(msgspec.Struct, frozen=True):
    """What `stampdeck audit verify -o json` prints."""

    schema: str
    journal: str
    holds: bool
    rows: Annotated[int, Meta(description="Rows read before the end or the first fault.")]
    head: Annotated[str, Meta(description="Hash of the last of them.")]
    broken_at: Annotated[int | None, Meta(description="The first row that is wrong or missing.")]
    why: str


def audit_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `stampdeck audit -o json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(AuditDocument)}


def operations_document(file: str, operations: tuple[RecordedOperation, ...]) -> dict[str, Any]:
    """Return the document of operations, as plain values."""
    return _plain(AuditDocument(SCHEMA_NAME, file, operations=[_operation(each) for each in operations]))


def events_document(file: str, events: list[JournalEvent]) -> dict[str, Any]:
    """Return the document of events, as plain values."""
    return _plain(AuditDocument(SCHEMA_NAME, file, events=[_event(each) for each in events]))


def verify_document(file: str, found: ChainCheck) -> dict[str, Any]:
    """Return the document of a check, as plain values."""
    return _plain(VerifyDocument(SCHEMA_NAME, file, found.holds, found.rows, found.head, found.broken_at, found.why))


def operation_record(operation: RecordedOperation) -> dict[str, Any]:
    """Return one operation as plain values, for a line of its own."""
    return _plain(_operation(operation))


def event_record(event: JournalEvent) -> dict[str, Any]:
    """Return one event as plain values, for a line of its own."""
    return _plain(_event(event))


def _operation(operation: RecordedOperation) -> OperationRecord:
    return OperationRecord(
        operation=operation.operation,
        at=_time(operation.at),
        ended_at=None if operation.ended_at is None else _time(operation.ended_at),
        person=operation.author.person,
        host=operation.author.host,
        stamp=operation.stamp,
        action=operation.action,
        target=operation.target,
        summary=operation.summary,
        command=operation.command,
        result=operation.result,
        why=operation.why,
        overrides=list(operation.overrides),
        reason=operation.reason,
        events=[each.number for each in operation.events],
    )


def _event(event: JournalEvent) -> EventRecord:
    author = event.author
    return EventRecord(
        number=event.number,
        operation=event.operation,
        at=_time(event.at),
        at_us=round(event.at * 1e6),
        kind=event.kind.value,
        person=author.person,
        host=author.host,
        process=author.process,
        stamp=event.stamp,
        data=dict(event.data),
        hash=event.hash,
    )


def _plain(document: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
