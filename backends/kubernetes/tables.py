"""Server-printed Tables, and plain lists where Tables are refused, decoded into rows.

Formats: meta.k8s.io/v1 (1.15 and newer) and v1beta1 Table, WatchEvent. Only what is shown is decoded; labels and
owners are decoded once per distinct text, because most rows of a kind share theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from backends.kubernetes.failures import Status
from backends.kubernetes.shared_texts import SharedTexts
from backends.model.age import format_duration, parse_time
from backends.model.table import CellValue, Column, Row

T = TypeVar("T")

ACCEPT_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
ACCEPT_METADATA = (
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,"
    "application/json;as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io,application/json"
)
ACCEPT_METADATA_EVENTS = (
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,"
    "application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io,application/json"
)
PLAIN_COLUMNS = (Column("Name", "string", "name"), Column("Age", "string"))
"""What is shown of a kind whose server prints no Table."""

_KEPT_TEXTS = 20_000
_NOTHING = msgspec.Raw()


class Metadata(msgspec.Struct, gc=False):
    """An object's metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    version: str = msgspec.field(default="", name="resourceVersion")
    created: datetime | None = msgspec.field(default=None, name="creationTimestamp")
    deleted: str | None = msgspec.field(default=None, name="deletionTimestamp")
    labels: msgspec.Raw = _NOTHING
    owners: msgspec.Raw = msgspec.field(default=_NOTHING, name="ownerReferences")


class ListMetadata(Metadata, gc=False):
    """A list's metadata: where it goes on, and how much is estimated to be left."""

    continues: str = msgspec.field(default="", name="continue")
    remaining: int | None = msgspec.field(default=None, name="remainingItemCount")


class PlainObject(msgspec.Struct, gc=False):
    """Any object, reduced to what every object has."""

    metadata: Metadata


class TableRow(msgspec.Struct, gc=False):
    """One printed line and the metadata of its object."""

    cells: tuple[CellValue, ...]
    object: PlainObject


class Table(msgspec.Struct, gc=False):
    """A Table, or the parts of a Status and of any object that can stand in its place."""

    kind: str = ""
    metadata: ListMetadata | None = None
    columns: list[Column] | None = msgspec.field(default=None, name="columnDefinitions")
    rows: list[TableRow] | None = None
    message: str = ""
    reason: str = ""
    code: int = 0

    @property
    def continues(self) -> str:
        """The token of the next page of a list, empty at the last."""
        return self.metadata.continues if self.metadata else ""

    @property
    def remaining(self) -> int | None:
        """How many objects the server estimates are on later pages, None when it does not say."""
        return self.metadata.remaining if self.metadata else None


class PlainList(msgspec.Struct, gc=False):
    """A list of objects of any kind."""

    kind: str = ""
    metadata: ListMetadata | None = None
    items: list[PlainObject] | None = None

    @property
    def continues(self) -> str:
        """The token of the next page, empty at the last."""
        return self.metadata.continues if self.metadata else ""

    @property
    def remaining(self) -> int | None:
        """How many objects the server estimates are on later pages, None when it does not say."""
        return self.metadata.remaining if self.metadata else None


class Event(msgspec.Struct, gc=False):
    """One line of a watch, its object left as it came."""

    type: str
    object: msgspec.Raw


class TableEvent(msgspec.Struct, gc=False):
    """One line of a watch of Tables."""

    type: str
    object: Table


class _Owner(msgspec.Struct):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


_TABLE = msgspec.json.Decoder(Table)
_LIST = msgspec.json.Decoder(PlainList)
_PLAIN = msgspec.json.Decoder(PlainObject)
_EVENT = msgspec.json.Decoder(Event)
_TABLE_EVENT = msgspec.json.Decoder(TableEvent)
_STATUS = msgspec.json.Decoder(Status)
_LABELS = msgspec.json.Decoder(dict[str, str] | None)
_OWNERS = msgspec.json.Decoder(list[_Owner] | None)


class WrongShape(Exception):
    """The bytes are not what the protocol promises; `args[0]` says what came instead, if that is known."""


class Page(msgspec.Struct):
    """One page of a list, as rows."""

    columns: tuple[Column, ...]
    rows: list[Row]
    version: str
    continues: str
    is_table: bool


class Change(msgspec.Struct, gc=False):
    """One change of a watch: a new or changed row, the uid of a row that is gone, or only a newer version."""

    version: str
    row: Row | None = None
    gone: str = ""
    columns: tuple[Column, ...] | None = None
    failure: Status | None = None


class RowReader:
    """Turns answers about one kind of one stamp into rows."""

    def __init__(self, stamp: str, kind: str) -> None:
        self._stamp = stamp
        self._kind = kind
        self._labels: dict[bytes, dict[str, str] | None] = {}
        self._owners: dict[bytes, str] = {}
        self._texts = SharedTexts()

    def page(self, body: bytes, now: float) -> Page:
        """Read one page of a list, printed `now` (seconds since the epoch)."""
        return self.rows_of(self.decode_page(body), now)

    def decode_page(self, body: bytes) -> Table | PlainList:
        """Decode one page of a list, without its rows being made; WrongShape when it is no list."""
        table = decode_table(body)
        if table.kind == "Table":
            return table
        if not table.kind.endswith("List"):
            raise WrongShape(table.kind)
        return _decode(_LIST, body)

    def rows_of(self, page: Table | PlainList, now: float) -> Page:
        """Make the rows of a decoded page, printed `now`."""
        version = page.metadata.version if page.metadata else ""
        if isinstance(page, Table):
            printed = page.rows or []
            cells = self._texts.rows([each.cells for each in printed])
            rows = self._rows(zip(cells, [each.object.metadata for each in printed], strict=True), now)
            return Page(tuple(page.columns or ()), rows, version, page.continues, is_table=True)
        rows = [self.plain_row(each.metadata, now) for each in page.items or ()]
        return Page(PLAIN_COLUMNS, rows, version, page.continues, is_table=False)

    def changes(self, lines: bytes, *, is_table: bool, now: float) -> Sequence[Change]:
        """Read complete lines of a watch."""
        if is_table:
            try:
                return [self._table_change(each, now) for each in _TABLE_EVENT.decode_lines(lines)]
            except msgspec.MsgspecError:
                pass  # one odd line: read this part again, line by line
        return [self._change(line, is_table, now) for line in lines.split(b"\n") if line.strip()]

    def row(self, cells: tuple[CellValue, ...], about: Metadata, now: float) -> Row:
        """Make one row."""
        return self._rows([(self._texts.row(cells), about)], now)[0]

    def _rows(self, printed: Iterable[tuple[tuple[CellValue, ...], Metadata]], now: float) -> list[Row]:
        """Make rows in one loop of as few calls as there can be: a list of thousands of them waits for it."""
        for kept in (self._labels, self._owners):
            if len(kept) > _KEPT_TEXTS:
                kept.clear()
        same, labels, owners, stamp = self._texts.one, self._labels, self._owners, self._stamp
        rows = []
        for cells, about in printed:
            labels_text, owners_text, created = bytes(about.labels), bytes(about.owners), about.created
            row = Row(
                f"{stamp}/{about.uid}" if about.uid else self._uid(about),
                stamp,
                same(about.namespace),
                about.name,
                cells,
                created.timestamp() if created is not None else 0.0,
                labels[labels_text] if labels_text in labels else self._read_labels(labels_text),
                owners[owners_text] if owners_text in owners else self._read_owner(owners_text),
                about.version,
                about.deleted is not None,
                now,
            )
            rows.append(row)
        return rows

    def plain_row(self, about: Metadata, now: float) -> Row:
        """Make a row of name and age."""
        age = format_duration(now - about.created.timestamp()) if about.created is not None else ""
        return self.row((about.name, age), about, now)

    def _change(self, line: bytes, is_table: bool, now: float) -> Change:
        event = _decode(_EVENT, line)
        body = bytes(event.object)
        if event.type == "ERROR":
            return Change("", failure=_decode(_STATUS, body))
        if event.type == "BOOKMARK":
            return Change(_decode(_PLAIN, body).metadata.version)
        table = decode_table(body)
        if table.kind == "Table":
            return self._table_change(TableEvent(event.type, table), now)
        if is_table:
            raise WrongShape(table.kind)
        about = _decode(_PLAIN, body).metadata
        if event.type == "DELETED":
            return Change(about.version, gone=self._uid(about))
        return Change(about.version, row=self.plain_row(about, now))

    def _table_change(self, event: TableEvent, now: float) -> Change:
        table = event.object
        version = table.metadata.version if table.metadata else ""
        if event.type == "ERROR":
            return Change("", failure=Status("Status", table.message, table.reason, table.code))
        if event.type == "BOOKMARK" or not table.rows:
            return Change(version)
        printed = table.rows[0]
        about = printed.object.metadata
        version = about.version or version
        if event.type == "DELETED":
            return Change(version, gone=self._uid(about))
        columns = tuple(table.columns) if table.columns else None
        return Change(version, row=self.row(printed.cells, about, now), columns=columns)

    def _uid(self, about: Metadata) -> str:
        # Kinds that are computed at every read (ComponentStatus, metrics) have no uid.
        return f"{self._stamp}/{about.uid or f'{self._kind}/{about.namespace}/{about.name}'}"

    def _read_labels(self, text: bytes) -> dict[str, str] | None:
        found = self._labels[text] = _decode(_LABELS, text) if text else None
        return found

    def _read_owner(self, text: bytes) -> str:
        owners = (_decode(_OWNERS, text) if text else None) or ()
        found = self._owners[text] = next((f"{each.kind}/{each.name}" for each in owners if each.controller), "")
        return found


def decode_table(body: bytes) -> Table:
    """Decode a Table, bending what does not fit our types (a cell may be any JSON); WrongShape when it is not JSON."""
    try:
        return _TABLE.decode(body)
    except msgspec.ValidationError:
        return _lenient(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise WrongShape from None


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise WrongShape from None


def _lenient(body: bytes) -> Table:
    try:
        whole = msgspec.json.decode(body)
        if not isinstance(whole, dict):
            raise WrongShape(type(whole).__name__)
        if whole.get("kind") != "Table":
            return Table(kind=str(whole.get("kind", "")))
        columns = [
            Column(str(each.get("name", "")), str(each.get("type", "")), str(each.get("format", "")))
            for each in whole.get("columnDefinitions") or ()
        ]
        rows = [
            TableRow(tuple(_scalar(cell) for cell in each["cells"]), PlainObject(_metadata(each["object"]["metadata"])))
            for each in whole.get("rows") or ()
        ]
        return Table("Table", _list_metadata(whole.get("metadata") or {}), columns, rows)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise WrongShape("Table") from None


def _scalar(cell: Any) -> CellValue:
    return cell if cell is None or isinstance(cell, str | int | float) else msgspec.json.encode(cell).decode()


def _metadata(about: dict[str, Any]) -> Metadata:
    created = parse_time(str(about.get("creationTimestamp") or ""))
    return Metadata(
        name=str(about.get("name", "")),
        namespace=str(about.get("namespace", "")),
        uid=str(about.get("uid", "")),
        version=str(about.get("resourceVersion", "")),
        created=datetime.fromtimestamp(created).astimezone() if created else None,
        deleted=about.get("deletionTimestamp"),
    )


def _list_metadata(about: dict[str, Any]) -> ListMetadata:
    remaining = about.get("remainingItemCount")
    return ListMetadata(
        version=str(about.get("resourceVersion", "")),
        continues=str(about.get("continue", "")),
        remaining=remaining if isinstance(remaining, int) else None,
    )
