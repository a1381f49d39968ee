"""Messages that no captured run held, and what a message's slots take."""

from __future__ import annotations

import pytest

from backends.aks_engine.log import catalogue
from backends.aks_engine.log.messages.table import Message

_RARE = [
    ("Master node: k8s-m-1 status error: Get https://x: EOF", "master_status_error", {"node": "k8s-m-1"}),
    ("Agent node: k8s-a-1 status error: Get https://x: EOF", "agent_status_error", {"error": "Get https://x: EOF"}),
    ("Ignoring agent VM k8s-a-1 in provisioning state Failed", "agent_vm_state", {"state": "Failed"}),
    ("Deleting agent VM k8s-a-1 in provisioning state Failed", "agent_vm_state", {"node": "k8s-a-1"}),
    ("Resuming cluster autoscaler, replica count: 1", "autoscaler_pause", {"count": "1"}),
    ("Forcing '--cloud-provider' to 'external' in kubelet config", "cloud_provider_forced", {}),
    ("Any new nodes will have containerd version 1.6.36", "component_bump", {"version": "1.6.36"}),
    ("etcd will be upgraded to version 3.5", "component_bump", {"version": "3.5"}),
    (
        "Failed to copy custom annotations, labels, taints from old node a-0 to new node a-1: timed out",
        "copy_fail",
        {"old": "a-0", "new": "a-1"},
    ),
    (
        "Copying custom annotations, labels, taints from old node a-0 to new node a-1 can't complete within 5m0s",
        "copy_fail",
        {"old": "a-0", "new": "a-1"},
    ),
    ("Treating node k8s-a-1 as Windows", "gl_misc", {}),
    ("Skipping node k8s-a-1: not found", "gl_misc", {}),
    ("Uploading k8s-a-1 logs", "gl_upload", {"node": "k8s-a-1"}),
    ("Error deleting master VM: k8s-m-1, err: 409", "master_err_delete", {"node": "k8s-m-1", "error": "409"}),
    ("Agent pool 'win' is empty", "pool_empty", {"pool": "win"}),
    ("No nodes to upgrade", "pool_noop", {}),
    ("Error validating PodSecurityPolices: x", "psp_warn", {}),
    (
        'Registering subscription to resource provider. provider="Microsoft.Compute" subscription="9"',
        "register_rp",
        {"provider": "Microsoft.Compute"},
    ),
    ("Unable to get nodes in pool a after scaling:", "scale_after_unknown", {"pool": "a"}),
    ("Vm 'k8s-a-1' failed to delete with error: '409'", "scale_delete_fail", {"node": "k8s-a-1", "error": "409"}),
    (
        'There are 3 VMs named "*a*" in the resource group g, but there are 4 nodes named "*a*" in the cluster',
        "scale_mismatch",
        {"vms": "3", "pool": "a"},
    ),
    ("Found no VMs in resource group g that match pool name a", "scale_no_vms", {"group": "g", "pool": "a"}),
    ("There is 1 node in pool a before scaling down to 0:", "scale_before_down", {"count": "1", "to": "0"}),
    (
        "Skipping VM: x-1 for upgrade as it does not belong to cluster with expected name suffix: 10127131",
        "skip_vm_foreign",
        {"node": "x-1"},
    ),
    (
        "Skipping VM: x-1 for upgrade as the orchestrator version could not be determined.",
        "skip_vm_unknown",
        {"node": "x-1"},
    ),
    ("Strict host key check failed. Remote host identification has changed.", "ssh_hostkey_changed", {}),
    ("Key ssh-rsa AAA does not match a key known for host h", "ssh_hostkey_changed", {"host": "h"}),
    (
        'Expected tag "orchestrator" not found for VM: x-1. Using Kubernetes API to retrieve Kubernetes version.',
        "tag_missing",
        {"node": "x-1"},
    ),
    (
        "Node a-1 got an error suggesting a concurrent modification. Will retry to cordon",
        "cordon_retry",
        {"node": "a-1"},
    ),
    ("Skipping upgrade of VM: a-1 in pool: p.", "skip_vm_pool", {"node": "a-1", "pool": "p"}),
    ("Couldn't determine agent pool membership for VM: a-1.", "pool_unknown_vm", {"node": "a-1"}),
    ("poolName tag not found for VM: a-1.", "pool_tag_missing", {"node": "a-1"}),
    ("failed to get VM a-1 in resource group g: 404", "vm_get_error", {"node": "a-1", "error": "404"}),
    ("Failed to get node a-1: EOF", "node_get_error", {"node": "a-1"}),
    ("Node a-1 got an error while deregistering: EOF", "node_left_behind", {"node": "a-1"}),
    ("waitForKubeSystemReadiness returned an error: timed out", "rc_kube_system_wait", {"error": "timed out"}),
    ("Generated random suffix 5f2, DNS Prefix is k8s5f2", "dns_suffix", {"prefix": "k8s5f2"}),
    (
        "--resource-group was not specified. Using the DNS prefix from the apimodel as the resource group name: k8s-a",
        "group_by_prefix",
        {"rg": "k8s-a"},
    ),
    ("default api model generated at _output/x.json", "default_model", {}),
    ("new API model file has been generated during merge: /tmp/x.json", "merged_model", {"path": "/tmp/x.json"}),
    ("failed to copy /home/a/.ssh/known_hosts: denied", "known_hosts_not_copied", {"error": "denied"}),
    ("Error fetching new VM name: x", "agent_err", {"error": "x"}),
    ("deleting blob x.vhd ...", "disk_delete", {"disk": "x.vhd"}),
    ("failed to open file /home/a b/.ssh/known_hosts", "known_hosts_missing", {"path": "/home/a b/.ssh"}),
]


@pytest.mark.parametrize(("text", "message", "slots"), _RARE, ids=[each[1] for each in _RARE])
def test_messages_that_are_rare(text: str, message: str, slots: dict[str, str]) -> None:
    found = catalogue.find(text)
    assert found is not None
    assert found[0].id == message
    assert slots.items() <= found[1].items()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Master node: is ready",
        "Master node: k8s-m-1 is ready and more",
        "x Master node: k8s-m-1 is ready",
        "Creating new agent node k8s-a-1 (index one)",
        "two pods will be deleted",
    ],
)
def test_what_only_looks_like_a_message_is_none(text: str) -> None:
    assert catalogue.find(text) is None


def test_slots() -> None:
    message = Message("x", "Pool <pool> (<count>): <why…>.")
    assert message.first_word() == "Pool"
    assert Message("x", "<count> nodes").first_word() == ""
    assert message.pattern() == r"Pool\ (?P<pool>\S+?)\ \((?P<count>-?\d{1,9})\):\ (?P<why>.*?)\."


def test_ids_have_one_phase() -> None:
    """A message that can come in several stretches shows none."""
    phases: dict[str, set[object]] = {}
    for each in catalogue.MESSAGES:
        phases.setdefault(each.id, set()).add(each.phase)
    assert {id for id, found in phases.items() if len(found) > 1} == {"autoscaler_pause"}
