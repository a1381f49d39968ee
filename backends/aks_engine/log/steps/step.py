"""The shape of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backends.aks_engine.log.run_state import RunState
from backends.model.engine.line import EngineLine

Step = Callable[[RunState, EngineLine], None]
Steps = Mapping[str, Step]
"""By the message's id."""


def number(line: EngineLine, name: str) -> int:
    """Return the count that a message holds."""
    return int(line.fields[name])
