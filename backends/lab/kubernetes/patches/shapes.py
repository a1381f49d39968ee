"""What the type of a field means for merging: which lists are maps by a key, which values are one piece."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from backends.lab.kubernetes.openapi.packages import find_kind
from backends.lab.kubernetes.openapi.schema import Field, plain_fields, type_of

# Types marked +structType=atomic in k8s.io/api: owned and replaced as a whole.
_ATOMIC = frozenset(
    (
        "meta.v1:LabelSelector",
        "core.v1:ConfigMapKeySelector",
        "core.v1:LocalObjectReference",
        "core.v1:NodeSelector",
        "core.v1:NodeSelectorTerm",
        "core.v1:ObjectFieldSelector",
        "core.v1:ObjectReference",
        "core.v1:ResourceFieldSelector",
        "core.v1:SecretKeySelector",
        "core.v1:SecretReference",
        "core.v1:TypedLocalObjectReference",
        "autoscaling.v1:CrossVersionObjectReference",
        "rbac.v1:RoleRef",
    )
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of one value: `reference` names a struct (empty: unknown), `field` is how the parent declares it."""

    reference: str = ""
    field: Field | None = None

    @property
    def is_atomic(self) -> bool:
        """Whether the value has one owner as a whole."""
        return self.reference in _ATOMIC and (self.field is None or not self.field.form)

    @property
    def can_be_left_out(self) -> bool:
        """Whether the structure is one that need not be there: a pointer, a list or a map, and optional."""
        return self.field is not None and self.field.omit_empty and (self.field.pointer or bool(self.field.form))

    @property
    def is_string_map(self) -> bool:
        """Whether it is a map whose keys are data (labels, annotations, data)."""
        return self.field is not None and self.field.form.startswith("{}")

    @property
    def list_keys(self) -> tuple[str, ...]:
        """The keys of an associative list, () for others."""
        return self.field.list_keys if self.field is not None and self.field.list_type == "map" else ()

    @property
    def is_set(self) -> bool:
        """Whether it is a list of unique scalars that several can add to."""
        return self.field is not None and self.field.list_type == "set"

    @property
    def merge_key(self) -> str:
        """The key strategic merge matches elements by, empty when the list is replaced (or of scalars)."""
        return self.field.merge_key if self.field is not None else ""

    @property
    def merges_scalars(self) -> bool:
        """Whether strategic merge joins a list of scalars instead of replacing it."""
        return self.field is not None and not self.field.merge_key and "merge" in self.field.patch_strategy

    def child(self, name: str) -> Shape:
        """Return the shape of a named field (or of the value under a map's key)."""
        if self.is_string_map:
            return Shape("" if self.field is None else self.reference)
        if self.reference == UNKNOWN_KIND.reference:
            return metadata_shape() if name == "metadata" else Shape()
        field = _fields(self.reference).get(name) if self.reference else None
        return Shape(field.type if field and ":" in field.type else "", field)

    @property
    def element(self) -> Shape:
        """Return the shape of one element of this list."""
        return Shape(self.reference)


@lru_cache(maxsize=2048)
def _fields(reference: str) -> dict[str, Field]:
    try:
        return {field.name: field for field in plain_fields(type_of(reference))}
    except KeyError:
        return {}


def shape_of(group: str, version: str, kind: str) -> Shape:
    """Return the shape of a kind; of custom resources only the metadata is known."""
    found = find_kind(group, version, kind)
    return Shape(found.reference) if found else UNKNOWN_KIND


UNKNOWN_KIND = Shape("a kind of its own")
"""A custom resource: nothing but its metadata has a known type."""


def fields_of(reference: str) -> dict[str, Field]:
    """Return the fields of a type by name; empty when it is not known."""
    return _fields(reference)


def metadata_shape() -> Shape:
    """Return the shape of ObjectMeta."""
    return Shape("meta.v1:ObjectMeta")
