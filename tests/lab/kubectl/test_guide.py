"""The commands of the deployment guide, on a fresh stamp, print what they print there."""

from __future__ import annotations

import re

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

AGE = re.compile(r"(\d+y)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?")


def test_get_nodes(kubectl: Kubectl) -> None:
    table = kubectl.run("get", "nodes").table
    assert table.columns == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert {row["ROLES"] for row in table.rows} == {"agent", "master"}
    for row in table.rows:
        assert re.fullmatch(r"k8s-(linuxpool|master)-35064155-\d", row["NAME"])
        assert row["STATUS"] == "Ready"
        assert AGE.fullmatch(row["AGE"])
        assert row["VERSION"].startswith("v1.29.")


def test_get_nodes_wide(kubectl: Kubectl) -> None:
    table = kubectl.run("get", "nodes", "-o", "wide").table
    assert table.columns[5:] == ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    assert all(row["INTERNAL-IP"].startswith("10.") for row in table.rows)


def test_cluster_info(kubectl: Kubectl) -> None:
    printed = kubectl.run("cluster-info")
    server = re.match(r"Kubernetes control plane is running at (https://127\.0\.0\.1:\d+)", printed.lines[0])
    assert server
    services = f"{server[1]}/api/v1/namespaces/kube-system/services"
    assert set(printed.lines[1:4]) == {
        f"CoreDNS is running at {services}/kube-dns:dns/proxy",
        f"kubernetes-dashboard is running at {services}/https:kubernetes-dashboard:/proxy",
        f"Metrics-server is running at {services}/https:metrics-server:/proxy",
    }


def test_get_pod_deployment_statefulset(kubectl: Kubectl) -> None:
    pods, deployments, sets = kubectl.run("get", "pod,deployment,statefulset").tables
    assert pods.columns == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    for name in ("pod/ratings-web-", "pod/ratings-api-", "pod/ratings-mongodb-0"):
        assert pods.row(name)["STATUS"] == "Running"
        assert pods.row(name)["READY"] == "1/1"
    assert deployments.columns == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert deployments.row("deployment.apps/ratings-api")["READY"] == "2/2"
    assert sets.columns == ["NAME", "READY", "AGE"]
    assert sets.row("statefulset.apps/ratings-mongodb")["READY"] == "1/1"


def test_get_service(kubectl: Kubectl) -> None:
    table = kubectl.run("get", "service").table
    assert table.columns == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    kubernetes = table.row("kubernetes")
    assert (kubernetes["CLUSTER-IP"], kubernetes["PORT(S)"]) == ("10.0.0.1", "443/TCP")
    ingress = table.row("nginx-ingress-1588931383-controller")
    assert ingress["TYPE"] == "LoadBalancer"
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", ingress["EXTERNAL-IP"])
    assert "443:30667/TCP" in ingress["PORT(S)"]
    assert table.row("ratings-web")["EXTERNAL-IP"] == "<none>"


def test_kube_system_pods(kubectl: Kubectl) -> None:
    table = kubectl.run("get", "pods", "-n", "kube-system").table
    for name in ("coredns-", "metrics-server-", "kube-proxy-", "kube-apiserver-k8s-master-"):
        assert table.row(name)["STATUS"] == "Running"


def test_autoscale_and_get_hpa(kubectl: Kubectl) -> None:
    kubectl.run("delete", "hpa", "ratings-web", "--ignore-not-found")
    printed = kubectl.run("autoscale", "deployment", "ratings-web", "--cpu-percent=80", "--min=1", "--max=10")
    assert printed.out == "horizontalpodautoscaler.autoscaling/ratings-web autoscaled\n"
    again = kubectl.run("autoscale", "deployment", "ratings-web", "--cpu=80%", "--min=1", "--max=10", code=1)
    assert 'horizontalpodautoscalers.autoscaling "ratings-web" already exists' in again.err
    table = kubectl.until(lambda each: "<unknown>" not in each.out, "get", "hpa").table
    assert table.columns == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    row = table.row("ratings-web")
    assert row["REFERENCE"] == "Deployment/ratings-web"
    assert re.fullmatch(r"\d+%/80%", row["TARGETS"])
    assert (row["MINPODS"], row["MAXPODS"]) == ("1", "10")
    described = kubectl.run("describe", "hpa", "ratings-web").out
    assert re.search(r"resource cpu on pods +\(as a percentage of request\): +\d+% \(\d+m?\) / 80%", described)
    assert re.search(r"AbleToScale +True", described)
    assert kubectl.run("delete", "hpa", "ratings-web").out == (
        'horizontalpodautoscaler.autoscaling "ratings-web" deleted from default namespace\n'
    )
    assert kubectl.run("get", "hpa", "ratings-web", code=1).err == (
        'Error from server (NotFound): horizontalpodautoscalers.autoscaling "ratings-web" not found\n'
    )


def test_get_ingress_and_budgets(kubectl: Kubectl) -> None:
    row = kubectl.run("get", "ingress").table.row("ratings-web")
    assert (row["CLASS"], row["HOSTS"], row["PORTS"]) == ("nginx", "ratings.example.com", "80, 443")
    table = kubectl.run("get", "pdb").table
    assert table.columns == ["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"]
    assert table.row("ratings-api")["MIN AVAILABLE"] == "1"


def test_get_all(kubectl: Kubectl) -> None:
    printed = kubectl.run("get", "all")
    kinds = {line.split()[0].partition("/")[0] for line in printed.lines if "/" in line.split(" ")[0]}
    assert kinds >= {"pod", "service", "deployment.apps", "replicaset.apps", "statefulset.apps"}
