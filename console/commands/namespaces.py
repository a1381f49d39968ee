"""In which namespace a command looks: the one given, all of them, or each stamp's own as kubectl would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from backends.errors import ConfigurationError

if TYPE_CHECKING:
    from backends.model.stamp import Stamp

Command = TypeVar("Command", bound=Callable[..., Any])

_USUAL = "default"


def namespace_option(command: Command) -> Command:
    """Give a command `-n/--namespace NAME`; None when it is not given."""
    words = "Namespace; when not given, each stamp's own by the context in its kubeconfig, else default."
    return click.option("-n", "--namespace", metavar="NAME", default=None, help=words)(command)


@dataclass(frozen=True, slots=True)
class Namespaces:
    """By stamp, where to look; None is everywhere."""

    by_stamp: Mapping[str, str | None]

    @property
    def are_several(self) -> bool:
        """Whether a row has to say in which namespace it is."""
        return len(set(self.by_stamp.values())) != 1 or None in self.by_stamp.values()

    def __str__(self) -> str:
        names = dict.fromkeys(self.by_stamp.values())
        if None in names:
            return f"in all namespaces of {', '.join(self.by_stamp)}"
        places = (
            f"in namespace {name} of {', '.join(stamp for stamp, own in self.by_stamp.items() if own == name)}"
            for name in names
        )
        return " and ".join(places)


def namespaces_of(stamps: Iterable[Stamp], given: str | None, *, everywhere: bool = False) -> Namespaces:
    """Return where to look on each stamp."""
    if everywhere:
        return Namespaces(dict.fromkeys((stamp.name for stamp in stamps), None))
    return Namespaces({stamp.name: given or _own(stamp) for stamp in stamps})


def _own(stamp: Stamp) -> str:
    """Return the namespace of a stamp's context."""
    from backends.kubernetes.kubeconfig import read_context

    try:
        return read_context(stamp.cluster.kubeconfig, stamp.cluster.context).namespace or _USUAL
    except ConfigurationError:
        return _USUAL  # what is wrong with it is said by whoever connects
