"""What an upgrade says of the control plane."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            ("upgrade_scope", "Upgrading <scope…> to Kubernetes version <version>"),
            ("masters_storage", "Master nodes StorageProfile: <profile>"),
            ("masters_prep", "Prepping master nodes for upgrade..."),
            ("masters_total", "Total expected master count: <total>"),
            ("masters_todo", "Master nodes that need to be upgraded: <todo>"),
            ("masters_done", "Master nodes that have been upgraded: <done>"),
            ("masters_go", "Starting upgrade of master nodes..."),
            ("masters_in_cluster", "masterNodesInCluster: <number>"),
            (
                "masters_missing",
                "Found missing master VMs in the cluster. Reconstructing names of missing master VMs "
                "for recreation during upgrade...",
            ),
            ("masters_create_n", "Expected master count: <total>, Creating <create> more master VMs"),
            ("master_create_idx", "Creating upgraded master VM with index: <index>"),
            ("vmname_empty", "VM name was empty. Skipping node condition check"),
            ("master_already", "Master VM: <node> is upgraded to expected orchestrator version"),
            ("master_begin", "Upgrading Master VM: <node>"),
            ("master_offset", "Master offset: <index>"),
            ("master_pool_count", "Master pool set count to: <number> temporarily during upgrade..."),
            ("master_wait", "Master node: <node> not ready yet..."),
            ("master_status_error", "Master node: <node> status error: <error…>"),
        ),
        phase=Phase.MASTERS,
    ),
    *table((("master_ready", "Master node: <node> is ready"),), severity=Severity.GOOD),
    *table(
        (
            ("master_err_create", "Error creating upgraded master VM: <node>"),
            ("master_err_create", "Error creating upgraded master VM with index: <node>"),
            ("master_err_validate", "Error validating upgraded master VM: <node>"),
            ("master_err_validate", "Error validating upgraded master VM with index: <node>"),
            ("master_err_delete", "Error deleting master VM: <node>, err: <error…>"),
        ),
        phase=Phase.MASTERS,
        severity=Severity.BAD,
    ),
    *table((("node_timeout", "Node was not ready within <timeout>"),), severity=Severity.BAD),
    *table(
        (
            ("transform_noise", "Running Normalize<what…>"),
            ("transform_noise", "Resource count before<what…>"),
            ("transform_noise", "Resource count after<what…>"),
            ("transform_noise", "Removing <what…>"),
            ("transform_noise", "Evaluating if <what…>"),
            ("transform_noise", "agentPoolsToPreserve: <what…>"),
        ),
        is_noise=True,
    ),
)
