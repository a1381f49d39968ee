"""Writes to the terminal only the cells that changed."""

from __future__ import annotations


class DiffOutput:
    """Mixin for an App, before App in the bases: class StampdeckApp(AckPacing, DiffOutput, App[None])."""
