"""`stampdeck vm`: what a person needs at a stamp's helper VM, and nothing a run needs."""

from __future__ import annotations

import click

from console.commands.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "trust": LazyCommand("console.commands.engine_trust:trust", "Remember a helper VM's host key, once compared."),
    "shell": LazyCommand("console.commands.vm_shell:shell", "A shell on it, or on a node through it."),
    "get": LazyCommand("console.commands.vm_copy:get", "Copy a file from it."),
    "put": LazyCommand("console.commands.vm_copy:put", "Copy a file to it, through the write gate."),
}


class VmGroup(LazyGroup):
    """What can be done at a helper VM."""

    lazy = COMMANDS


@click.command(cls=VmGroup)
def vm() -> None:
    """Be at a stamp's helper VM: its host key, a shell, files."""
