"""`stampdeck do ACTION`: change something on a stamp, through the write gate."""

from __future__ import annotations

import click

from console.commands.lazy import LazyCommand, LazyGroup

ACTIONS = {
    "cordon": LazyCommand("console.commands.do_node:cordon", "Place no new pod on a node."),
    "drain": LazyCommand("console.commands.do_node:drain", "Cordon a node and move its pods to other nodes."),
    "scale": LazyCommand("console.commands.do_scale:scale", "Set the number of replicas of a workload."),
    "uncordon": LazyCommand("console.commands.do_node:uncordon", "Let new pods be placed on a node again."),
}


class DoGroup(LazyGroup):
    """All actions."""

    lazy = ACTIONS


@click.command(
    cls=DoGroup,
    epilog="Exit codes: 0 done, or planned and nothing speaks against it; 1 failed, refused or cancelled; 2 usage; "
    "3 planned and refused by a rule, or done and not verified.",
)
def do() -> None:
    """Change something on a stamp.

    Without --write the plan is shown and nothing is done: rights, the rules over all stamps, a diff of the API's
    dry run, the kubectl line. With --write it is asked for confirmation (--yes confirms), written to the journal,
    done, and read back. A rule that refuses is set aside by --override RULE --reason TEXT.
    """
