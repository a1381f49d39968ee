"""Ages as kubectl prints them, on a lab that runs ahead of the clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

NAMESPACE = "ages"


@pytest.fixture(scope="module", autouse=True)
def deployment(kubectl: Kubectl) -> Iterator[None]:
    """A deployment whose pods were replaced, so that there are events of all ages."""
    kubectl.run("create", "namespace", NAMESPACE)
    kubectl.run("create", "deployment", "young", "--image=registry.example/y:v1", "--replicas=2", "-n", NAMESPACE)
    kubectl.run("rollout", "status", "deployment/young", "-n", NAMESPACE, "--timeout=30s")
    kubectl.run("rollout", "restart", "deployment/young", "-n", NAMESPACE)
    kubectl.run("rollout", "status", "deployment/young", "-n", NAMESPACE, "--timeout=30s")
    yield
    kubectl.run("delete", "namespace", NAMESPACE)


@pytest.mark.parametrize(
    "command",
    [
        ("describe", "deployment", "young"),
        ("describe", "pods"),
        ("get", "events"),
        ("events",),
        ("get", "pods"),
        ("get", "all"),
        ("describe", "nodes"),
    ],
    ids=" ".join,
)
def test_no_age_is_in_the_future(kubectl: Kubectl, command: tuple[str, ...]) -> None:
    printed = kubectl.run(*command, "-n", NAMESPACE)
    assert "<invalid>" not in printed.out
    assert re.search(r"\b\d+(s|m|d)", printed.out)


def test_timestamps_and_ages_agree(kubectl: Kubectl) -> None:
    """The server's Age column and the time kubectl works out itself are of the same clock."""
    row = kubectl.run("get", "deployment", "young", "-n", NAMESPACE).table.row("young")
    made = json.loads(kubectl.run("get", "deployment", "young", "-n", NAMESPACE, "-o", "json").out)
    age_s = (datetime.now(UTC) - datetime.fromisoformat(made["metadata"]["creationTimestamp"])).total_seconds()
    assert 0 <= age_s < 60
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", row["AGE"]).groups()  # type: ignore[union-attr]
    assert abs(int(minutes or 0) * 60 + int(seconds) - age_s) < 5


def test_what_a_client_writes_it_reads_again(kubectl: Kubectl) -> None:
    stamp = "2099-01-02T03:04:05Z"
    kubectl.run("create", "configmap", "dated", f"--from-literal=at={stamp}", "-n", NAMESPACE)
    assert kubectl.run("get", "configmap", "dated", "-n", NAMESPACE, "-o", "jsonpath={.data.at}").out == stamp
    line = kubectl.run("logs", "deployment/young", "--timestamps", "--tail=1", "-n", NAMESPACE).out
    assert datetime.fromisoformat(line.split()[0][:19] + "+00:00") <= datetime.now(UTC)
    assert kubectl.run("logs", "deployment/young", "--since=10m", "-n", NAMESPACE).out
