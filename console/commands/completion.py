"""`stampdeck completion`: the script a shell sources."""

from __future__ import annotations

import click

from console.commands.drawing import emit
from console.commands.exits import ExitCode

SHELLS = ("bash", "zsh", "fish")
_HOW = {
    "bash": 'eval "$(stampdeck completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(stampdeck completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "stampdeck completion fish | source     # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell, to be sourced at its start.

    Stamp names are completed from the configuration and kinds from a list: completing never uses the network.
    """
    from click.shell_completion import get_completion_class

    from console.commands.root import root

    found = get_completion_class(shell)
    assert found is not None, shell
    emit(found(root, {}, "stampdeck", "_STAMPDECK_COMPLETE").source())
    return ExitCode.WELL
