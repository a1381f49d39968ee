"""Read-only really is: every command, unarmed, and no API server saw a write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.commands.do import ACTIONS
from console.commands.lab_process import LabProcess
from console.commands.root import COMMANDS
from tests.console.command_line import stampdeck
from tests.console.writing_lab import configure
from tests.support.api_audit import ApiAudit, audited_lab
from tests.support.waiting import wait_until

NODE = "k8s-linuxpool-35064155-0"
WEB = "deployment/ratings-web"

COMMAND_LINES: dict[str, list[tuple[str, ...]]] = {
    "status": [("status",), ("status", "-o", "json")],
    "get": [
        ("get", "pods", "-A"),
        ("get", "--kinds"),
        ("get", "nodes", "-o", "wide"),
        ("get", "pod/ratings-mongodb-0", "-o", "yaml"),
    ],
    "logs": [("logs", WEB, "--tail", "5")],
    "doctor": [("doctor",)],
    "drift": [("drift",), ("drift", WEB)],
    "do": [],  # each action below
    "exec": [("exec", "ratings-mongodb-0", "--stamp", "orlando", "--yes", "--", "true")],
    "port-forward": [("port-forward", "--help")],  # goes on until it is stopped, and changes nothing
    "engine": [("engine", "show"), ("engine", "show", "--stamp", "orlando", "--model")],
    "upgrade": [
        ("upgrade", "plan", "--stamp", "orlando"),
        ("upgrade", "run", "--stamp", "orlando", "--to", "1.30.10", "--yes"),
    ],
    "scale": [("scale", "run", "--stamp", "orlando", "--pool", "linuxpool", "--count", "4", "--yes")],
    "deploy": [("deploy", "~/kubernetes.json", "~/_output/new", "--stamp", "orlando", "--yes")],
    "addpool": [("addpool", "~/linuxpool2.json", "--stamp", "orlando", "--yes")],
    "rotate-certs": [("rotate-certs", "--ssh-host", "10.0.0.4", "--ssh-key", "~/k", "--stamp", "orlando", "--yes")],
    "get-logs": [("get-logs", "--ssh-host", "10.0.0.4", "--ssh-key", "~/k", "--stamp", "orlando", "--yes")],
    "jobs": [("jobs", "list")],
    "vm": [
        ("vm", "trust", "--stamp", "orlando", "--yes"),
        ("vm", "get", "--help"),  # writes a file here, and nothing elsewhere
        ("vm", "put", "--stamp", "orlando", "--yes", "/etc/hostname", "put-by-nobody"),
        ("vm", "shell", "--stamp", "orlando", "--yes"),
    ],
    "audit": [("audit",), ("audit", "verify"), ("audit", "open"), ("audit", "export")],
    "config": [("config", "check"), ("config", "show"), ("config", "schema")],
    "init": [("init", "--help")],  # asks no API
    "demo": [("demo", "--help")],  # runs a lab of its own, on which it acts
    "lab": [("lab", "status"), ("lab", "faults")],
    "completion": [("completion", "bash")],
}
"""Of every command there is; one that is missing here fails."""

ACTION_WORDS: dict[str, tuple[str, ...]] = {
    "annotate": (WEB, "a=b"),
    "autoscale": (WEB, "--max", "10"),
    "continue": ("0123456789ab",),
    "cordon": (NODE,),
    "delete": (WEB,),
    "drain": (NODE, "--delete-emptydir-data"),
    "evict": ("pod/ratings-mongodb-0",),
    "label": (WEB, "a=b"),
    "pause": (WEB,),
    "restart": (WEB,),
    "resume": (WEB,),
    "rollback": (WEB,),
    "scale": (WEB, "--replicas", "2"),
    "set-image": (WEB, "ratings-web=ratings.azurecr.io/ratings-web:v2"),
    "uncordon": (NODE,),
}
"""Of every action there is; one that is missing here fails."""


@pytest.fixture(scope="module")
def audited() -> Iterator[tuple[LabProcess, ApiAudit]]:
    with audited_lab("--speed", "3") as found:
        yield found


@pytest.fixture
def audit(audited: tuple[LabProcess, ApiAudit], monkeypatch: pytest.MonkeyPatch) -> ApiAudit:
    lab, audit = audited
    configure(lab, monkeypatch)
    return audit


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes(audit: ApiAudit, name: str) -> None:
    assert name in COMMAND_LINES, f"say here how {name} is called, so that it is proved not to write"
    for words in COMMAND_LINES[name]:
        assert stampdeck(*words).code in (0, 3), words
    assert not audit.writes()


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_writes_until_it_is_armed(audit: ApiAudit, action: str) -> None:
    assert action in ACTION_WORDS, f"say here how {action} is called, so that it is proved not to write"
    before = len(audit.requests())
    # Confirmed and every name typed, but not armed.
    where = () if action == "continue" else ("--stamp", "orlando")
    found = stampdeck("do", action, *ACTION_WORDS[action], *where, "--yes", "--confirm", "orlando")
    assert "Traceback" not in found.err, found.err
    # Nothing is left open here to be continued: that it is, and then asks, is proved where one was.
    assert len(audit.requests()) > before or action == "continue", f"{action} asked nothing: {found}"
    audit.expect_read_only()


def test_armed_and_not_confirmed_nothing_is_written(audit: ApiAudit) -> None:
    assert stampdeck("do", "scale", WEB, "--replicas", "4", "--stamp", "orlando", "--write").code == 1
    audit.expect_read_only()


def test_a_write_would_have_been_seen() -> None:
    """The proof above is none unless a write shows: the change itself, and the lock it was made under."""
    with audited_lab("--speed", "3") as (lab, audit):
        environment = {"STAMPDECK_CONFIG": str(lab.config)}
        words = ("do", "scale", WEB, "--replicas", "4", "--stamp", "orlando", "--write", "--yes")
        assert stampdeck(*words, environment=environment).code == 0
        wait_until(audit.writes)
        written = {each.path.rsplit("/", 1)[-1] for each in audit.writes()}
        assert "scale" in written and any("lease" in each.path for each in audit.writes())
        with pytest.raises(AssertionError):
            audit.expect_read_only()
