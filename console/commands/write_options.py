"""The options of every command that writes to the world: the same four words everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What the command line says to the write gate."""

    armed: bool = False
    """`--write`: without it, a command only shows its plan."""
    confirmed: bool = False
    """`--yes`: the plan is confirmed without being asked."""
    typed_names: tuple[str, ...] = ()
    """`--confirm NAME`: the names that protected stamps want typed."""
    overrides: tuple[str, ...] = ()
    """`--override RULE`: preconditions set aside by name; never without a reason."""
    reason: str = ""
    """`--reason TEXT`: why, for the audit log."""


def write_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the write gate; it receives them as one `WriteOptions` named `write`."""

    @wraps(command)
    def with_options(
        *args: Any,
        armed: bool,
        confirmed: bool,
        typed_names: tuple[str, ...],
        overrides: tuple[str, ...],
        reason: str,
        **kwargs: Any,
    ) -> Any:
        if overrides and not reason.strip():
            raise click.UsageError("--override wants a --reason: it goes to the audit log")
        shell_armed = bool(click.get_current_context().find_root().params.get("write"))
        options = WriteOptions(armed or shell_armed, confirmed, typed_names, overrides, reason.strip())
        return command(*args, write=options, **kwargs)

    decorated: Callable[..., Any] = with_options
    for option in reversed(
        (
            click.option("--write", "armed", is_flag=True, help="Really do it; otherwise only the plan is shown."),
            click.option("--yes", "confirmed", is_flag=True, help="Confirm the plan without being asked."),
            click.option(
                "--confirm", "typed_names", metavar="NAME", multiple=True, help="Name of a protected stamp, typed."
            ),
            click.option(
                "--override", "overrides", metavar="RULE", multiple=True, help="Set a precondition aside, by its name."
            ),
            click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log."),
        )
    ):
        decorated = option(decorated)
    return decorated
