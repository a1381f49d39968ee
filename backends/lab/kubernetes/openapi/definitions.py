"""OpenAPI schemas of types, as version 2 (`definitions`) and version 3 (`components/schemas`) write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from backends.lab.kubernetes.openapi.descriptions import describe_field, describe_type
from backends.lab.kubernetes.openapi.packages import definition_name
from backends.lab.kubernetes.openapi.schema import SCALARS, Field, Type, plain_fields, type_of

Schema: TypeAlias = dict[str, Any]

_MACHINERY = "io.k8s.apimachinery.pkg"
_PLAIN: dict[str, Schema] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
}
_NAMED: dict[str, tuple[str, Schema]] = {
    "Time": (f"{_MACHINERY}.apis.meta.v1.Time", {"type": "string", "format": "date-time"}),
    "MicroTime": (f"{_MACHINERY}.apis.meta.v1.MicroTime", {"type": "string", "format": "date-time"}),
    "Duration": (f"{_MACHINERY}.apis.meta.v1.Duration", {"type": "string"}),
    "Quantity": (f"{_MACHINERY}.api.resource.Quantity", {"type": "string"}),
    "IntOrString": (f"{_MACHINERY}.util.intstr.IntOrString", {"type": "string", "format": "int-or-string"}),
    "RawExtension": (f"{_MACHINERY}.runtime.RawExtension", {"type": "object"}),
    "Fields": (f"{_MACHINERY}.apis.meta.v1.FieldsV1", {"type": "object"}),
}
"""Scalars with a definition of their own, which all fields refer to."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where references point, and whether they may have siblings (in version 3 they hide behind `allOf`)."""

    prefix: str
    wraps_references: bool

    def reference(self, name: str, description: str = "") -> Schema:
        """Return a schema that refers to a definition."""
        target = {"$ref": self.prefix + name}
        if not description:
            return target
        return (
            {"description": description, "allOf": [target]}
            if self.wraps_references
            else {"description": description, **target}
        )


V2 = Dialect("#/definitions/", wraps_references=False)
V3 = Dialect("#/components/schemas/", wraps_references=True)


def definitions(kinds: Iterable[tuple[Type, Sequence[Schema]]], dialect: Dialect) -> dict[str, Schema]:
    """Return definitions of types and all they refer to, by name.

    Each type comes with its x-kubernetes-group-version-kind entries (none for types that are no kind).
    """
    found: dict[str, Schema] = {}
    waiting = list(kinds)
    while waiting:
        kind, served_as = waiting.pop()
        name = definition_name(kind)
        if name in found:
            continue
        found[name] = _definition(kind, served_as, dialect)
        for field in plain_fields(kind):
            if field.type in _NAMED:
                scalar, schema = _NAMED[field.type]
                found[scalar] = schema
            elif field.type not in SCALARS:
                waiting.append((type_of(field.type), ()))
    return dict(sorted(found.items()))


def list_definition(item: str, kind: str, served_as: Sequence[Schema], dialect: Dialect) -> Schema:
    """Return the definition of a list of a kind, given the name of the item's definition."""
    meta = f"{_MACHINERY}.apis.meta.v1.ListMeta"
    return {
        "description": f"A list of {kind} objects.",
        "type": "object",
        "required": ["items"],
        "properties": {
            **_identity(),
            "items": {"type": "array", "items": dialect.reference(item), "description": "The objects."},
            "metadata": dialect.reference(meta, "Where the list stands: its revision, and how to go on."),
        },
        "x-kubernetes-group-version-kind": list(served_as),
    }


def _definition(kind: Type, served_as: Sequence[Schema], dialect: Dialect) -> Schema:
    properties = _identity() if kind.is_kind else {}
    for field in plain_fields(kind):
        properties[field.name] = _property(kind, field, dialect)
    required = sorted(field.name for field in plain_fields(kind) if field.required)
    schema: Schema = {"type": "object"}
    text = describe_type(kind)
    if text:
        schema["description"] = text
    if required:
        schema["required"] = required
    if properties:
        schema["properties"] = dict(sorted(properties.items()))
    if served_as:
        schema["x-kubernetes-group-version-kind"] = list(served_as)
    return schema


def _identity() -> dict[str, Schema]:
    return {
        "apiVersion": {"type": "string", "description": "Group and version of the API this object is written in."},
        "kind": {"type": "string", "description": "Which kind of object this is."},
    }


def _property(kind: Type, field: Field, dialect: Dialect) -> Schema:
    text = describe_field(kind, field.name)
    if not field.form:
        schema = _value(field, dialect, text)
    else:
        schema = _value(field, dialect, "")
        for form in reversed([field.form[at : at + 2] for at in range(0, len(field.form), 2)]):
            schema = (
                {"type": "array", "items": schema}
                if form == "[]"
                else {"type": "object", "additionalProperties": schema}
            )
        if text:
            schema["description"] = text
    if field.merge_key:
        schema["x-kubernetes-patch-merge-key"] = field.merge_key
        schema["x-kubernetes-patch-strategy"] = field.patch_strategy.replace("+", ",") or "merge"
    elif field.patch_strategy:
        schema["x-kubernetes-patch-strategy"] = field.patch_strategy.replace("+", ",")
    if field.list_type:
        schema["x-kubernetes-list-type"] = field.list_type
    if field.list_keys:
        schema["x-kubernetes-list-map-keys"] = list(field.list_keys)
    if dialect.wraps_references and "$ref" in schema and len(schema) > 1:
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    return schema


def _value(field: Field, dialect: Dialect, text: str) -> Schema:
    if field.type in _PLAIN:
        return {**({"description": text} if text else {}), **_PLAIN[field.type]}
    name = _NAMED[field.type][0] if field.type in _NAMED else definition_name(type_of(field.type))
    return dialect.reference(name, text)
