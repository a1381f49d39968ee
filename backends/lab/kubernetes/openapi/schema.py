"""The shape of every Kubernetes type the lab knows: field names, types, protobuf numbers, merge keys.

The data is in `types/PACKAGE.txt`, one package a file, read when first asked for. A type is a line with its
name (and ` *` when it is a kind of its own); below it, one line a field:

    NUMBER NAME TYPE [o] [r] [key=MERGE_KEY] [patch=STRATEGY] [list=LIST_TYPE] [by=LIST_KEYS]

NUMBER is the field's number in protobuf. NAME `.` means the fields of TYPE stand in its place. TYPE is a
scalar, a type of the same package or `PACKAGE:NAME`, after `*` (a pointer: zero is kept), `[]` (a list) or
`{}` (a map of strings). `o`: left out when empty; `r`: required. Source: the struct tags of k8s.io/api.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_PLURAL_FORMS = "*", "[]", "{}"
SCALARS = frozenset(
    (
        *("string", "int32", "int64", "bool", "double", "bytes"),
        *("Time", "MicroTime", "Duration", "Quantity", "IntOrString", "RawExtension", "Fields"),
    )
)
META = "meta.v1"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `type` is a scalar or `PACKAGE:NAME`, `form` is empty, `[]`, `{}` or `{}[]`."""

    number: int
    name: str
    type: str
    form: str = ""
    pointer: bool = False
    omit_empty: bool = False
    required: bool = False
    merge_key: str = ""
    patch_strategy: str = ""
    list_type: str = ""
    list_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Type:
    """One type of a package; `fields` may hold inline ones named `.`."""

    package: str
    name: str
    is_kind: bool
    fields: tuple[Field, ...]

    @property
    def reference(self) -> str:
        """`core.v1:Pod`, how fields refer to it."""
        return f"{self.package}:{self.name}"


@lru_cache
def package(name: str) -> dict[str, Type]:
    """Return the types of `core.v1` or the like by name; empty when there is no such package."""
    source = files(__package__) / "types" / f"{name}.txt"
    if not source.is_file():
        return {}
    found: dict[str, Type] = {}
    heading, is_kind, fields = "", False, list[Field]()
    for line in [*source.read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("  "):
            fields.append(_field(name, line.split()))
            continue
        if heading:
            found[heading] = Type(name, heading, is_kind, tuple(fields))
        heading, is_kind, fields = line.removesuffix(" *"), line.endswith(" *"), []
    return found


def type_of(reference: str) -> Type:
    """Return the type behind `core.v1:Pod`; KeyError when it is not known."""
    where, _, name = reference.partition(":")
    return package(where)[name]


def plain_fields(kind: Type) -> Iterator[Field]:
    """Yield a type's fields with those of inline types in their place, as JSON has them."""
    for field in kind.fields:
        if field.name == ".":
            yield from plain_fields(type_of(field.type))
        else:
            yield field


def _field(package_name: str, words: list[str]) -> Field:
    number, name, spelled, *flags = words
    options = dict(flag.split("=", 1) for flag in flags if "=" in flag)
    pointer, form = False, ""
    while spelled.startswith(_PLURAL_FORMS):
        prefix = "*" if spelled.startswith("*") else spelled[:2]
        spelled = spelled[len(prefix) :]
        if prefix == "*":
            pointer = pointer or not form
        else:
            form += prefix
    local = spelled not in SCALARS and ":" not in spelled
    return Field(
        number=int(number),
        name=name,
        type=f"{package_name}:{spelled}" if local else spelled,
        form=form,
        pointer=pointer,
        omit_empty="o" in flags,
        required="r" in flags,
        merge_key=options.get("key", ""),
        patch_strategy=options.get("patch", ""),
        list_type=options.get("list", ""),
        list_keys=tuple(options.get("by", "").split("+")) if "by" in options else (),
    )
