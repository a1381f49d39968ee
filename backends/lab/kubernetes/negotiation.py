"""What form of answer a caller accepts: plain objects, Tables or metadata alone, as JSON or YAML."""

from __future__ import annotations

from dataclasses import dataclass

from backends.lab.kubernetes.statuses import ApiError, not_acceptable

_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")


@dataclass(frozen=True, slots=True)
class Form:
    """The chosen form: `shape` is empty, `Table`, `PartialObjectMetadata` or `PartialObjectMetadataList`."""

    shape: str = ""
    version: str = "v1"
    yaml: bool = False

    @property
    def is_table(self) -> bool:
        return self.shape == "Table"

    @property
    def is_partial(self) -> bool:
        return self.shape.startswith("PartialObjectMetadata")

    @property
    def api_version(self) -> str:
        """The apiVersion of the wrapping kind."""
        return f"meta.k8s.io/{self.version}"


@dataclass(frozen=True, slots=True)
class _Clause:
    media: str
    parameters: dict[str, str]


def _clauses(accept: str) -> list[_Clause]:
    found = []
    for part in accept.split(","):
        media, *rest = (piece.strip() for piece in part.split(";"))
        pairs = dict(piece.split("=", 1) for piece in rest if "=" in piece)
        found.append(_Clause(media.lower(), pairs))
    return found


def choose_form(accept: str, *, collection: bool) -> Form:
    """Return the first form of the Accept header that is spoken here; 406 when none is.

    Protobuf is not spoken: clients that prefer it name JSON too. Shapes are those of the meta.k8s.io group.
    """
    seen_shape = False
    for clause in _clauses(accept or "*/*"):
        yaml = clause.media == "application/yaml"
        if clause.media not in ("*/*", "application/*", "application/json") and not yaml:
            continue
        shape = clause.parameters.get("as", "")
        if not shape:
            return Form(yaml=yaml)
        seen_shape = True
        known = ("Table", "PartialObjectMetadataList" if collection else "PartialObjectMetadata")
        version = clause.parameters.get("v", "v1")
        if clause.parameters.get("g") == "meta.k8s.io" and version in ("v1", "v1beta1") and shape in known:
            return Form(shape, version, yaml)
    if seen_shape:
        raise not_acceptable(_MEDIA)
    raise ApiError(406, "NotAcceptable", "406: Not Acceptable", {})


def wants_aggregated_discovery(accept: str) -> str:
    """Return the version of APIGroupDiscoveryList the caller prefers to the old form, or an empty string."""
    for clause in _clauses(accept):
        if clause.parameters.get("as") == "APIGroupDiscoveryList" and clause.parameters.get("v") in ("v2", "v2beta1"):
            return clause.parameters["v"]
        if clause.media in ("application/json", "*/*"):
            return ""
    return ""
