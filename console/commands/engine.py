"""`stampdeck engine`: aks-engine on the stamps' helper VMs, and the machines' host keys."""

from __future__ import annotations

import click

from console.commands.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "show": LazyCommand("console.commands.engine_show:show", "What it is, what it offers, what the api model says."),
    "trust": LazyCommand("console.commands.engine_trust:trust", "Remember a helper VM's host key, once compared."),
}


class EngineGroup(LazyGroup):
    """What can be asked about engines."""

    lazy = COMMANDS


@click.command(cls=EngineGroup)
def engine() -> None:
    """Look at aks-engine on the stamps' helper VMs."""
