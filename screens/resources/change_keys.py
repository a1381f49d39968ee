"""What can be changed from a table, by kind; every one of them opens the dialog of the gate first."""

from __future__ import annotations

from screens.actions import Action

SCALED = frozenset({"deployments", "statefulsets", "replicasets", "replicationcontrollers"})
ROLLED = frozenset({"deployments", "statefulsets", "daemonsets"})
DEPLOYMENTS = frozenset({"deployments"})

ACTIONS = (
    Action("resources.cordon", "c", "Cordon", "give the node no new pods", "Change", footer="cordon", writes=True),
    Action(
        "resources.uncordon", "u", "Uncordon", "let the node take pods again", "Change", footer="uncordon", writes=True
    ),
    Action(
        "resources.drain",
        "r",
        "Drain",
        "move the node's pods elsewhere, by a plan",
        "Change",
        footer="drain",
        writes=True,
    ),
    Action("resources.delete", "ctrl+d", "Delete", "delete what is marked, or the row", "Change", writes=True),
    Action("resources.evict", "E", "Evict", "delete the pod as far as its budgets allow", "Change", writes=True),
    Action(
        "resources.edit", "e", "Edit", "edit the object in $EDITOR, then look at the difference", "Change", writes=True
    ),
    Action("resources.label", "L", "Label", "set or remove labels", "Change", writes=True),
    Action("resources.annotate", "ctrl+n", "Annotate", "set or remove annotations", "Change", writes=True),
    Action("resources.scale", "s", "Scale", "set the number of replicas", "Change", footer="scale", writes=True),
    Action("resources.restart", "r", "Restart", "replace every pod, as an update does", "Change", writes=True),
    Action("resources.set-image", "i", "Set image", "run another image in its containers", "Change", writes=True),
    Action("resources.rollback", "ctrl+l", "Roll back", "go back to a revision it had", "Change", writes=True),
    Action("resources.autoscale", "H", "Autoscale", "let the cluster keep the replicas by CPU", "Change", writes=True),
    Action("resources.pause", "z", "Pause rollout", "roll out nothing until it is resumed", "Change", writes=True),
    Action("resources.shell", "s", "Shell", "run a shell, or a command, in a container", "Pod", "shell", writes=True),
    Action("resources.resume", "Z", "Resume rollout", "roll out what was changed meanwhile", "Change", writes=True),
)
"""Keys as fingers know them from k9s where it has them."""

FORWARD = Action("resources.forward", "F", "Port-forward", "lead a port of this machine to the pod; :pf lists", "Row")
"""No change: it needs no arming."""

KINDS: dict[str, frozenset[str]] = {
    "cordon": frozenset({"nodes"}),
    "uncordon": frozenset({"nodes"}),
    "drain": frozenset({"nodes"}),
    "evict": frozenset({"pods"}),
    "shell": frozenset({"pods"}),
    "forward": frozenset({"pods", "services", "deployments", "statefulsets", "daemonsets", "replicasets"}),
    "scale": SCALED,
    "restart": ROLLED,
    "set_image": ROLLED,
    "rollback": ROLLED,
    "autoscale": frozenset({"deployments", "statefulsets", "replicasets"}),
    "pause": DEPLOYMENTS,
    "resume": DEPLOYMENTS,
}
"""The plurals each change is about."""
