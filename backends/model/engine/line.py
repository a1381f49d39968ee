"""One line that aks-engine wrote, and what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from backends.model.fleet import Severity


class LineForm(StrEnum):
    """The shapes of a line in the engine's two streams."""

    COLOUR = "colour"
    """`INFO[0004] message`, in colour even without a terminal; the number counts seconds since the start."""
    LOGFMT = "logfmt"
    """`time=... level=... msg=...`"""
    ERROR = "error"
    """cobra's `Error: ...`: the last word of a failed command."""
    USAGE = "usage"
    """The help that cobra prints after an error; says nothing."""
    KLOG = "klog"
    """A line of the Kubernetes client's own log."""
    TABLE = "table"
    """A row of nodes, or its heading."""
    PANIC = "panic"
    """Part of a Go panic: the message and its goroutines."""
    STACK = "stack"
    """A frame of an error's stack trace."""
    ARM = "arm"
    """Part of an error that Azure Resource Manager answered."""
    PLAIN = "plain"
    """Anything else, kept as it is."""


@dataclass(frozen=True, slots=True)
class EngineLine:
    """A line in order of arrival.

    `text` is what it says without its prefix, inert and redacted; `message` is the catalogue's id of it, empty when it
    is not in the catalogue; `fields` are what the message names (node, pool, index, ...). `at` is its own time in
    seconds of the Unix epoch, None when the line has none and none can be told. `is_noise` marks what an operator can
    do without, `is_folded` what belongs under the line before it.
    """

    number: int
    form: LineForm
    text: str
    severity: Severity = Severity.INFO
    message: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    at: float | None = None
    is_noise: bool = False
    is_folded: bool = False
