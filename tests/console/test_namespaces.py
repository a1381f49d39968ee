"""Without -n each stamp's own namespace is meant, as kubectl takes it from the context of the kubeconfig."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from console.commands.lab_process import LabProcess
from tests.console.command_line import stampdeck


@pytest.fixture
def own_namespaces(on_lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabProcess:
    """The lab by a configuration in which the context of orlando names kube-system, and that of seattle nothing."""
    fleet = yaml.safe_load(on_lab.config.read_text())
    for stamp in fleet["stamps"]:
        given = on_lab.folder / stamp["cluster"]["kubeconfig"]
        stamp["cluster"]["kubeconfig"] = str(given)
        if stamp["name"] == "orlando":
            kubeconfig = yaml.safe_load(given.read_text())
            for each in kubeconfig["contexts"]:
                each["context"]["namespace"] = "kube-system"
            own = tmp_path / "kubeconfig"
            own.touch(mode=0o600)
            own.write_text(yaml.safe_dump(kubeconfig))
            stamp["cluster"]["kubeconfig"] = str(own)
    config = tmp_path / "fleet.yaml"
    config.touch(mode=0o600)
    config.write_text(yaml.safe_dump(fleet))
    monkeypatch.setenv("STAMPDECK_CONFIG", str(config))
    return on_lab


def _places(*arguments: str) -> set[tuple[str, str]]:
    found = stampdeck("get", *arguments, "-o", "json")
    assert found.code == 0, found.err
    return {(row["stamp"], row["namespace"]) for row in json.loads(found.out)["items"]}


def test_rows_of_each_stamps_own_namespace(own_namespaces: LabProcess) -> None:
    assert _places("pods") == {("orlando", "kube-system"), ("seattle", "default")}
    assert _places("pods", "-n", "default") == {("orlando", "default"), ("seattle", "default")}
    assert len(_places("pods", "-A")) > 2
    assert _places("pods", "--stamp", "orlando") == {("orlando", "kube-system")}


def test_a_table_of_several_namespaces_names_them(own_namespaces: LabProcess) -> None:
    assert "NAMESPACE" in stampdeck("get", "pods").out.splitlines()[0]
    assert "NAMESPACE" not in stampdeck("get", "pods", "--stamp", "orlando").out.splitlines()[0]


def test_where_it_looked_is_said(own_namespaces: LabProcess) -> None:
    found = stampdeck("get", "pods", "nobody")
    assert found.code == 1
    assert "not found: in namespace kube-system of orlando and in namespace default of seattle" in found.err


def test_an_object_and_logs_of_the_own_namespace(own_namespaces: LabProcess) -> None:
    names = stampdeck("get", "pods", "--stamp", "orlando", "-o", "name").out.split()
    name = next(each for each in names if "coredns" in each).partition("/")[2]
    whole = json.loads(stampdeck("get", "pod", name, "--stamp", "orlando", "-o", "json").out)
    assert whole["items"][0]["object"]["metadata"]["namespace"] == "kube-system"
    logs = stampdeck("logs", f"pod/{name}", "--stamp", "orlando", "--tail", "3")
    assert (logs.code, logs.err) == (0, "")
    assert stampdeck("logs", f"pod/{name}", "--stamp", "orlando", "-n", "default").code != 0
