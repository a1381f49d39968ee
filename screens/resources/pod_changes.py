"""What is done in pods, and with their ports, from their rows or those of what they belong to."""

from __future__ import annotations

from screens.forwards.asking import ForwardAsking
from screens.resources.node_changes import ObjectChanges
from screens.shell.asking import ShellAsking

_WORDS = {
    "pods": "pod",
    "services": "service",
    "deployments": "deployment",
    "statefulsets": "statefulset",
    "daemonsets": "daemonset",
    "replicasets": "replicaset",
}


class PodChanges(ObjectChanges, ShellAsking, ForwardAsking):
    """Shells in pods, and ports that lead to them."""

    def action_shell(self) -> None:
        if row := self._row():
            self.ask_for_shell(row.stamp, row.namespace, row.name)

    def action_forward(self) -> None:
        if row := self._row():
            self.ask_for_forward(row.stamp, row.namespace, f"{_WORDS.get(self.resource, self.resource)}/{row.name}")
