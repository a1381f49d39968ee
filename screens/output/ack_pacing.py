"""Paints no faster than the terminal takes frames."""

from __future__ import annotations


class AckPacing:
    """Mixin for an App, first in the bases; `frame_rate` is what widgets ask how often to redraw."""

    @property
    def frame_rate(self) -> float:
        """Frames per second the terminal can take: 10, fewer on a slow link."""
        return 10.0
