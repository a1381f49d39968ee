"""What the stand-in says is understood by the console's reader of the engine's log, as the real one's words are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.aks_engine.log.engine_log import EngineLog
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import EngineProgress, Phase
from tests.lab.engine.stand import Outcome, Stand, engine_stand

FQDN = "k8s-orlando.orlando.cloudapp.azurestack.external"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with engine_stand(tmp_path, speed=900) as stand:
        yield stand


def _understood(command: str, outcome: Outcome) -> EngineProgress:
    """Return what the reader makes of a run; every line of it has to be known or be part of something known."""
    log = EngineLog(command)
    lines: list[EngineLine] = [*log.feed((outcome.out + outcome.err).encode()), *log.close()]
    known = (LineForm.USAGE, LineForm.PANIC, LineForm.STACK, LineForm.ARM, LineForm.TABLE, LineForm.ERROR)
    strange = [each.text for each in lines if not each.message and each.form not in known and not each.is_folded]
    assert [each for each in strange if each.strip()] == []
    return log.progress


def _failure(command: str, outcome: Outcome) -> str:
    assert outcome.code != 0
    failures = _understood(command, outcome).failures
    assert failures, outcome.err
    return failures[-1].id


async def test_runs_that_end_well(stand: Stand) -> None:
    model = str(stand.model_path.relative_to(stand.home))
    ssh = ("--ssh-host", FQDN, "--linux-ssh-private-key", ".ssh/id_rsa")
    place = ("-l", "orlando", "-m", model)
    runs = {
        "addpool": ("-g", "k8s-orlando", *place, "-p", "linuxpool2.json", *stand.login),
        "deploy": ("-g", "k8s-orlando-2", "-l", "orlando", "-m", "kubernetes.json", *stand.login),
        "get-logs": (*place, *ssh),
        "rotate-certs": ("-g", "k8s-orlando", *place, *ssh, *stand.login),
    }
    for command, arguments in runs.items():
        outcome = await stand.run(command, *arguments)
        assert outcome.code == 0, outcome.err
        progress = _understood(command, outcome)
        assert progress.failures == ()
        assert progress.phase not in (Phase.START, Phase.LOADING, Phase.FAILED)


async def test_failures_of_deploy_are_explained(stand: Stand) -> None:
    board = stand.stamp.board
    arguments = ("deploy", "-m", "kubernetes.json", "-l", "orlando", "-g", "k8s-orlando-2", *stand.login)
    found = {}
    for fault in ("arm-down", "arm-untrusted", "spn-expired", "arm-forbidden", "image-missing", "quota-exceeded"):
        board.set(fault, "")
        found[fault] = _failure("deploy", await stand.run(*arguments))
        board.clear(fault)
    (stand.home / "_output" / "k8s-orlando-2").mkdir(exist_ok=True)
    found["exists"] = _failure("deploy", await stand.run(*arguments))
    definition = json.loads((stand.home / "kubernetes.json").read_text())
    definition["properties"]["masterProfile"]["count"] = 2
    (stand.home / "two.json").write_text(json.dumps(definition))
    found["two masters"] = _failure("deploy", await stand.run(*arguments, "-m", "two.json", "-f"))

    assert "unknown" not in found.values(), found


async def test_failures_of_the_others_are_explained(stand: Stand) -> None:
    model = str(stand.model_path.relative_to(stand.home))
    place = ("-l", "orlando", "-m", model)
    pool = json.loads((stand.home / "linuxpool2.json").read_text())
    (stand.home / "same.json").write_text(json.dumps({**pool, "name": "linuxpool"}))
    (stand.home / "mixed.json").write_text(json.dumps({**pool, "availabilityProfile": "VirtualMachineScaleSets"}))
    (stand.home / "typed.json").write_text(json.dumps({**pool, "count": "3"}))
    (stand.home / "broken.json").write_text("{")
    (stand.home / "other").write_bytes((stand.home / ".stampdeck-sp" / "key.pem").read_bytes())
    rotate = ("rotate-certs", "-g", "k8s-orlando", *place, *stand.login, "--ssh-host")
    found = {
        "same pool": _failure("addpool", await stand.run(
            "addpool", "-g", "k8s-orlando", *place, "-p", "same.json", *stand.login)),
        **{each: _failure("addpool", await stand.run(
            "addpool", "-g", "k8s-orlando", *place, "-p", f"{each}.json", *stand.login))
           for each in ("mixed", "typed", "broken", "absent")},
        "elsewhere": _failure("get-logs", await stand.run(
            "get-logs", "-l", "seattle", "-m", model, "--ssh-host", FQDN, "--linux-ssh-private-key", ".ssh/id_rsa")),
        "no host": _failure("rotate-certs", await stand.run(
            *rotate, "bastion.example", "--linux-ssh-private-key", ".ssh/id_rsa")),
        "wrong key": _failure("rotate-certs", await stand.run(*rotate, FQDN, "--linux-ssh-private-key", "other")),
        "no key": _failure("rotate-certs", await stand.run(*rotate, FQDN, "--linux-ssh-private-key", "absent")),
        "gone": _failure("get-logs", await stand.run(
            "get-logs", *place, "--ssh-host", FQDN, "--linux-ssh-private-key", ".ssh/id_rsa", "--vm-names",
            "k8s-linuxpool-35064155-9")),
        "no flags": _failure("get-logs", await stand.run("get-logs")),
    }  # fmt: skip

    assert "unknown" not in found.values(), found
