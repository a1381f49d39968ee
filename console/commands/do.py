"""`stampdeck do ACTION`: change something on a stamp, through the write gate."""

from __future__ import annotations

import click

from console.commands.lazy import LazyCommand, LazyGroup

ACTIONS = {
    "annotate": LazyCommand("console.commands.do_object:annotate", "Set or remove annotations of an object."),
    "autoscale": LazyCommand("console.commands.do_workload:autoscale", "Let the cluster keep the replicas by CPU."),
    "continue": LazyCommand("console.commands.do_continue:go_on", "Take up what a console that ended left open."),
    "cordon": LazyCommand("console.commands.do_node:cordon", "Place no new pod on a node."),
    "delete": LazyCommand("console.commands.do_object:delete", "Delete an object and wait until it is gone."),
    "drain": LazyCommand("console.commands.do_node:drain", "Cordon a node and move its pods to other nodes."),
    "evict": LazyCommand("console.commands.do_object:evict", "Delete a pod as far as its budgets allow."),
    "label": LazyCommand("console.commands.do_object:label", "Set or remove labels of an object."),
    "pause": LazyCommand("console.commands.do_workload:pause", "Roll out nothing of a deployment for now."),
    "restart": LazyCommand("console.commands.do_workload:restart", "Replace every pod of a workload."),
    "resume": LazyCommand("console.commands.do_workload:resume", "Roll out what was changed while paused."),
    "rollback": LazyCommand("console.commands.do_workload:rollback", "Go back to a revision a workload had."),
    "scale": LazyCommand("console.commands.do_scale:scale", "Set the number of replicas of a workload."),
    "set-image": LazyCommand("console.commands.do_workload:set_image", "Run other images in a workload's containers."),
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
