"""What an operator asks of one stamp: the change, what it needs, and the command line that would do the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Impact(StrEnum):
    """How much a change can hurt the service on its stamp; decides which preconditions are asked."""

    NONE = "none"
    """Adds or marks: uncordon, label, a larger scale."""
    CAREFUL = "careful"
    """Takes capacity or a choice away without stopping what runs: cordon, an autoscaler's limits, a shell."""
    DISRUPTIVE = "disruptive"
    """Stops something that runs: drain, restart, delete, a smaller scale, another image."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb on a kind that the change needs, as a SelfSubjectAccessReview asks for it."""

    verb: str
    kind: str
    namespace: str | None = None
    subresource: str = ""

    def __str__(self) -> str:
        kind = f"{self.kind}/{self.subresource}" if self.subresource else self.kind
        return f"{self.verb} {kind}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class Target:
    """The object a change is about: `kind` is any of kubectl's names, `namespace` None for cluster-wide kinds."""

    kind: str
    name: str
    namespace: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class Change:
    """One change on one stamp, complete enough to be shown, recorded, and taken up again after a restart.

    `action` is the word of `stampdeck do`; `parameters` are plain JSON values, never a secret; `command` is
    the kubectl line that does the same, ready to paste.
    """

    action: str
    stamp: str
    target: Target
    summary: str
    command: str
    impact: Impact
    needs: tuple[Permission, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes_lock: bool = True
    """False for what leaves the stamp to whoever works there, as a shell does: it waits for no lock and holds none."""
