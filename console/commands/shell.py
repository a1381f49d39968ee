"""What every command shares: the chosen configuration and stamps, and the options that mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.commands.chosen import Shell as Shell
from console.durations import parse_duration

Command = TypeVar("Command", bound=Callable[..., Any])


pass_shell = click.make_pass_decorator(Shell)


# Before click 8.4 the base class cannot be subscripted when the program runs.
if TYPE_CHECKING:
    _FloatType = click.ParamType[float]
else:
    _FloatType = click.ParamType


class Duration(_FloatType):
    """Seconds, written `15m`, `2h`, `90s`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds, or fail saying what is accepted."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is {error}", param, ctx)


def complete_stamps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete stamp names from the configuration; a broken one completes nothing."""
    from backends.errors import StampdeckError
    from console.configuration import load_settings

    try:
        stamps = load_settings(ctx.find_root().params.get("config")).stamps
    except StampdeckError:
        return []
    return [stamp.name for stamp in stamps if stamp.name.startswith(incomplete)]


def stamp_option(command: Command) -> Command:
    """Give a command `--stamp NAME`, repeatable; all stamps when it is not given."""
    return click.option(
        "--stamp",
        "stamps",
        metavar="NAME",
        multiple=True,
        shell_complete=complete_stamps,
        help="Only this stamp (repeatable); all of them when not given.",
    )(command)


def output_option(*formats: str) -> Callable[[Command], Command]:
    """Give a command `-o/--output FORMAT`; the first format is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to print."
    )
