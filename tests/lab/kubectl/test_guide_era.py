"""A stamp of the deployment guide's own version (1.14): old API groups, no OpenAPI 3, no autoscaling/v2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backends.lab.runner import LabOptions
from tests.lab.kubectl.conftest import SPEED, LabThread, kubeconfig_of
from tests.lab.kubectl.printed import Kubectl
from tests.support.peers import require_kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl on a stamp of version 1.14.8."""
    program = require_kubectl()
    options = LabOptions(tmp_path_factory.mktemp("lab-1.14"), speed=SPEED, stamps=1, incidents=False, version="v1.14.8")
    thread = LabThread(options)
    running = thread.start()
    try:
        yield Kubectl(program, kubeconfig_of(running), tmp_path_factory.mktemp("home"))
    finally:
        thread.stop()


def test_workloads_are_found_in_the_group_the_guide_shows(old: Kubectl) -> None:
    _, deployments, sets = old.run("get", "pod,deployment,statefulset").tables
    assert deployments.row("deployment.extensions/ratings-api")["READY"] == "2/2"
    assert sets.row("statefulset.apps/ratings-mongodb")["READY"] == "1/1"


def test_autoscale_falls_back_to_the_first_version(old: Kubectl) -> None:
    made = old.run("autoscale", "deployment", "ratings-web", "--cpu=80%", "--min=1", "--max=10")
    assert made.out == "horizontalpodautoscaler.autoscaling/ratings-web autoscaled\n"
    printed = old.until(lambda each: "<unknown>" not in each.out, "get", "hpa")
    assert printed.table.row("ratings-web")["TARGETS"].endswith("%/80%")
    assert "Target CPU utilization:   80%" in old.run("describe", "hpa", "ratings-web").out


def test_explain_reads_the_protobuf_document(old: Kubectl) -> None:
    printed = old.run("explain", "statefulset.spec.replicas").out
    assert printed.startswith("KIND:     StatefulSet\nVERSION:  apps/v1\n\nFIELD:    replicas <integer>\n")
    assert "-required-" in old.run("explain", "pod.spec.containers").out


def test_client_side_apply_merges_without_openapi_3(old: Kubectl) -> None:
    settings = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"1","b":"2"}}'
    assert old.run("apply", "-f", "-", stdin=settings).out == "configmap/s created\n"
    assert old.run("apply", "-f", "-", stdin=settings.replace(',"b":"2"', "")).out == "configmap/s configured\n"
    assert old.run("get", "configmap", "s", "-o", "jsonpath={.data}").out == '{"a":"1"}'
