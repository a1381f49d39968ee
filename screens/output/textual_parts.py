"""The inner parts of Textual that writing changed cells stands on, and whether this Textual still has them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path

import textual
from textual import _compositor
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

__all__ = ["ChopsUpdate", "LayoutUpdate", "why_stock"]

TRIED_SERIES = ("8.2",)
"""Series of Textual releases with which the screens were compared cell by cell."""


def why_stock(environ: Mapping[str, str] = os.environ) -> str:
    """Return why Textual's own output is to be used, or an empty text when changed cells can be written."""
    if environ.get("STAMPDECK_OUTPUT", "").lower() == "stock":
        return "STAMPDECK_OUTPUT=stock"
    installed = _version()
    if not installed.startswith(tuple(f"{series}." for series in TRIED_SERIES)):
        return f"Textual {installed} was not tried; known to work: {', '.join(TRIED_SERIES)}"
    missing = _missing_parts()
    return f"Textual {installed} lacks {', '.join(missing)}" if missing else ""


def _version() -> str:
    """Return the version of Textual as the folder beside it names it."""
    found = [each.name for each in Path(textual.__file__).parents[1].glob("textual-*.dist-info")]
    if len(found) == 1:
        return found[0].removeprefix("textual-").removesuffix(".dist-info")
    # Not at the top: it brings the email package, 15 ms before the first paint.
    from importlib.metadata import version

    return version("textual")


def _missing_parts() -> list[str]:
    """Return the names of inner parts that are gone or take other arguments than expected."""
    expected: list[tuple[object, str, tuple[str, ...]]] = [
        (LayoutUpdate, "__init__", ("self", "strips", "region")),
        (ChopsUpdate, "__init__", ("self", "chops", "spans", "chop_ends")),
        (App, "_display", ("self", "screen", "renderable")),
        (App, "_begin_update", ("self",)),
        (App, "_end_update", ("self",)),
        (App, "post_display_hook", ("self",)),
        (_compositor.Compositor, "render_full_update", ("self", "simplify")),
        (Screen, "_on_idle", ("self", "event")),
        (Screen, "_on_timer_update", ("self",)),
        (Strip, "render_ansi", ("style", "color_system")),
    ]
    return [
        f"{getattr(owner, '__name__', owner)}.{name}"
        for owner, name, parameters in expected
        if tuple(inspect.signature(getattr(owner, name, _absent)).parameters) != parameters
    ]


def _absent(*nothing_like_it: object) -> None:
    """Stands for a part that is gone: its signature equals none expected."""
