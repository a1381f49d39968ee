"""A group of commands whose modules are imported only when one of them runs.

`--help` and completion list names from a table: importing every command module for its one-line help would
cost 0.3 s at each press of the tab key.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class LazyCommand(NamedTuple):
    """Where a command is: `module:attribute`, and the line `--help` shows for it."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A click group over `LazyCommand` entries, listed in the table's order."""

    lazy: Mapping[str, LazyCommand] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        entry = self.lazy.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and summaries from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.lazy.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names from the table, and the group's own options."""
        from click.shell_completion import CompletionItem  # 1 ms, for the tab key alone

        found = [CompletionItem(name, help=e.summary) for name, e in self.lazy.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)
