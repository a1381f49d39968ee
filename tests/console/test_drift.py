"""`stampdeck drift` on the lab: everything, one object, and a stamp that does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import stampdeck
from tests.console.writing_lab import configure, set_replicas


@pytest.fixture(scope="module")
def written_lab() -> Iterator[LabProcess]:
    with lab_process() as running:
        yield running


@pytest.fixture(autouse=True)
def on_written_lab(written_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    configure(written_lab, monkeypatch)
    yield
    set_replicas("orlando", 3)
    stampdeck("lab", "clear")


def test_simulated_stamps_are_alike_at_first() -> None:
    found = stampdeck("drift")
    assert (found.code, found.out) == (0, "0 differ, 0 are meant to\n"), found


def test_what_differs_is_told_of_all_and_of_one_object(tmp_path: Path, written_lab: LabProcess) -> None:
    set_replicas("orlando", 5)
    found = stampdeck("drift")
    assert found.code == 3
    assert "deployment/ratings-web   default     replicas     5         3" in found.out
    schema = json.loads(stampdeck("drift", "--schema").out)
    one = stampdeck("drift", "deployment/ratings-web", "-o", "json")
    document = json.loads(one.out)
    Draft202012Validator(schema).validate(document)
    (item,) = document["items"]
    assert (one.code, item["path"], item["values"]) == (3, "spec.replicas", {"orlando": "5", "seattle": "3"})

    fleet = yaml.safe_load(written_lab.config.read_text())
    fleet["drift"] = {"intended": [{"what": "deployment/ratings-web", "path": "*replicas", "reason": "a larger site"}]}
    declared = written_lab.config.with_name("declared.yaml")
    declared.write_text(yaml.safe_dump(fleet))
    declared.chmod(0o600)
    quiet = stampdeck("--config", str(declared), "drift")
    assert (quiet.code, quiet.out) == (0, "0 differ, 1 are meant to\n"), quiet
    shown = stampdeck("--config", str(declared), "drift", "deployment/ratings-web", "--all")
    assert shown.code == 0 and "a larger site" in shown.out


def test_a_stamp_that_does_not_answer_is_named_and_is_no_drift() -> None:
    stampdeck("lab", "fault", "seattle", "api-down")
    found = stampdeck("drift")
    assert found.code == 3
    assert "seattle is not compared" in found.err
    assert found.out == "0 differ, 0 are meant to\n"


def test_one_stamp_cannot_be_compared() -> None:
    assert stampdeck("drift", "--stamp", "orlando").code == 2
