"""ResourceQuotas: what fits, what is refused in which words, and what is used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

NAMESPACE = "quotas"
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {pods: "2", requests.cpu: 150m, configmaps: "3"}}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:v1", resources: {requests: {cpu: 50m}}}]}
"""


@pytest.fixture(scope="module", autouse=True)
def namespace(kubectl: Kubectl) -> Iterator[None]:
    """A namespace with a small quota."""
    kubectl.run("create", "namespace", NAMESPACE)
    kubectl.run("apply", "-f", "-", "-n", NAMESPACE, stdin=QUOTA)
    yield
    kubectl.run("delete", "namespace", NAMESPACE)


def test_a_workload_gets_the_pods_that_fit_and_says_why_no_more(kubectl: Kubectl) -> None:
    kubectl.run("apply", "-f", "-", "-n", NAMESPACE, stdin=DEPLOYMENT)
    described = kubectl.until(
        lambda each: "pods: 2" in " ".join(each.out.split()).replace("pods 2", "pods: 2"),
        *("describe", "quota", "small", "-n", NAMESPACE),
    )
    lines = [line.split() for line in described.lines]
    assert ["pods", "2", "2"] in lines
    assert ["requests.cpu", "100m", "150m"] in lines
    words = "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
    kubectl.until(lambda each: words in each.out, "get", "events", "-n", NAMESPACE)
    failing = kubectl.until(lambda each: "ReplicaFailure" in each.out, "describe", "deployment", "web", "-n", NAMESPACE)
    assert "FailedCreate" in failing.out
    kubectl.run("patch", "quota", "small", "--type=merge", "-p", '{"spec":{"hard":{"pods":"5"}}}', "-n", NAMESPACE)
    kubectl.run("rollout", "status", "deployment/web", "-n", NAMESPACE, "--timeout=40s")


def test_what_does_not_fit_or_does_not_say_is_refused(kubectl: Kubectl) -> None:
    unsaid = kubectl.run("run", "unsaid", "--image=registry.example/x:v1", "-n", NAMESPACE, code=1)
    assert 'pods "unsaid" is forbidden: failed quota: small: must specify requests.cpu for: unsaid' in unsaid.err
    for number in range(2):  # the namespace has its root certificate already
        kubectl.run("create", "configmap", f"m{number}", "-n", NAMESPACE)
    full = kubectl.run("create", "configmap", "m9", "-n", NAMESPACE, code=1)
    assert (
        'configmaps "m9" is forbidden: exceeded quota: small, requested: configmaps=1, used: configmaps=3, '
        "limited: configmaps=3" in full.err
    )
