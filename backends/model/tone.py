"""What a value says about itself; a screen gives each tone a style and never relies on colour alone."""

from __future__ import annotations

from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["good", "warn", "bad", "dim"]
