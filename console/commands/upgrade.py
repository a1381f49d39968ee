"""`stampdeck upgrade`: the way of a stamp's cluster to another version of Kubernetes, or to another base image."""

from __future__ import annotations

import click

from console.commands.lazy import LazyCommand, LazyGroup

COMMANDS = {
    "plan": LazyCommand("console.commands.upgrade_plan:plan", "Say which runs lead to a version, and what they need."),
    "run": LazyCommand("console.commands.engine_run:upgrade_run", "Upgrade to a version, followed to the end."),
    "watch": LazyCommand("console.commands.jobs:watch", "Follow the run that goes on, to its end."),
}


class UpgradeGroup(LazyGroup):
    """What can be done about upgrades."""

    lazy = COMMANDS


@click.command(cls=UpgradeGroup)
def upgrade() -> None:
    """Upgrade a stamp's cluster by aks-engine."""
