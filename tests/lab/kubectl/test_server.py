"""The server as a whole: what it serves, explains and allows."""

from __future__ import annotations

import json
import re

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]


def test_version(kubectl: Kubectl) -> None:
    assert re.search(r"Server Version: v1\.29\.\d+", kubectl.run("version").out)


def test_api_resources(kubectl: Kubectl) -> None:
    table = kubectl.run("api-resources").table
    assert table.columns == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    assert table.row("deployments") == {
        "NAME": "deployments",
        "SHORTNAMES": "deploy",
        "APIVERSION": "apps/v1",
        "NAMESPACED": "true",
        "KIND": "Deployment",
    }
    assert table.row("horizontalpodautoscalers")["APIVERSION"] == "autoscaling/v2"
    names = kubectl.run("api-resources", "--namespaced=false", "-o", "name").out.split()
    assert {"nodes", "namespaces", "nodes.metrics.k8s.io", "persistentvolumes"} <= set(names)
    assert "pods" not in names


def test_api_versions(kubectl: Kubectl) -> None:
    found = kubectl.run("api-versions").out.split()
    assert {"v1", "apps/v1", "autoscaling/v1", "autoscaling/v2", "metrics.k8s.io/v1beta1", "policy/v1"} <= set(found)
    assert "policy/v1beta1" not in found


def test_explain(kubectl: Kubectl) -> None:
    printed = kubectl.run("explain", "deployment.spec.replicas").out
    assert printed.startswith("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: replicas <integer>\n")
    assert "Number of desired pods." in printed
    fields = kubectl.run("explain", "deployment.spec", "--recursive").out
    assert "  selector\t<LabelSelector> -required-\n" in fields
    assert "    matchLabels\t<map[string]string>\n" in fields
    assert (
        "FIELD: targetCPUUtilizationPercentage <integer>"
        in kubectl.run("explain", "--api-version=autoscaling/v1", "hpa.spec.targetCPUUtilizationPercentage").out
    )
    wrong = kubectl.run("explain", "pod.spec.nothing", code=1)
    assert wrong.err == 'error: field "nothing" does not exist\n'


def test_what_is_not_there(kubectl: Kubectl) -> None:
    assert (
        kubectl.run("get", "nosuchkind", code=1).err == 'error: the server doesn\'t have a resource type "nosuchkind"\n'
    )
    assert kubectl.run("get", "pod", "no-such-pod", code=1).err == (
        'Error from server (NotFound): pods "no-such-pod" not found\n'
    )
    assert kubectl.run("get", "crd").err == "No resources found\n"
    assert kubectl.run("get", "jobs", "-n", "kube-public").err == "No resources found in kube-public namespace.\n"


def test_raw_paths(kubectl: Kubectl) -> None:
    assert kubectl.run("get", "--raw", "/healthz").out == "ok"
    assert kubectl.run("get", "--raw", "/readyz").out == "ok"
    version = json.loads(kubectl.run("get", "--raw", "/version").out)
    assert version["major"] == "1"
    metrics = json.loads(kubectl.run("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes").out)
    assert metrics["kind"] == "NodeMetricsList"


def test_access(kubectl: Kubectl) -> None:
    assert kubectl.run("auth", "can-i", "list", "pods").out == "yes\n"
    listed = kubectl.run("auth", "can-i", "--list").table
    assert listed.columns == ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]
    assert listed.rows[0] == {"Resources": "*.*", "Non-Resource URLs": "[]", "Resource Names": "[]", "Verbs": "[*]"}


def test_pages_and_selectors(kubectl: Kubectl) -> None:
    for _ in range(5):  # a job's pod may come between two lists
        whole = kubectl.run("get", "pods", "-A", "-o", "name").out.split()
        paged = kubectl.run("get", "pods", "-A", "-o", "name", "--chunk-size=3").out.split()
        if paged == whole:
            break
    assert paged == whole
    running = kubectl.run("get", "pods", "-l", "app=ratings-web", "--field-selector=status.phase=Running").table
    assert {row["STATUS"] for row in running.rows} == {"Running"}
    by_name = kubectl.run("get", "pods", "-A", "--sort-by=.metadata.name", "-o", "name").out.split()
    assert by_name == sorted(by_name)


def test_events(kubectl: Kubectl) -> None:
    kubectl.run("scale", "deployment", "ratings-web", "--replicas=4")
    table = kubectl.until(lambda each: "ScalingReplicaSet" in each.out, "get", "events").table
    assert table.columns == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    told = kubectl.run("events", "--for", "deployment/ratings-web").table
    assert told.columns == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "Scaled up replica set ratings-web-" in told.rows[-1]["MESSAGE"]
    kubectl.run("scale", "deployment", "ratings-web", "--replicas=3")


def test_describe_service_and_ingress(kubectl: Kubectl) -> None:
    service = kubectl.run("describe", "service", "ratings-web").out
    assert re.search(r"Selector: +app=ratings-web\n", service)
    assert re.search(r"TargetPort: +8080/TCP\n", service)
    assert re.search(r"Endpoints: +\d+\.\d+\.\d+\.\d+:8080", service)
    ingress = kubectl.run("describe", "ingress", "ratings-web").out
    assert re.search(r"ratings\.example\.com +\n +/ +ratings-web:80 \(", ingress)
    assert "ratings-tls terminates ratings.example.com" in ingress


def test_custom_resources_are_served_as_defined(kubectl: Kubectl) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                }
            ],
        },
    }
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3}}
    assert kubectl.run("apply", "-f", "-", stdin=json.dumps(definition)).out == (
        "customresourcedefinition.apiextensions.k8s.io/widgets.example.com created\n"
    )
    try:
        kubectl.run("wait", "--for=condition=established", "crd/widgets.example.com", "--timeout=20s")
        assert kubectl.run("apply", "-f", "-", stdin=json.dumps(widget)).out == "widget.example.com/w created\n"
        table = kubectl.run("get", "wd").table
        assert table.columns == ["NAME", "SIZE"]
        assert table.row("w")["SIZE"] == "3"
    finally:
        kubectl.run("delete", "crd", "widgets.example.com")


def test_component_statuses(kubectl: Kubectl) -> None:
    printed = kubectl.run("get", "cs")
    assert {row["NAME"]: row["STATUS"] for row in printed.table.rows} == {
        "controller-manager": "Healthy",
        "scheduler": "Healthy",
        "etcd-0": "Healthy",
    }
    assert "v1 ComponentStatus is deprecated in v1.19+" in printed.err
    assert kubectl.run("get", "cs", "scheduler").table.row("scheduler")["MESSAGE"] == "ok"
    assert 'componentstatuses "nobody" not found' in kubectl.run("get", "cs", "nobody", code=1).err


def test_api_services(kubectl: Kubectl) -> None:
    table = kubectl.run("get", "apiservices").table
    assert table.row("v1.apps")["SERVICE"] == "Local"
    assert table.row("v1.")["AVAILABLE"] == "True"
    metrics = table.row("v1beta1.metrics.k8s.io")
    assert (metrics["SERVICE"], metrics["AVAILABLE"]) == ("kube-system/metrics-server", "True")


def test_every_namespace_knows_its_authority(kubectl: Kubectl) -> None:
    kubectl.run("create", "namespace", "fresh")
    try:
        for namespace in ("default", "kube-system", "fresh"):
            command = ("get", "configmap", "kube-root-ca.crt", "-n", namespace, "-o", "jsonpath={.data.ca\\.crt}")
            found = kubectl.until(lambda printed: "BEGIN CERTIFICATE" in printed.out, *command)
            assert found.out.strip() in kubectl.kubeconfig.parent.joinpath("../pki/orlando-ca.crt").read_text()
        kubectl.run("delete", "configmap", "kube-root-ca.crt", "-n", "fresh")
        kubectl.until(lambda printed: printed.code == 0, "get", "configmap", "kube-root-ca.crt", "-n", "fresh")
    finally:
        kubectl.run("delete", "namespace", "fresh", "--wait=false")
