"""`stampdeck exec` and `port-forward` on the lab: what passes through, what is refused, what is written down."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from console.commands.lab_process import LabProcess
from tests.console.command_line import Outcome, command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure
from tests.support.api_audit import ApiAudit, audited_lab
from tests.support.waiting import wait_until

PODS = "/api/v1/namespaces/default/pods"
ON = ("--stamp", "orlando", "-n", "default")
DO = (*ON, "--write", "--yes")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[LabProcess, ApiAudit]]:
    with audited_lab("--speed", "3") as found:
        yield found


@pytest.fixture(autouse=True)
def audit(running: tuple[LabProcess, ApiAudit], monkeypatch: pytest.MonkeyPatch) -> ApiAudit:
    lab, found = running
    configure(lab, monkeypatch)
    return found


POD = "ratings-mongodb-0"
"""It keeps its name, and no autoscaler takes it away."""


def run(*words: str, stdin: str = "") -> Outcome:
    found = stampdeck("exec", *words, stdin=stdin)
    assert "Traceback" not in found.err, found.err
    return found


def sessions(audit: ApiAudit) -> list[str]:
    return [str(each) for each in audit.writes() if "/exec" in str(each) or "/portforward" in str(each)]


def test_unarmed_nothing_is_run_whatever_is_confirmed(audit: ApiAudit) -> None:
    before = sessions(audit)
    found = run(POD, *ON, "--yes", "--confirm", "orlando", "--", "touch", "/tmp/x")
    assert found.code == 0 and "nothing was done: --write does it" in found.err
    assert "exec pod/" in found.out and "create pods/exec in default" in found.out
    assert run(POD, *ON, "--write", "--", "true").code == 1, "not confirmed"
    assert sessions(audit) == before


def test_output_errors_input_and_exit_code_pass_through() -> None:
    found = run(POD, *DO, "--", "sh", "-c", "hostname; ls /no-such; exit 42")
    assert (found.code, found.out) == (42, f"{POD}\n")
    assert found.err == "ls: cannot access '/no-such': No such file or directory\n"
    given = "".join(f"echo line {number}\n" for number in range(2_000)) + "exit 3\n"
    found = run(f"pod/{POD}", *DO, "-i", "--", "sh", stdin=given)
    assert (found.code, found.out) == (3, given.replace("echo ", "").replace("exit 3\n", ""))
    assert run(POD, *DO, "--", "cat", stdin="not passed on").out == ""
    newest = audited()[0]
    assert (newest["action"], newest["result"]) == ("exec", "done")


def test_what_cannot_be_run_is_a_failure_in_words() -> None:
    found = run(POD, *DO, "--", "no-such-program")
    assert found.code == 1 and "executable file not found" in found.err and f"debug -it pod/{POD}" in found.err
    assert "no container db, but mongodb" in run(POD, *DO, "-c", "db", "--", "ls").err
    assert stampdeck("exec", "no-such-pod", *DO, "--", "ls").code == 1
    assert run(POD, *DO).code == 2, "no terminal for a shell"
    assert run("deployment/ratings-web", *DO, "--", "ls").code == 2, "no pod"
    assert run(POD, "-n", "default", "--write", "--", "ls").code == 2, "on which stamp?"


def test_a_reader_who_leaves_is_no_failure() -> None:
    words = command("exec", POD, *DO, "-i", "--", "cat")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(b"first\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"first\n"
        process.stdout.close()
        process.stdin.write(b"second\n")
        process.stdin.flush()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_a_signal_leaves_what_was_begun_and_says_so() -> None:
    words = command("exec", POD, *DO, "-i", "--", "cat")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(b"begun\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
        assert b"may still run" in process.stderr.read()
    assert audited()[0]["result"] == "cancelled"


def test_an_account_without_the_right_is_refused_in_the_apis_words(
    running: tuple[LabProcess, ApiAudit], audit: ApiAudit, tmp_path: Path
) -> None:
    lab, _ = running
    fleet = yaml.safe_load(lab.config.read_text())
    kubeconfig = lab.folder / "kube" / "orlando-scaler.yaml"
    context = yaml.safe_load(kubeconfig.read_text())["contexts"][0]["name"]
    limited = {"kubeconfig": str(kubeconfig), "context": context}
    stamps = [{"name": "orlando", "cluster": limited}, *fleet["stamps"][1:]]
    for each in stamps[1:]:
        each["cluster"]["kubeconfig"] = str(lab.folder / each["cluster"]["kubeconfig"])
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"stamps": stamps}))
    os.environ["STAMPDECK_CONFIG"] = str(tmp_path / "fleet.yaml")
    before = sessions(audit)
    found = run(POD, *DO, "--", "ls")
    assert found.code == 1 and "refused" in found.err and "create pods/exec in default" in found.err
    found = stampdeck("port-forward", "deployment/ratings-web", ":8080", *ON)
    assert found.code == 1 and "create pods/portforward in default" in found.err
    assert sessions(audit) == before


@contextmanager
def forwarding(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `stampdeck port-forward` and give its process and the address it said."""
    with subprocess.Popen(command("port-forward", *words, *ON), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            address = re.search(r"127\.0\.0\.1:\d+", line)
            assert address is not None, line + process.stderr.read()
            yield process, address[0]
        finally:
            if process.poll() is None:
                process.kill()


def _served(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200 and answer.headers["X-Stamp"] == "orlando")
    except (urllib.error.URLError, OSError):
        return False


def test_a_port_leads_to_the_application_also_when_its_pod_is_replaced() -> None:
    with forwarding("deployment/ratings-web", ":8080") as (process, address):
        assert process.stderr is not None
        wait_until(lambda: _served(address))
        said = process.stderr.readline()
        first = re.search(r"pod (\S+)", said)
        assert first is not None, said
        ask_api("DELETE", f"{PODS}/{first[1]}")
        said = process.stderr.readline()
        while "new connections go to pod" not in said:
            assert said, "it goes on"
            said = process.stderr.readline()
        assert first[1] not in said
        wait_until(lambda: _served(address))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not _served(address)
    newest = audited()[0]
    assert (newest["action"], newest["stamp"]) == ("port-forward", "orlando")
    exported = [json.loads(line) for line in stampdeck("audit", "export").out.splitlines()]
    texts = [each["data"]["text"] for each in exported if each["kind"] == "port-forward"]
    assert texts[0] == "opened"
    assert re.search(r"2 connections served, \d+B sent, \d+B received: the console ended", texts[1]), texts[1]


def test_a_service_and_what_cannot_be_forwarded() -> None:
    with forwarding("svc/ratings-web", ":80") as (_, address):
        wait_until(lambda: _served(address))
        port = address.partition(":")[2]
        taken = stampdeck("port-forward", "svc/ratings-web", f"{port}:80", *ON)
        assert taken.code == 2 and "is taken" in taken.err
    for ports in ("80:", "70000:80", "a b:80", "99999"):
        assert stampdeck("port-forward", "svc/ratings-web", ports, *ON).code == 2, ports
    assert "it has no port 81" in stampdeck("port-forward", "svc/ratings-web", ":81", *ON).err
    assert stampdeck("port-forward", "deployment/no-such", ":80", *ON).code == 1
