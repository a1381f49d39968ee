"""The shape of an entry of the failure catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from backends.model.engine.progress import Retry


@dataclass(frozen=True, slots=True)
class Kind:
    """A failure known by what the engine says of it.

    `pattern` is searched in the message; `cause` and `todo` may name its groups. Failures of one family are the same
    trouble told more or less exactly: the kind that stands earlier in the catalogue is the more exact. One that is
    `only_within` tells nothing by itself, it only makes another of its family more exact.
    """

    id: str
    pattern: str
    cause: str
    todo: str
    retry: Retry
    family: str = ""
    only_within: bool = False

    @property
    def of(self) -> str:
        """The family, its own id when it has none."""
        return self.family or self.id
