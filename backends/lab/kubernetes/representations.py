"""Objects as bytes, in the form the caller chose: plain, Table rows, metadata alone."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from backends.lab.kubernetes import tables
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.conversion import present
from backends.lab.kubernetes.negotiation import Form
from backends.lab.kubernetes.statuses import bad_request
from backends.lab.kubernetes.tables.custom import custom_printer
from backends.lab.kubernetes.tables.printer import Printer
from backends.lab.objects import Object

encode = msgspec.json.Encoder().encode
_INCLUDES = ("", "None", "Metadata", "Object")


class Representation:
    """Turns stored objects of one resource into what one caller asked for."""

    def __init__(self, context: ApiContext, resource: Resource, form: Form, include: str = "") -> None:
        if form.is_table and include not in _INCLUDES:
            raise bad_request(
                f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
                "must be 'Metadata', 'Object', 'None', or empty"
            )
        self._context = context
        self._resource = resource
        self._include = include or "Metadata"
        self.form = form
        self._printer: Printer | None = self._find_printer() if form.is_table else None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this representation from others of the same object."""
        return (self._resource.api_version, self.form.shape, self.form.version, self._include)

    def _find_printer(self) -> Printer:
        if self._context.served.is_custom(self._resource):
            return custom_printer(self._context.served.printer_columns(self._resource))
        return tables.printer(self._resource.storage or self._resource.full_name, self._context.version)

    # single objects

    def one(self, obj: Object) -> bytes:
        """Return the body of an answer that is one object."""
        if self.form.is_table:
            return self.table([obj], obj["metadata"].get("resourceVersion", ""), columns=True)
        if self.form.is_partial:
            return self._finish(self._partial(obj))
        return self._finish(present(obj, self._resource))

    def _partial(self, obj: Object) -> dict[str, Any]:
        return {"kind": "PartialObjectMetadata", "apiVersion": self.form.api_version, "metadata": obj["metadata"]}

    def _finish(self, value: Any) -> bytes:
        if self.form.yaml:
            return yaml.safe_dump(value, sort_keys=True, default_flow_style=False, allow_unicode=True).encode()
        return encode(value)

    # collections

    def many(self, objects: list[Object], revision: int, token: str, remaining: int | None) -> bytes:
        """Return the body of a list answer."""
        meta: dict[str, Any] = {"resourceVersion": str(revision)} if revision else {}
        if token:
            meta["continue"] = token
            if remaining:
                meta["remainingItemCount"] = remaining
        if self.form.is_table:
            return self._table(objects, meta, columns=True)
        if self.form.is_partial:
            items = [self._partial(obj) for obj in objects]
            kind, api_version = "PartialObjectMetadataList", self.form.api_version
        else:
            items = [self._item(obj) for obj in objects]
            kind, api_version = self._resource.list_kind, self._resource.api_version
        return self._finish({"kind": kind, "apiVersion": api_version, "metadata": meta, "items": items})

    def _item(self, obj: Object) -> Object:
        shown = present(obj, self._resource)
        if self._context.served.is_custom(self._resource):
            return shown
        # Items of typed lists carry no kind of their own, as Go's encoder of embedded TypeMeta leaves it out.
        return {key: value for key, value in shown.items() if key not in ("kind", "apiVersion")}

    def table(self, objects: list[Object], revision: str, *, columns: bool) -> bytes:
        """Return a Table of these rows; events after the first of a watch leave the columns out."""
        return self._table(objects, {"resourceVersion": revision}, columns=columns)

    def _table(self, objects: list[Object], meta: dict[str, Any], *, columns: bool) -> bytes:
        assert self._printer is not None
        now = self._context.times.real(self._context.clock.now())
        rows = [self._row(obj, now) for obj in objects]
        table = {
            "kind": "Table",
            "apiVersion": self.form.api_version,
            "metadata": meta,
            "columnDefinitions": self._printer.columns if columns else [],
            "rows": rows,
        }
        return self._finish(table)

    def _row(self, obj: Object, now: float) -> dict[str, Any]:
        assert self._printer is not None
        times = self._context.times
        timed = msgspec.json.decode(times.shown(encode(obj))) if times.translates else obj
        row: dict[str, Any] = {"cells": self._printer.cells(timed, now)}
        conditions = tables.conditions(self._resource.storage, obj)
        if conditions:
            row["conditions"] = conditions
        if self._include == "Metadata":
            row["object"] = self._partial(obj)
        elif self._include == "Object":
            row["object"] = present(obj, self._resource)
        return row

    def event(self, kind: str, obj: Object, *, first: bool) -> bytes:
        """Return one watch event as its line."""
        if self.form.is_table:
            body = self.table([obj], obj["metadata"]["resourceVersion"], columns=first)
        elif self.form.is_partial:
            body = encode(self._partial(obj))
        else:
            body = encode(present(obj, self._resource))
        body = self._context.times.shown(body)
        return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"

    def bookmark(self, revision: int, *, first: bool, initial_end: bool = False) -> bytes:
        """Return a BOOKMARK event: an object of the kind with nothing but the revision."""
        meta: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if initial_end:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        bare: dict[str, Any] = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": meta}
        if self.form.is_table:
            assert self._printer is not None
            partial = {"kind": "PartialObjectMetadata", "apiVersion": self.form.api_version, "metadata": meta}
            shown = {"Metadata": partial, "Object": bare}.get(self._include)
            row = {"cells": [None] * len(self._printer.columns), **({"object": shown} if shown else {})}
            bare = {
                "kind": "Table",
                "apiVersion": self.form.api_version,
                "metadata": {"resourceVersion": str(revision)},
                "columnDefinitions": self._printer.columns if first else [],
                "rows": [row],
            }
        elif self.form.is_partial:
            bare = {"kind": "PartialObjectMetadata", "apiVersion": self.form.api_version, "metadata": meta}
        return b'{"type":"BOOKMARK","object":' + encode(bare) + b"}\n"
