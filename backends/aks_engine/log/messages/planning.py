"""What an upgrade says while it finds out which machines there are and what they run."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table((("upgrade_start", "Upgrading cluster with name suffix: <cluster>"),), phase=Phase.CHECKING_IMAGES),
    *table(
        (
            ("image_missing", "Image Publisher: <publisher>, Offer: <offer>, SKU: <sku>, Version: <version>"),
            ("arm_error_detail", "error: <error…>"),
        ),
        severity=Severity.BAD,
    ),
    *table(
        (
            (
                "skip_vm_foreign",
                "Skipping VM: <node> for upgrade as it does not belong to cluster with expected name suffix: <cluster>",
            ),
            (
                "skip_vm_unknown",
                "Skipping VM: <node> for upgrade as the orchestrator version could not be determined.",
            ),
            ("skip_vm_pool", "Skipping upgrade of VM: <node> in pool: <pool>."),
            ("pool_unknown_vm", "Couldn't determine agent pool membership for VM: <node>."),
            ("pool_tag_missing", "poolName tag not found for VM: <node>."),
            (
                "tag_missing",
                'Expected tag "orchestrator" not found for VM: <node>. '
                "Using Kubernetes API to retrieve Kubernetes version.",
            ),
            ("plan_eval_vm", "Evaluating VM: <node> in pool: <pool>..."),
            ("plan_agent", "Adding Agent VM: <node>, orchestrator: <orchestrator> to pool: <pool> (<set>)"),
            ("plan_master", "Master VM name: <node>, orchestrator: <version> (<set>)"),
            ("cp_status_check", "Checking status of upgraded control plane nodes"),
            ("autoscaler_pause", "Pausing cluster autoscaler, replica count: <count>"),
        ),
        phase=Phase.PLANNING,
    ),
    *table((("autoscaler_pause", "Resuming cluster autoscaler, replica count: <count>"),)),
    *table(
        (
            (
                "cp_two_notready",
                "At least 2 of the previously upgraded control plane nodes did not reach the NodeReady status",
            ),
            ("cp_abort", "Aborting the upgrade process to avoid potential control plane downtime"),
            ("psp_warn", "Error validating PodSecurityPolices<error…>"),
        ),
        phase=Phase.PLANNING,
        severity=Severity.BAD,
    ),
)
