"""What several commands say while they deploy, drain and delete machines."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            (
                "arm_start",
                "Starting ARM Deployment <deployment> in resource group <group>. This will take some time...",
            ),
            ("arm_done", "Finished ARM Deployment (<deployment>). Succeeded"),
            ("arm_detail", "Getting detailed deployment errors for <deployment>"),
            ("vm_delete", "deleting VM <node> in resource group <group> ..."),
            ("nic_delete", "deleting NIC <nic> in resource group <group> ..."),
            ("disk_delete", "deleting managed disk <disk> in resource group <group> ..."),
            ("disk_delete", "deleting blob <disk> ..."),
            ("disk_delete", "deleting blob <disk> in resource group <group> ..."),
            ("cordoned", "Node <node> has been marked unschedulable."),
            (
                "cordon_retry",
                "Node <node> got an error suggesting a concurrent modification. Will retry to cordon",
            ),
            ("drain_count", "<pods> pods will be deleted"),
            ("drain_none", "Node <node> has no scheduled pods"),
            ("pod_evicted", "<pod> pod successfully evicted"),
            ("pod_evicted", "<pod> pod successfully deleted"),
        )
    ),
    *table(
        (
            ("arm_done", "Finished ARM Deployment (<deployment>). Error: <error…>"),
            ("vm_get_error", "failed to get VM <node> in resource group <group>: <error…>"),
            ("node_get_error", "Failed to get node <node>: <error…>"),
            ("node_left_behind", "Node <node> got an error while deregistering: <error…>"),
            ("arm_no_response", "Got error from Azure SDK without response from ARM"),
            ("drain_pending", "There are pending pods when an error occurred: <error…>"),
            ("drain_pending_pod", "pod/<pod>"),
            (
                "drain_timeout_proceed",
                "Error draining agent VM <node>. Proceeding with <next…>. Error: <error…>",
            ),
        ),
        severity=Severity.BAD,
    ),
)
