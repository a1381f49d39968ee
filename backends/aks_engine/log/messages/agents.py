"""What an upgrade says of the agent pools, and at its end."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

_PROPERTIES = "custom annotations, labels, taints from old node <old> to new node <new>"

MESSAGES = (
    *table(
        (
            ("pool_prep", "Prepping agent pool '<pool>' for upgrade..."),
            ("agent_already", "Agent VM: <node>, pool name: <pool> on expected orchestrator version"),
            ("agent_vm_state", "Deleting agent VM <node> in provisioning state <state>"),
            ("agent_vm_state", "Ignoring agent VM <node> in provisioning state <state>"),
            (
                "pool_plan",
                "Starting upgrade of <todo> agent nodes (out of <total>) in pool identifier: <identifier>, "
                "name: <pool>...",
            ),
            ("pool_empty", "Agent pool '<pool>' is empty"),
            ("pool_noop", "No nodes to upgrade"),
            ("agent_surge", "Creating new agent node <node> (index <index>)"),
            (
                "agent_pool_count",
                "Agent pool: <pool>, set count to: <number> temporarily during upgrade. Upgrading agent: <index>",
            ),
            ("agent_validate", "Validating <node>"),
            ("agent_wait", "Agent node: <node> not ready yet..."),
            ("agent_status_error", "Agent node: <node> status error: <error…>"),
            ("agent_begin", "Upgrading Agent VM: <node>, pool name: <pool>"),
            ("copy_begin", f"Copying {_PROPERTIES}..."),
            ("copy_done", f"Successfully copied {_PROPERTIES}."),
            ("agent_skip_create", "Skipping creation of VM <node> (index <index>)"),
        ),
        phase=Phase.AGENTS,
    ),
    *table((("agent_ready", "Agent node: <node> is ready"),), phase=Phase.AGENTS, severity=Severity.GOOD),
    *table(
        (
            ("copy_fail", f"Failed to copy {_PROPERTIES}:<error…>"),
            ("copy_fail", f"Copying {_PROPERTIES}:<error…>"),
            ("copy_fail", f"Failed to copy {_PROPERTIES} can't complete<error…>"),
            ("copy_fail", f"Copying {_PROPERTIES} can't complete<error…>"),
        ),
        phase=Phase.AGENTS,
        severity=Severity.WARNING,
    ),
    *table(
        (
            ("agent_err", "Error creating upgraded agent VM <node>: <error…>"),
            ("agent_err", "Error creating agent node <node> (index <index>): <error…>"),
            ("agent_err", "Error creating upgraded agent node <node> (index <index>): <error…>"),
            ("agent_err", "Error validating upgraded agent VM <node>: <error…>"),
            ("agent_err", "Error validating agent node <node> (index <index>): <error…>"),
            ("agent_err", "Error deleting agent VM <node>: <error…>"),
            ("agent_err", "Error fetching new VM name: <error…>"),
        ),
        phase=Phase.AGENTS,
        severity=Severity.BAD,
    ),
    *table(
        (
            ("upgrade_ok", "Cluster upgraded successfully to Kubernetes version <version>"),
            ("upgrade_ok", "Control plane upgraded successfully to Kubernetes version <version>"),
        ),
        phase=Phase.DONE,
        severity=Severity.GOOD,
    ),
)
