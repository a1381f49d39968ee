"""What a run said, compared with a recorded one by its messages alone: the error's text is another matter."""

from __future__ import annotations

import difflib

from tests.lab.engine.reading import comparable, recorded
from tests.lab.engine.stand import Outcome


def differences(outcome: Outcome, scenario: str) -> list[str]:
    """Return how a run differs from a recorded one in its exit code and the messages of both streams."""
    real = recorded(scenario)
    found = [] if outcome.code == real["exit"] else [f"exit code {outcome.code}, not {real['exit']}", outcome.err]
    for stream in "OE":
        found += difflib.unified_diff(comparable(real[stream]), comparable(outcome.said[stream]), lineterm="")
    return found
