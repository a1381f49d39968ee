"""The object a command line names: `deployment/web`, in the namespace given or the one of the stamp's context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.commands.namespaces import namespace_option, namespaces_of

if TYPE_CHECKING:
    from console.wiring import Services

_WORKLOADS = ("deployment", "statefulset", "daemonset", "replicaset")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ObjectName:
    """A kind as kubectl knows it, and a name of it; `namespace` None: each stamp's own."""

    kind: str
    name: str
    namespace: str | None = None

    def on(self, services: Services, stamp: str) -> tuple[str, str, str]:
        """Return kind, name and namespace on one stamp."""
        (found,) = (each for each in services.settings.stamps if each.name == stamp)
        namespace = namespaces_of([found], self.namespace).by_stamp[stamp]
        assert namespace is not None
        return self.kind, self.name, namespace


def workload_argument(command: Command) -> Command:
    """Give a command KIND/NAME and `-n`; it receives them as `kind_name` and `namespace`."""
    decorated = namespace_option(command)
    argument: Callable[[Command], Command] = click.argument(
        "kind_name", metavar="KIND/NAME", shell_complete=complete_workloads
    )
    return argument(decorated)


def read_name(kind_name: str, namespace: str | None) -> ObjectName:
    """Return the object a word such as `deployment/web` names; a usage error when it is not such a word."""
    kind, slash, name = kind_name.partition("/")
    if not (kind and slash and name) or "/" in name:
        raise click.BadParameter(f"{kind_name!r} is not KIND/NAME, such as deployment/ratings-web")
    return ObjectName(kind, name, namespace)


def complete_workloads(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the kind of a workload."""
    return [
        f"{kind}/" for kind in ("deployment", "statefulset", "replicaset", "daemonset") if kind.startswith(incomplete)
    ]
