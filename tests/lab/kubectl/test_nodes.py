"""Nodes: cordon, drain, uncordon, taints, labels, metrics."""

from __future__ import annotations

import re

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

NODE = "k8s-linuxpool-35064155-0"
DRAIN = ("drain", NODE, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")


def status(kubectl: Kubectl) -> str:
    return kubectl.run("get", "node", NODE).table.row(NODE)["STATUS"]


def test_cordon_drain_and_uncordon(kubectl: Kubectl) -> None:
    assert kubectl.run("cordon", NODE).out == f"node/{NODE} cordoned\n"
    assert status(kubectl) == "Ready,SchedulingDisabled"
    assert kubectl.run("cordon", NODE).out == f"node/{NODE} already cordoned\n"
    drained = kubectl.run(*DRAIN)
    assert drained.out.startswith(f"node/{NODE} already cordoned\n")
    assert drained.out.endswith(f"node/{NODE} drained\n")
    assert "Warning: ignoring DaemonSet-managed Pods: " in drained.err
    left = kubectl.run(
        "get", "pods", "-A", "--field-selector", f"spec.nodeName={NODE}", "-o", "jsonpath={..ownerReferences[*].kind}"
    )
    assert set(left.out.split()) == {"DaemonSet"}
    assert kubectl.run("uncordon", NODE).out == f"node/{NODE} uncordoned\n"
    assert status(kubectl) == "Ready"


def test_a_drain_waits_for_the_disruption_budget(kubectl: Kubectl) -> None:
    pods = kubectl.run("get", "pods", "-l", "app=ratings-api", "-o", "jsonpath={.items[*].spec.nodeName}").out.split()
    kubectl.run("patch", "pdb", "ratings-api", "--type=merge", "-p", '{"spec":{"minAvailable":2}}')
    try:
        kubectl.until(
            lambda each: each.out == "0", "get", "pdb", "ratings-api", "-o", "jsonpath={.status.disruptionsAllowed}"
        )
        refused = kubectl.run("drain", pods[0], "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=2s", code=1)
        assert "Cannot evict pod as it would violate the pod's disruption budget." in refused.err
        assert "error when evicting pods/" in refused.err
    finally:
        kubectl.run("patch", "pdb", "ratings-api", "--type=merge", "-p", '{"spec":{"minAvailable":1}}')
        kubectl.run("uncordon", pods[0])


def test_drain_without_flags_says_what_is_in_the_way(kubectl: Kubectl) -> None:
    refused = kubectl.run("drain", NODE, code=1)
    assert "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): " in refused.err
    kubectl.run("uncordon", NODE)


def test_taints_and_labels(kubectl: Kubectl) -> None:
    assert kubectl.run("taint", "nodes", NODE, "kind=batch:NoSchedule").out == f"node/{NODE} tainted\n"
    assert "Taints:             kind=batch:NoSchedule" in kubectl.run("describe", "node", NODE).out
    assert kubectl.run("taint", "nodes", NODE, "kind=batch:NoSchedule-").out == f"node/{NODE} untainted\n"
    assert kubectl.run("label", "node", NODE, "zone=b").out == f"node/{NODE} labeled\n"
    assert kubectl.run("get", "nodes", "-l", "zone=b", "-o", "name").out == f"node/{NODE}\n"
    assert kubectl.run("get", "node", NODE, "-L", "zone").table.row(NODE)["ZONE"] == "b"
    refused = kubectl.run("label", "node", NODE, "zone=c", code=1)
    assert refused.err == "error: 'zone' already has a value (b), and --overwrite is false\n"
    assert kubectl.run("label", "node", NODE, "zone-").out == f"node/{NODE} unlabeled\n"


def test_describe_node(kubectl: Kubectl) -> None:
    text = kubectl.run("describe", "node", NODE).out
    assert f"Name:               {NODE}\nRoles:              agent\n" in text
    assert re.search(r"Lease:\n  HolderIdentity:  k8s-linuxpool-35064155-0\n", text)
    assert re.search(r"Ready +True .* KubeletReady +kubelet is posting ready status", text)
    assert re.search(r"Non-terminated Pods: +\(\d+ in total\)", text)
    assert re.search(r"cpu +\d+m? \(\d+%\) +\d+m? \(\d+%\)", text)


def test_top_nodes(kubectl: Kubectl) -> None:
    table = kubectl.until(lambda each: "<unknown>" not in each.out, "top", "nodes").table
    assert table.columns == ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    row = table.row(NODE)
    assert re.fullmatch(r"\d+m", row["CPU(cores)"])
    assert re.fullmatch(r"\d+%", row["CPU(%)"])
    assert re.fullmatch(r"\d+Mi", row["MEMORY(bytes)"])
