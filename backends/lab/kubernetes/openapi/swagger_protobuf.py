"""The OpenAPI 2 document in the protobuf form that older clients ask for (openapiv2/OpenAPIv2.proto of gnostic)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backends.lab.kubernetes.protobuf.wire import field

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def encode(document: Mapping[str, Any]) -> bytes:
    """Return the document as bytes: definitions whole, of the paths what clients look for in operations."""
    info = field(1, document["info"]["title"]) + field(2, document["info"]["version"])
    paths = b"".join(_named(2, path, _path_item(item)) for path, item in document["paths"].items())
    schemas = b"".join(_named(1, name, _schema(schema)) for name, schema in document["definitions"].items())
    return field(1, document["swagger"]) + field(2, info) + field(8, paths) + field(9, schemas)


def _named(number: int, name: str, value: bytes) -> bytes:
    return field(number, field(1, name) + field(2, value))


def _extensions(number: int, holder: Mapping[str, Any]) -> bytes:
    """Encode `x-…` members: their value travels as YAML text, of which JSON is a part."""
    return b"".join(
        _named(number, key, field(2, json.dumps(value))) for key, value in holder.items() if key.startswith("x-")
    )


def _schema(schema: Mapping[str, Any]) -> bytes:
    found = b""
    for key, number in (("$ref", 1), ("format", 2), ("description", 4)):
        if key in schema:
            found += field(number, schema[key])
    for name in schema.get("required", ()):
        found += field(19, name)
    if isinstance(schema.get("additionalProperties"), Mapping):
        found += field(21, field(1, _schema(schema["additionalProperties"])))
    if "type" in schema:
        found += field(22, field(1, schema["type"]))
    if "items" in schema:
        found += field(23, field(1, _schema(schema["items"])))
    if "properties" in schema:
        inner = b"".join(_named(1, name, _schema(each)) for name, each in schema["properties"].items())
        found += field(25, inner)
    return found + _extensions(31, schema)


def _path_item(item: Mapping[str, Any]) -> bytes:
    return b"".join(field(number, _operation(item[method])) for method, number in _METHODS.items() if method in item)


def _operation(operation: Mapping[str, Any]) -> bytes:
    found = field(3, operation["description"]) + field(5, operation["operationId"])
    for media in operation.get("consumes", ()):
        found += field(7, media)
    for each in operation["parameters"]:
        query = field(2, "query") + field(3, each.get("description", "")) + field(4, each["name"])
        query += field(6, each["type"])
        found += field(8, field(1, field(2, field(3, query))))
    answers = b"".join(
        _named(1, code, field(1, field(1, answer["description"]))) for code, answer in operation["responses"].items()
    )
    return found + field(9, answers) + _extensions(13, operation)
