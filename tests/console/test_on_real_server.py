"""The headless commands against a real kube-apiserver: init, doctor, status and get, as a first-time user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.console.command_line import stampdeck
from tests.support.control_plane import ControlPlane

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]


def test_from_a_kubeconfig_to_rows(control_plane: ControlPlane, tmp_path: Path) -> None:
    before = control_plane.kubeconfig.read_bytes()
    fleet = ("--config", str(tmp_path / "fleet.yaml"))
    assert stampdeck(*fleet, "init", "--from-kubeconfig", str(control_plane.kubeconfig)).code == 0

    found = stampdeck(*fleet, "get", "namespaces", "-o", "json")
    assert found.code == 3, "the viewer has no rights"
    document = json.loads(found.out)
    assert {name: each["state"] for name, each in document["stamps"].items()} == {
        "admin": "LIVE",
        "viewer": "FORBIDDEN",
        "certificate": "LIVE",
    }
    names = {(item["stamp"], item["name"]) for item in document["items"]}
    assert {("admin", "kube-system"), ("certificate", "kube-system")} <= names

    table = stampdeck(*fleet, "get", "svc", "kubernetes", "--stamp", "admin")
    assert (table.code, table.err) == (0, "")
    assert table.out.splitlines()[0].split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]

    status = json.loads(stampdeck(*fleet, "status", "-o", "json", "--stamp", "admin").out)
    assert status["stamps"][0]["kubernetes_version"].startswith("v1.")
    assert status["stamps"][0]["sources"]["nodes"]["state"] == "LIVE"

    doctor = json.loads(stampdeck(*fleet, "doctor", "-o", "json").out)["checks"]
    failed = {check["stamp"] for check in doctor if check["outcome"] == "fail"}
    assert "viewer" in failed and "admin" not in failed
    # The kubeconfig's current-context is somebody else's business: never used, never changed.
    assert control_plane.kubeconfig.read_bytes() == before
