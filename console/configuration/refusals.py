"""Pydantic's refusals said in the words of someone who edits the file, at the place they belong to."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from backends.model.redact import Redactor
from console.configuration.located import Located, Path, dotted
from console.configuration.models import FleetFile
from console.configuration.problems import Problem

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
}


def problems_of(error: ValidationError, located: Located) -> list[Problem]:
    """Return one problem per refusal."""
    refusals = error.errors(include_url=False)
    problems = {each["loc"]: _problem(each, located) for each in refusals}
    # A misspelt required key is both unknown and missing: the spelling alone is what has to be said.
    meant = {
        (*each["loc"][:-1], problems[each["loc"]].todo.removeprefix("did you mean ").removesuffix("?"))
        for each in refusals
        if each["type"] == "extra_forbidden"
    }
    return [problems[each["loc"]] for each in refusals if each["type"] != "missing" or each["loc"] not in meant]


def _problem(refusal: Any, located: Located) -> Problem:
    path: Path = refusal["loc"]
    kind, found, context = refusal["type"], refusal["input"], refusal.get("ctx", {})
    if kind == "extra_forbidden":
        return Problem(*located.place(path, of_key=True), dotted(path), "unknown key", nearest_key(path))
    if kind == "missing":
        line, column = located.place(path[:-1])
        model = _model_at(path[:-1])
        about = (model.model_fields[str(path[-1])].description or "") if model else ""
        return Problem(line, column, dotted(path), "this key is required", about.split("; ")[0].rstrip("."))
    place = located.place(path)
    if kind in _WANTED:
        hint = "put it in quotes" if kind == "string_type" and not isinstance(found, dict | list | None) else ""
        return Problem(*place, dotted(path), f"must be {_WANTED[kind]}, found {show_found(found)}", hint)
    if kind == "enum":
        return Problem(*place, dotted(path), f"must be {context['expected']}, found {show_found(found)}")
    if kind == "value_error":
        return Problem(*place, dotted(path), f"found {show_found(found)}", str(context["error"]))
    limits = {
        "greater_than": "more than {gt:g}",
        "greater_than_equal": "at least {ge:g}",
        "less_than": "less than {lt:g}",
        "less_than_equal": "at most {le:g}",
    }
    if kind in limits:
        return Problem(*place, dotted(path), f"must be {limits[kind].format(**context)}, found {show_found(found)}")
    if kind in ("string_too_short", "too_short"):
        return Problem(*place, dotted(path), "must not be empty")
    return Problem(*place, dotted(path), f"{refusal['msg']}, found {show_found(found)}")


def show_found(found: Any) -> str:
    """Return what was found, shortly: its text for a scalar, its shape for anything else."""
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return f"{str(found).lower()} (a yes/no value)"
    if isinstance(found, dict):
        return "a mapping"
    if isinstance(found, list | tuple):
        return "a list"
    # Who puts a secret where none belongs must not see it again on a screen or in a build log.
    text = Redactor().line(repr(found) if isinstance(found, str) else str(found))
    return text if len(text) <= 60 else f"{text[:57]}…"


def nearest_key(path: Path) -> str:
    """Say which known key was probably meant by an unknown one, or where it belongs, or which ones there are."""
    name, model = str(path[-1]), _model_at(path[:-1])
    here = list(model.model_fields) if model else []
    close = difflib.get_close_matches(name, here, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    for section, keys in _sections(FleetFile, ""):
        if name in keys:
            return f"it belongs under {section}" if section else "it belongs to the top of the file"
    everywhere = {key: section for section, keys in _sections(FleetFile, "") for key in keys}
    close = difflib.get_close_matches(name, everywhere, n=1, cutoff=0.75)
    if close:
        section = everywhere[close[0]]
        return f"did you mean {close[0]} under {section}?" if section else f"did you mean {close[0]}?"
    return f"known here: {', '.join(here)}" if here else ""


def _model_at(path: Path) -> type[BaseModel] | None:
    """Return the model whose keys stand at a path, or None when there is none."""
    current: type[BaseModel] = FleetFile
    for part in path:
        if isinstance(part, int):
            continue
        field = current.model_fields.get(part)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return None
        current = inner
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, list, Union, types.UnionType):
        return next((model for each in get_args(annotation) if (model := _model_in(each))), None)
    return None


def _sections(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every section's dotted name with its keys, outer sections first."""
    yield prefix, list(model.model_fields)
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            listed = "[]" if get_origin(field.annotation) is tuple else ""
            yield from _sections(inner, f"{prefix}.{name}{listed}" if prefix else f"{name}{listed}")
