"""What the scaling of a pool says."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            ("scale_before_down", "There are <count> nodes in pool <pool> before scaling down to <to>:"),
            ("scale_before_down", "There is <count> node in pool <pool> before scaling down to <to>:"),
            ("scale_before_down", "There are <count> node in pool <pool> before scaling down to <to>:"),
            ("scale_before_down", "There is <count> nodes in pool <pool> before scaling down to <to>:"),
            ("scale_del_count", "<count> nodes will be deleted"),
            ("scale_del_count", "<count> node will be deleted"),
            ("scale_before_up", "Nodes in pool '<pool>' before scaling:"),
            ("scale_before_up", "Nodes in pool <pool> before scaling:"),
        ),
        phase=Phase.PLANNING,
    ),
    *table((("scale_will_drain", "Node <node> will be cordoned and drained"),), phase=Phase.DRAINING),
    *table((("scale_will_delete", "Node <node>'s VM will be deleted"),), phase=Phase.DELETING),
    *table(
        (
            ("scale_noop", "Node pool <pool> is already at the desired count <count>."),
            ("scale_noop", "Node pool <pool> is already at the desired count <count>:"),
            ("scale_after", "Nodes in pool '<pool>' after scaling:"),
            ("scale_after", "Nodes in pool <pool> after scaling:"),
        ),
        phase=Phase.DONE,
        severity=Severity.GOOD,
    ),
    *table(
        (
            ("scale_after_unknown", "Unable to get nodes in pool '<pool>' after scaling:"),
            ("scale_after_unknown", "Unable to get nodes in pool <pool> after scaling:"),
        ),
        phase=Phase.DONE,
        severity=Severity.WARNING,
    ),
    *table(
        (
            ("scale_no_vms", "Found no VMs in resource group <group> that match pool name <pool>"),
            ("scale_mismatch", 'There are <vms> VMs named "*<pool>*" <where…>'),
            ("scale_mismatch", 'There are <vms> nodes named "*<pool>*" <where…>'),
        ),
        severity=Severity.WARNING,
    ),
    *table(
        (
            ("scale_drain_fail", "Failed to drain node <node>, got error <error…>"),
            ("scale_delete_fail", "Vm '<node>' failed to delete with error: '<error…>'"),
        ),
        severity=Severity.BAD,
    ),
)
