"""The account of one namespace: what its Role allows, and how the server says no to all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.lab.runner import RunningLab
from tests.lab.kubectl.printed import Kubectl
from tests.support.peers import require_kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]


@pytest.fixture(scope="module")
def limited(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """kubectl as the user who may look and scale in `default`."""
    (api,) = (stamp["kubernetes"] for stamp in json.loads((lab.directory / "lab.json").read_text())["stamps"].values())
    (account,) = (each for each in api["accounts"] if each.get("namespace"))
    return Kubectl(require_kubectl(), Path(account["kubeconfig"]), tmp_path_factory.mktemp("limited"))


@pytest.fixture
def three_replicas(kubectl: Kubectl) -> Iterator[None]:
    """Put the number of web pods back afterwards."""
    yield
    kubectl.run("scale", "deployment/ratings-web", "--replicas=3")
    kubectl.run("rollout", "status", "deployment/ratings-web", "--timeout=30s")


def test_it_may_look_and_scale_at_home(limited: Kubectl, three_replicas: None) -> None:
    assert "ratings-web" in limited.run("get", "deployments").out
    assert limited.run("scale", "deployment/ratings-web", "--replicas=4").out == "deployment.apps/ratings-web scaled\n"
    assert limited.run("auth", "can-i", "patch", "deployments", "--subresource=scale").out == "yes\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ("get", "nodes"),
            'nodes is forbidden: User "scaler" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
        (
            ("get", "pods", "-n", "kube-system"),
            'pods is forbidden: User "scaler" cannot list resource "pods" in API group "" in the namespace '
            '"kube-system"',
        ),
        (
            ("rollout", "restart", "deployment/ratings-web"),
            'deployments.apps "ratings-web" is forbidden: User "scaler" cannot patch resource "deployments" in API '
            'group "apps" in the namespace "default"',
        ),
        (
            ("scale", "deployment/coredns", "--replicas=1", "-n", "kube-system"),
            'deployments.apps "coredns" is forbidden: User "scaler" cannot get resource "deployments" in API group '
            '"apps" in the namespace "kube-system"',
        ),
    ],
)
def test_it_may_nothing_else(limited: Kubectl, command: tuple[str, ...], words: str) -> None:
    assert words in limited.run(*command, code=1).err


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("create", "pods", "--subresource=eviction"), "no\n"),
        (("patch", "nodes"), "no\n"),
        (("delete", "pods"), "no\n"),
        (("patch", "statefulsets", "--subresource=scale"), "yes\n"),
        (("patch", "statefulsets", "--subresource=scale", "-n", "kube-system"), "no\n"),
    ],
)
def test_it_is_told_so_when_it_asks_first(limited: Kubectl, question: tuple[str, ...], answer: str) -> None:
    assert limited.run("auth", "can-i", *question, code=0 if answer == "yes\n" else 1).out.endswith(answer)


def test_its_rules_are_listed(limited: Kubectl) -> None:
    listed = limited.run("auth", "can-i", "--list").out
    assert any(line.split()[0] == "deployments.apps/scale" for line in listed.splitlines())
    assert not any(line.split()[0].startswith("nodes") for line in listed.splitlines())
