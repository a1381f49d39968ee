"""`stampdeck vm` on the lab's helper VMs: host keys, shells on it and behind it, files, and what a login asks."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.commands.lab_process import LabProcess
from tests.console.command_line import Outcome, command, stampdeck
from tests.console.writing_lab import audited
from tests.support.pty_terminal import PtyTerminal

ON = ("--stamp", "orlando")
MODEL = "~/_output/k8s-orlando/apimodel.json"
DO = (*ON, "--write", "--yes")


@pytest.fixture(autouse=True)
def config(on_lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabProcess:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(os.environ, "STAMPDECK_JOURNAL", str(tmp_path / "journal.db"))
    return on_lab


def vm(*words: str) -> Outcome:
    found = stampdeck("vm", *words)
    assert "Traceback" not in found.err, found.err
    return found


def described(lab: LabProcess) -> dict[str, Any]:
    """Return what the lab says of the helper VM of orlando."""
    found = json.loads((lab.folder / "lab.json").read_text())["stamps"]["orlando"]["helper_vm"]
    assert isinstance(found, dict)
    return found


def home(lab: LabProcess) -> Path:
    return Path(str(described(lab)["home"]))


@pytest.fixture
def other_login(config: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Change how orlando's VM is logged in to, in a configuration of one's own."""

    def change(**changes: Any) -> None:
        fleet = yaml.safe_load(config.config.read_text())
        for each in fleet["stamps"]:
            each["cluster"]["kubeconfig"] = str(config.folder / each["cluster"]["kubeconfig"])
            access = each["helper_vm"]
            access["key_files"] = [str(config.folder / name) for name in access["key_files"]]
            each.pop("azure_stack", None)
            if each["name"] == "orlando":
                access.update(changes)
                each["helper_vm"] = {key: value for key, value in access.items() if value is not None}
        (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"stamps": fleet["stamps"]}))
        monkeypatch.setitem(os.environ, "STAMPDECK_CONFIG", str(tmp_path / "fleet.yaml"))

    yield change


def test_a_key_is_trusted_by_its_fingerprint_or_by_yes_and_never_by_nobody(
    config: LabProcess, other_login: Any
) -> None:
    other_login(host_key=None)
    right = described(config)["host_key"]
    found = vm("get", MODEL, *ON)
    assert found.code == 1 and right in found.err, found.err
    assert vm("trust", *ON).code == 2
    assert vm("trust", *ON, "--yes", "--fingerprint", right).code == 2
    wrong = vm("trust", *ON, "--fingerprint", "SHA256:wrong")
    assert wrong.code == 1 and "does not show SHA256:wrong" in wrong.err
    assert vm("get", MODEL, *ON).code == 1
    told = vm("trust", *ON, "--fingerprint", right)
    assert told.code == 0 and right in told.out
    every = set(described(config)["host_keys"].values())
    assert all(each in told.out for each in every)
    known = Path(os.environ["XDG_STATE_HOME"]) / "stampdeck" / "known_hosts"
    assert len(known.read_text().splitlines()) == 1
    known.unlink()
    assert vm("trust", *ON, "--yes").code == 0
    assert len(known.read_text().splitlines()) == len(every)


def test_a_file_goes_there_and_comes_back_proved_and_private(config: LabProcess, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    source, digest = tmp_path / "model one.json", hashlib.sha256(content).hexdigest()
    source.write_bytes(content)
    planned = vm("put", str(source), "~/", *ON)
    assert planned.code == 0 and digest in planned.out and "nothing has that name there now" in planned.out
    assert not (home(config) / source.name).exists()
    found = vm("put", str(source), "~/", *DO)
    assert found.code == 0, found.err
    assert digest in found.out and "%" in found.err
    there = home(config) / source.name
    assert there.read_bytes() == content and stat.S_IMODE(there.stat().st_mode) == 0o600
    (operation, *_) = audited()
    assert (operation["action"], operation["result"]) == ("vm-put", "done")
    assert "is replaced" in vm("put", str(source), f"~/{source.name}", *ON).out

    target = tmp_path / "back"
    target.mkdir()
    back = vm("get", f"~/{source.name}", str(target), *ON)
    assert back.code == 0 and digest in back.out, back.err
    assert (target / source.name).read_bytes() == content
    assert stat.S_IMODE((target / source.name).stat().st_mode) == 0o600
    again = vm("get", f"~/{source.name}", str(target), *ON)
    assert again.code == 2 and "is there already" in again.err
    assert vm("get", f"~/{source.name}", str(target), *ON, "--force").code == 0


def test_what_cannot_be_copied_says_so_and_leaves_nothing(config: LabProcess, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert vm("get", MODEL, str(pipe), *ON, "--force").code == 2
    assert pipe.is_fifo()
    found = vm("get", "~/no-such", str(tmp_path / "x"), *ON)
    assert found.code == 1 and "no-such" in found.err and not (tmp_path / "x").exists()
    assert vm("put", str(tmp_path / "nothing"), "~/", *ON).code == 1
    (tmp_path / "file").write_text("x")
    before = sorted(home(config).iterdir())
    gone = vm("put", str(tmp_path / "file"), "~/no/such/folder/x", *DO)
    assert gone.code == 1 and "Traceback" not in gone.err
    assert sorted(home(config).iterdir()) == before
    assert vm("put", str(tmp_path / "file"), "~/x", *ON, "--write").code == 1, "nobody confirmed it"
    assert not (home(config) / "x").exists()


def test_unarmed_the_plan_of_a_shell_is_shown_and_nothing_is_opened(config: LabProcess) -> None:
    found = vm("shell", *ON)
    port = described(config)["port"]
    assert found.code == 0 and f"ssh -p {port} azureuser@127.0.0.1" in found.out
    assert "nothing was done" in found.err
    through = vm("shell", *ON, "--node", "k8s-master-1", "--user", "ops")
    assert f"ssh -J azureuser@127.0.0.1:{port} ops@k8s-master-1" in through.out
    assert vm("shell", *ON, "--node", "-oProxyCommand=x").code == 2
    assert vm("shell", *DO).code == 2, "no terminal"
    assert audited() == []


@pytest.mark.terminal
def test_a_shell_on_the_vm_is_journalled_and_recorded(config: LabProcess) -> None:
    with PtyTerminal(command("vm", "shell", *DO, "--record"), columns=90, rows=24) as terminal:
        terminal.wait_for("if it hangs: ctrl-] three times", timeout=30)
        terminal.send("echo we-are-at-$HOME; stty size\r")
        terminal.wait_for(lambda seen: f"we-are-at-{home(config)}" in seen.text.replace("\n", ""), timeout=20)
        terminal.wait_for("24 90", timeout=20)
        terminal.send("exit 7\r")
        terminal.wait_for("ended with exit code 7", timeout=20)
        assert terminal.wait_exit(20) == 7
    (operation, *_) = audited()
    assert (operation["action"], operation["result"]) == ("vm-shell", "done")
    (tape,) = (Path(os.environ["XDG_STATE_HOME"]) / "stampdeck" / "recordings").iterdir()
    assert stat.S_IMODE(tape.stat().st_mode) == 0o600
    assert "we-are-at-" in tape.read_text()


@pytest.mark.terminal
def test_a_shell_on_a_node_wants_its_host_key_trusted_first(config: LabProcess) -> None:
    nodes = json.loads(stampdeck("get", "nodes", *ON, "-o", "json").out)["items"]
    node = nodes[0]["name"]
    with PtyTerminal(command("vm", "shell", *DO, "--node", node), columns=120) as terminal:
        terminal.wait_for("SHA256:", timeout=30)
        assert terminal.wait_exit(20) == 1
    trusted = vm("trust", *ON, "--node", node, "--yes")
    assert trusted.code == 0, trusted.err
    with PtyTerminal(command("vm", "shell", *DO, "--node", node), columns=120) as terminal:
        terminal.wait_for("if it hangs: ctrl-] three times", timeout=30)
        terminal.send("hostname\r")
        terminal.wait_for(lambda seen: seen.text.count(node) >= 3, timeout=20)
        terminal.send("\x04")
        assert terminal.wait_exit(20) == 0


@pytest.mark.terminal
def test_a_password_and_a_code_are_asked_at_the_terminal_and_the_password_is_not_seen(
    config: LabProcess, other_login: Any, tmp_path: Path
) -> None:
    factors = described(config)["two_factors"]
    other_login(user=factors["user"], key_files=None)
    unasked = vm("get", MODEL, str(tmp_path / "x"), *ON)
    assert unasked.code == 1 and "nobody to ask" in unasked.err, unasked.err
    words = command("vm", "get", MODEL, str(tmp_path / "profile"), *ON)
    with PtyTerminal(words, columns=120, record=True) as terminal:
        terminal.wait_for("assword", timeout=30)
        terminal.send(f"{factors['password']}\r")
        terminal.wait_for(lambda seen: "code" in seen.text.lower().replace("two_factor", ""), timeout=20)
        terminal.send(f"{factors['code']}\r")
        assert terminal.wait_exit(20) == 0
        assert factors["password"].encode() not in bytes(terminal.raw)
    assert (tmp_path / "profile").exists()


@pytest.mark.terminal
def test_the_passphrase_of_a_key_is_asked_and_refused_with_control_d(
    config: LabProcess, other_login: Any, tmp_path: Path
) -> None:
    key = described(config)["encrypted_key"]
    other_login(key_files=[key["file"]])
    words = command("vm", "get", MODEL, str(tmp_path / "profile"), *ON)
    with PtyTerminal(words, columns=120) as terminal:
        terminal.wait_for("assphrase", timeout=30)
        terminal.send("\x04")
        assert terminal.wait_exit(20) == 1
    assert not (tmp_path / "profile").exists()
    with PtyTerminal(words, columns=120, record=True) as terminal:
        terminal.wait_for("assphrase", timeout=30)
        terminal.send(f"{key['passphrase']}\r")
        assert terminal.wait_exit(20) == 0
        assert key["passphrase"].encode() not in bytes(terminal.raw)
    assert (tmp_path / "profile").exists()


@pytest.mark.terminal
def test_by_a_key_the_console_lends_its_terminal_and_gets_it_back(config: LabProcess) -> None:
    with PtyTerminal(command("-c", "engine"), 110, 30) as terminal:
        terminal.wait_for("v0.", 60)
        terminal.send("W")
        terminal.wait_for("WRITE", 20)
        terminal.send("h")
        terminal.wait_for("shell at orlando:", 20)
        terminal.send("\r")
        terminal.wait_for("open a shell on the helper VM", 30)
        terminal.wait_for("Yes, do it", 30)
        terminal.send("\t")
        terminal.send("\r")
        terminal.wait_for("if it hangs: ctrl-] three times", 40)
        terminal.send("stty size; echo here-$((40+2))\r")
        terminal.wait_for(lambda seen: "30 110" in seen.text and "here-42" in seen.text, 20)
        terminal.send("exit\r")
        terminal.wait_for("a shell on azureuser@", 20)  # its end, told over the screen
        terminal.wait_for(lambda seen: "jobs" in seen.text and "seattle" in seen.text, 20)
        terminal.wait_for(lambda seen: " run " not in seen.display[0], 20)  # else it asks whether to leave that
        terminal.send("\x03")
        assert terminal.wait_exit(30) == 0
    assert ("vm-shell", "done") in [(each["action"], each["result"]) for each in audited()]
