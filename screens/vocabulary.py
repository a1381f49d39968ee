"""The words commands may use, as far as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from backends.model.kinds import ResourceKind

USUAL_KINDS = ("pods", "deployments", "nodes", "services", "statefulsets", "events", "namespaces")
"""What is offered first, and what is known of before any stamp has answered."""


class Vocabulary(msgspec.Struct):
    """The words a command may use: filled in as stamps answer."""

    stamps: tuple[str, ...] = ()
    kinds: tuple[ResourceKind, ...] = ()
    namespaces: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    faults: bool = False

    def kind_names(self) -> list[str]:
        """Plural names (the usual ones first), then short names, then full names."""
        plural = dict.fromkeys((*USUAL_KINDS, *sorted(kind.resource for kind in self.kinds)))
        short = sorted({name for kind in self.kinds for name in kind.short_names})
        full = sorted(kind.full_name for kind in self.kinds if kind.group)
        return list(dict.fromkeys((*plural, *short, *full)))
