"""Something went wrong in the middle of the work."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

_NOT_READY = "not-ready"

KINDS = (
    Kind(
        "masters-not-ready",
        r"too many upgraded nodes are not ready|At least 2 of the previously upgraded control plane nodes"
        r"|Aborting the upgrade process",
        "two or more masters of an earlier try are not ready: aks-engine stops to keep what is left",
        "bring those masters up first: kubelet, etcd and its disk on each",
        Retry.NOT,
    ),
    Kind(
        "agent-not-ready",
        r"Node was not ready within (?P<timeout>\w{1,20})\. Succeeded to delete node (?P<node>[\w-]{1,100})",
        "{node} was not ready within {timeout}: kubelet, network plug-in or images. Its machine was deleted again",
        "look at the base image and at the network of the pool, then go on",
        Retry.AFTER,
        _NOT_READY,
    ),
    Kind(
        "agent-not-ready",
        r"Node was not ready within (?P<timeout>\w{1,20})\. .{0,80}failed to delete",
        "an agent was not ready within {timeout}, and its machine could not be deleted",
        "delete that machine in the stamp's portal, look at the base image and the network, then go on",
        Retry.AFTER,
        _NOT_READY,
    ),
    Kind(
        "master-not-ready",
        r"Error validating upgraded master VM(?: with index)?: (?P<node>[\w-]{1,100})",
        "the master {node} did not become ready in time. It stays, with the tag of the new version",
        "mend it first (journalctl -u kubelet there): the same command would take it for done and delete the next "
        "master, which can cost etcd its quorum. Or set its tag `orchestrator` back",
        Retry.NOT,
        _NOT_READY,
    ),
    Kind(
        "agent-not-ready",
        r"Error validating (?:upgraded )?agent (?:VM|node) (?P<node>[\w-]{1,100})",
        "{node} did not become ready in time: kubelet, network plug-in or images",
        "look at that machine (journalctl -u kubelet), then go on",
        Retry.AFTER,
        _NOT_READY,
    ),
    Kind(
        "node-not-ready",
        r"Node was not ready within (?P<timeout>\w{1,20})",
        "a machine was not ready within {timeout}: kubelet, network plug-in or images",
        "look at that machine (journalctl -u kubelet). If it is a master, mend it before any retry: that would delete "
        "the next one",
        Retry.NOT,
        _NOT_READY,
    ),
    Kind(
        "version-disagrees",
        r"(?P<old>\d[\w.]{1,30}) cannot be upgraded to (?P<new>\d[\w.]{1,30})",
        "a machine's tag says {old}, from where {new} cannot be reached: tags and api model do not agree",
        "compare the tag `orchestrator` of every machine with the api model",
        Retry.NOT,
    ),
    Kind(
        "masters-too-many",
        r"Total count of master VMs: (?P<found>\d{1,5}) exceeded expected count: (?P<wanted>\d{1,5})",
        "there are {found} masters where the api model counts {wanted}",
        "find out where the other machines come from",
        Retry.NOT,
    ),
    Kind(
        "deadline",
        r"context deadline exceeded",
        "the time for this stretch was used up; all masters share 20 minutes each",
        "look at the masters, and when all are ready go on",
        Retry.AFTER,
    ),
    Kind(
        "security-policies",
        r"user-created PodSecurityPolices found",
        "there are PodSecurityPolicies, which Kubernetes 1.25 no longer has",
        "migrate them (kubectl get psp), then go on",
        Retry.AFTER,
    ),
    Kind(
        "drain-blocked",
        r"Drain did not complete within (?P<timeout>\w{1,20})",
        "a machine did not get empty within {timeout}: a disruption budget holds its pods",
        "give the budget room. Machines that were to go stay cordoned: uncordon them, or go on",
        Retry.AFTER,
        "drain",
    ),
    Kind(
        "drain-failed",
        r"(?:Failed to drain node |Got error while draining[^\"]{0,80}\")(?P<node>[\w.-]{1,100})",
        "{node} could not be drained: the Kubernetes API cannot be reached from the VM, or it refused",
        "look at the API from the VM. Machines that were to go stay cordoned: uncordon them, or go on",
        Retry.AFTER,
        "drain",
    ),
    Kind(
        "machine-not-deleted",
        r"Vm '(?P<node>[\w-]{1,100})' failed to delete|Error deleting (?:agent|master) VM:? (?P<other>[\w-]{1,100})",
        "the machine {node}{other} could not be deleted",
        "delete it in the stamp's portal, or look why it is held",
        Retry.AFTER,
    ),
    Kind(
        "disk-full",
        r"no space left on device",
        "a disk of the VM is full: the api model may have been cut",
        "make room, compare the api model with the copy made before this run",
        Retry.AFTER,
    ),
    Kind(
        "file-denied",
        r"(?:open|mkdir|write|rename) \S{1,300}: permission denied|error creating output directory",
        "the account may not write one of the files on the VM",
        "look at the owner and mode of the api model's folder",
        Retry.AFTER,
    ),
    Kind(
        "kubernetes-unreachable",
        r"(?:Get|Post|Put|Patch|Delete) \"https://[^\"]{1,300}/api(?:s/[^\"]{1,200}|/v1[^\"]{0,200})\": "
        r"|creating Kubernetes client",
        "the Kubernetes API cannot be reached from the VM, or it did not answer as it should",
        "look at the API's name, its load balancer and the masters, from the VM",
        Retry.AFTER,
    ),
    Kind(
        "panic",
        r"panic: |fatal error: ",
        "aks-engine itself crashed",
        "look at the end of its log; what it was at may be half done",
        Retry.NOT,
    ),
)
