"""`stampdeck upgrade plan` and `stampdeck engine show` on the lab: its helper VMs, engines and Resource Managers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from backends.model.engine.releases import step_is_whole
from console.commands.lab_process import LabProcess
from tests.console.command_line import command, stampdeck
from tests.support.pty_terminal import PtyTerminal

pytestmark = pytest.mark.usefixtures("on_lab")


def test_a_plan_has_hops_that_skip_no_minor_with_engine_images_and_changes() -> None:
    schema = json.loads(stampdeck("upgrade", "plan", "--schema").out)
    found = stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", "1.34.4", "-o", "json")
    document = json.loads(found.out)
    Draft202012Validator(schema).validate(document)
    assert found.code == 0 and document["target"] == "1.34.4" and document["problems"] == []
    hops = document["hops"]
    assert [hops[0]["current"], hops[-1]["version"]] == [document["current"], "1.34.4"]
    for hop in hops:
        assert step_is_whole(hop["current"], hop["version"])
        assert hop["engine"].startswith("v0.") and hop["images"] and hop["missing_images"] == []
    assert any(hop["changes"] for hop in hops)
    assert hops[0]["version"] in document["offered"] and hops[0]["engine"] == document["installed"]


def test_the_newest_is_planned_when_no_version_is_named() -> None:
    found = stampdeck("upgrade", "plan", "--stamp", "seattle")
    assert found.code == 0, found
    lines = found.out.splitlines()
    assert lines[0].startswith("seattle runs 1.") and "the helper VM has v0." in lines[0]
    assert lines[2].split() == ["RUN", "FROM", "TO", "ENGINE", "BASE", "IMAGE"]
    assert any(" 1.35.0 " in line and " v0.85.0 " in line for line in lines)
    assert "to be installed on the helper VM in turn: " in found.out


def test_an_image_that_the_marketplace_lacks_is_told() -> None:
    stampdeck("lab", "fault", "orlando", "image-missing=2026.139.1")
    found = stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", "1.35.0")
    assert found.code == 3 and "aks-engine-azurestack-ubuntu-2204:2026.139.1 (missing)" in found.out
    document = json.loads(stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", "1.35.0", "-o", "json").out)
    assert document["hops"][-1]["missing_images"] == document["hops"][-1]["images"]
    assert document["hops"][0]["missing_images"] == []


def test_a_marketplace_that_cannot_be_asked_leaves_the_plan() -> None:
    stampdeck("lab", "fault", "orlando", "arm-down")
    found = stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", "1.34.4", "-o", "json")
    document = json.loads(found.out)
    assert found.code == 0 and document["hops"][0]["missing_images"] is None
    assert "whether the images are in the marketplace is not known" in document["problems"][0]


def test_no_way_and_nothing_to_do_are_told_apart() -> None:
    none = stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", "1.99.0")
    assert none.code == 3 and "no engine known here makes 1.99.0" in none.out
    current = json.loads(stampdeck("upgrade", "plan", "--stamp", "orlando", "-o", "json").out)["current"]
    same = stampdeck("upgrade", "plan", "--stamp", "orlando", "--to", f"v{current}")
    assert same.code == 0 and f"it has {current} already" in same.out


def test_a_base_image_alone_is_planned_with_its_warnings() -> None:
    found = stampdeck("upgrade", "plan", "--stamp", "orlando", "--base-image")
    assert found.code == 0 and "cannot be resumed" in found.out and "every node is replaced" in found.out
    assert stampdeck("upgrade", "plan", "--stamp", "orlando", "--base-image", "--to", "1.34.4").code == 2


def test_one_stamp_is_planned_at_a_time(on_lab: LabProcess) -> None:
    assert stampdeck("upgrade", "plan").code == 2
    fleet = yaml.safe_load(on_lab.config.read_text())
    for stamp in fleet["stamps"]:
        del stamp["helper_vm"]
    bare = on_lab.config.with_name("without-vm.yaml")
    bare.write_text(yaml.safe_dump(fleet))
    found = stampdeck("--config", str(bare), "upgrade", "plan", "--stamp", "orlando")
    assert found.code == 2 and "no helper VM" in found.err
    assert stampdeck("--config", str(bare), "engine", "show").code == 2


def test_engines_and_api_models_are_shown() -> None:
    found = stampdeck("engine", "show")
    assert found.code == 0, found
    for line in ("orlando", "seattle", "  identity    azure_ad", "  identity    adfs"):
        assert line in found.out.splitlines()
    assert "  API server  k8s-orlando.orlando.cloudapp.azurestack.external" in found.out
    assert [line.split()[:2] for line in found.out.splitlines() if line.startswith("  master")] == [["master", "3"]] * 2
    schema = json.loads(stampdeck("engine", "show", "--schema").out)
    document = json.loads(stampdeck("engine", "show", "--stamp", "orlando", "-o", "json").out)
    Draft202012Validator(schema).validate(document)
    (record,) = document["stamps"]
    assert record["engine"].startswith("v0.") and len(record["suffix"]) == 8 and record["problems"] == []


def test_the_whole_api_model_is_printed_without_a_secret(on_lab: LabProcess) -> None:
    found = stampdeck("engine", "show", "--stamp", "orlando", "--model")
    assert found.code == 0 and json.loads(found.out)["properties"]["servicePrincipalProfile"]["secret"] == "«redacted»"
    held = json.loads((on_lab.folder / "vm/orlando/home/_output/k8s-orlando/apimodel.json").read_text())["properties"]
    assert held["servicePrincipalProfile"]["secret"] not in found.out
    assert held["certificateProfile"]["caPrivateKey"].splitlines()[1] not in found.out
    assert stampdeck("engine", "show", "--model").code == 2


def test_a_helper_vm_that_does_not_answer_is_told() -> None:
    stampdeck("lab", "fault", "orlando", "ssh-down")
    found = stampdeck("engine", "show", "-o", "json")
    records = {each["stamp"]: each for each in json.loads(found.out)["stamps"]}
    assert found.code == 3 and records["orlando"]["problems"] and records["seattle"]["problems"] == []
    planned = stampdeck("upgrade", "plan", "--stamp", "orlando")
    assert planned.code == 1 and "orlando: " in planned.err


@pytest.mark.terminal
def test_a_host_key_is_trusted_once_it_was_compared(
    on_lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))
    fleet = yaml.safe_load(on_lab.config.read_text())
    pinned = fleet["stamps"][0]["helper_vm"].pop("host_key")
    unpinned = on_lab.config.with_name("unpinned.yaml")
    unpinned.write_text(yaml.safe_dump(fleet))
    where = ("--config", str(unpinned), "--stamp", "orlando", "engine")
    unknown = stampdeck(*where, "show")
    assert unknown.code == 3 and "is not known" in unknown.err and pinned in unknown.err
    asked = stampdeck(*where, "trust")
    assert asked.code == 2 and pinned in asked.out and "give --fingerprint" in asked.err
    wrong = stampdeck(*where, "trust", "--fingerprint", "SHA256:" + "A" * 43)
    assert wrong.code == 1 and "does not show SHA256:AAA" in wrong.err
    assert stampdeck(*where, "show").code == 3
    for typed, code in (("no\r", 1), ("\x03", 130)):
        with PtyTerminal(command(*where, "trust")) as terminal:
            terminal.wait_for("Type yes to trust orlando", 30)
            terminal.send(typed)
            assert terminal.wait_exit(30) == code
    assert not (tmp_path / "state" / "stampdeck" / "known_hosts").exists()
    trusted = stampdeck(*where, "trust", "--fingerprint", pinned)
    assert (trusted.code, trusted.err) == (0, "") and "remembered for azureuser@127.0.0.1:" in trusted.out
    assert stampdeck(*where, "show").code == 0
    known = tmp_path / "state" / "stampdeck" / "known_hosts"
    assert known.stat().st_mode & 0o777 == 0o600 and "127.0.0.1" not in known.read_text()


@pytest.mark.terminal
def test_keys_that_a_person_compared_are_remembered(
    on_lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))
    fleet = yaml.safe_load(on_lab.config.read_text())
    fleet["stamps"][0]["helper_vm"].pop("host_key")
    unpinned = on_lab.config.with_name("compared.yaml")
    unpinned.write_text(yaml.safe_dump(fleet))
    where = ("--config", str(unpinned), "--stamp", "orlando", "engine")
    with PtyTerminal(command(*where, "trust")) as terminal:
        terminal.wait_for("Type yes to trust orlando", 30)
        terminal.send("yes\r")
        assert terminal.wait_exit(30) == 0
    assert stampdeck(*where, "show").code == 0
