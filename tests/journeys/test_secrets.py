"""A run whose engine logs in by a client secret: none there is comes into our files, arguments, output, screens."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.journeys.conftest import STAMPDECK, Lab
from tests.support.secret_search import SecretSearch
from tests.support.tmux import Tmux
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.terminal, pytest.mark.xdist_group("upgrade"), pytest.mark.timeout(300)]
Console = Callable[..., AbstractContextManager[Tmux]]
FAST = ("--speed", "200", "--kubernetes-version", "v1.33.10")
SECRET_FILE = ".stampdeck-sp/secret"


def by_secret(lab: Lab) -> Path:
    """Write the lab's fleet.yaml with engines that log in by a client secret, and return its path."""
    fleet = yaml.safe_load(lab.config.read_text())
    for each in fleet["stamps"]:
        client = each["azure_stack"]["engine"]["client_id"]
        each["azure_stack"]["engine"] = {"client_id": client, "secret_file": f"~/{SECRET_FILE}"}
    path = lab.folder / "fleet-by-secret.yaml"
    path.write_text(yaml.safe_dump(fleet))
    path.chmod(0o600)
    return path


def every_secret(lab: Lab) -> dict[str, str]:
    """Return all secrets of the lab that the console, its configuration or the helper VM know of."""
    home = lab.folder / "vm/orlando/home"
    described = json.loads((lab.folder / "lab.json").read_text())["stamps"]["orlando"]
    vm, arm = described["helper_vm"], described["azure_stack"]
    users = yaml.safe_load((lab.folder / "kube/orlando.yaml").read_text())["users"]
    found = {
        "the client secret": (home / SECRET_FILE).read_text().strip(),
        "the engine's key": (home / ".stampdeck-sp/key.pem").read_text(),
        "the operator's SSH key": Path(vm["key_file"]).read_text(),
        "the encrypted SSH key": Path(vm["encrypted_key"]["file"]).read_text(),
        "the passphrase": vm["encrypted_key"]["passphrase"],
        "the password": vm["two_factors"]["password"],
        "the reader's secret": Path(arm["reader"]["secret_file"]).read_text().strip(),
    }
    for name, value in ((each["name"], value) for each in users for value in each["user"].items()):
        if value[0] in ("client-key-data", "token"):
            found[f"the {value[0]} of {name}"] = value[1]
    model = json.loads((home / "_output/k8s-orlando/apimodel.json").read_text())
    found |= {f"api model: {name}": text for name, text in private(model) if len(text) >= 8}
    assert len(found) > 12, sorted(found)
    return found


def private(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield what an api model has of keys and secrets."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from private(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from private(each, name)
    elif isinstance(value, str) and (name.lower().endswith("privatekey") or name == "secret"):
        yield name, value


@pytest.mark.parametrize("lab", [FAST], indirect=True)
def test_no_secret_comes_out_of_a_run(lab: Lab, console: Console) -> None:
    config, state = str(by_secret(lab)), Path(os.environ["XDG_STATE_HOME"]) / "stampdeck"
    search = SecretSearch(every_secret(lab))
    said: dict[str, bytes] = {}

    def tell(*words: str, code: int = 0) -> str:
        log = ("--log-file", str(state / "told.log"), "--log-level", "debug")
        done = subprocess.run([STAMPDECK, *log, "--config", config, *words], capture_output=True, check=False)
        said[" ".join(words)] = done.stdout + done.stderr
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode()

    with search.in_arguments() as arguments:
        to = ("upgrade", "run", "--stamp", "orlando", "--to", "1.34.4")
        assert "its command line shows the client secret to every account of the VM" in tell(*to)
        assert "1.34.4" in tell(*to, "--write", "--yes")
        (job,) = json.loads(tell("jobs", "list", "--stamp", "orlando", "-o", "json"))["jobs"]
        of_job = ("--stamp", "orlando", job["number"])
        for words in (("watch", *of_job), ("log", *of_job), ("log", *of_job, "--raw"), ("reconcile", *of_job)):
            tell("jobs", *words)
        tell("engine", "show", "--stamp", "orlando")
        tell("audit", "-o", "json")
        tell("audit", "export")
        with console("--config", config, "-c", "engine") as terminal:
            terminal.wait_for(lambda seen: job["number"][:8] in seen, timeout_s=30)
            terminal.send("Tab", "Enter")
            said["cockpit"] = terminal.wait_for("exited", timeout_s=30).encode()
            terminal.send("C-q")
            assert terminal.wait_for_exit(10) == 0

    assert {name: found for name, data in said.items() if (found := search.in_bytes(data))} == {}
    engines = {line for line in arguments if "aks-engine-azurestack upgrade " in line and STAMPDECK not in line}
    assert engines, "the engine shows its secret while it runs, and was not seen: nobody was looked at"
    assert set(arguments) == engines
    left = search.in_folder(state)
    for path in left:
        assert "jobs" in path.relative_to(state).parts, left
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "a mirror holds what the engine printed, for nobody else"
    assert [each for each in state.rglob("*") if each.stat().st_mode & 0o077] == []


def test_what_is_planted_is_found(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\n" + "\n".join(f"{line}{'Ab9' * 20}" for line in range(4)) + "\n-----END KEY-----\n"
    search = SecretSearch({"secret": "hunter~2/xyz", "key": key})
    for text in ("a hunter~2/xyz b", "q=hunter~2%2Fxyz&", "aHVudGVyfjIveHl6"):
        assert search.in_bytes(text.encode()) == {"secret"}
    assert search.in_bytes(f"   2{'Ab9' * 20}\\n".encode()) == {"key"}
    assert search.in_bytes(b"hunter is not it") == set()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/log").write_text("password hunter~2/xyz\n")
    (tmp_path / "clean").write_text("nothing\n")
    assert search.in_folder(tmp_path) == {tmp_path / "sub/log": {"secret"}}
    with search.in_arguments() as seen:
        words = [sys.executable, "-c", "input()", "hunter~2/xyz"]
        with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
            wait_until(lambda: seen)
            assert process.stdin is not None
            process.stdin.write(b"\n")
    assert set(map(frozenset, seen.values())) == {frozenset({"secret"})}
