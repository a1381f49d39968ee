"""`stampdeck config` and `stampdeck init`, run as commands."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from console.configuration import load_settings
from tests.console.command_line import command, stampdeck
from tests.console.files import FLEET, write_fleet, write_kubeconfig


def test_check_of_a_good_file(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    found = stampdeck("--config", str(file), "config", "check")
    assert (found.code, found.err) == (0, "")
    assert found.out == f"{file}: valid, 2 stamps (orlando, seattle), no warnings\n"


def test_check_tells_every_mistake(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, FLEET.replace("typed", "tiped").replace("10m", "never"))
    found = stampdeck("--config", str(file), "config", "check")
    assert (found.code, found.out) == (2, "")
    assert f"{file} has 2 problems" in found.err
    assert f"{file}:4:17: stamps[0].protection: must be" in found.err
    assert f"{file}:14:20: write.armed_for: found 'never'" in found.err


def test_check_warns_of_a_kubeconfig_others_can_read(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    write_kubeconfig(tmp_path, 0o644)
    found = stampdeck("--config", str(file), "config", "check")
    assert found.code == 3
    assert f"{file}:6:19: stamps[0].cluster.kubeconfig:" in found.err
    assert "30 years" in found.err and f"chmod 600 {tmp_path / 'kubeconfig'}" in found.err


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "context: orlando-admin",
            "context: orlando-admon",
            "did you mean orlando-admin? it has: orlando-admin, Seattle_Admin",
        ),
        ("kubeconfig: kubeconfig\n", "kubeconfig: nowhere\n", "does not exist"),
        ("url: https://10.0.0.1/", "url: https://10.0.0.1/\n      ca_file: ca.crt", "ca.crt does not exist"),
        ("write:", "theme: drak\nwrite:", "14:8: theme: there is no theme 'drak' — choose from dark, light"),
        ("resources.describe", "resources.descrybe", "no action has this id — did you mean resources.describe?"),
    ],
    ids=["context", "kubeconfig", "ca_file", "theme", "keys"],
)
def test_check_warns_of_what_will_not_work(tmp_path: Path, before: str, after: str, told: str) -> None:
    file = write_fleet(tmp_path, FLEET.replace(before, after, 1))
    found = stampdeck("--config", str(file), "config", "check")
    assert found.code == 3
    assert told in found.err
    assert "1 warning\n" in found.out


KEYS_REFUSED = (
    "15:28: keys.resources.describe: no key is named ctrl+nope — did you mean ctrl+home?",
    "15:28: keys.resources.describe: no key is named escpe — did you mean escape?",
)


def test_a_key_no_keyboard_has_is_refused_with_its_line(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, FLEET.replace("d,f3", "d,ctrl+nope, escpe"))
    found = stampdeck("--config", str(file), "config", "check")
    assert (found.code, found.out) == (2, "")
    assert all(f"{file}:{told}" in found.err for told in KEYS_REFUSED)


def test_the_console_does_not_pass_over_such_a_key_in_silence(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, FLEET.replace("d,f3", "d,ctrl+nope, escpe"))
    code, said = _in_a_terminal("--config", str(file))
    assert code == 2
    assert all(told in said for told in KEYS_REFUSED)


def test_check_warns_of_a_file_others_can_change(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    file.chmod(0o666)
    found = stampdeck("--config", str(file), "config", "check")
    assert found.code == 3
    assert "others can change this file" in found.err


def test_show_marks_defaults_and_says_the_same_when_read_again(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    found = stampdeck("--config", str(file), "config", "show")
    assert found.code == 0
    assert "    protection: typed\n" in found.out
    assert "    protection: confirm  # default\n" in found.out
    assert f"      kubeconfig: {tmp_path / 'kubeconfig'}\n" in found.out
    assert "      request_timeout: 2.5s\n" in found.out
    assert "      request_timeout: 10s  # default\n" in found.out
    again = tmp_path / "again.yaml"
    again.write_text(found.out)
    first, second = load_settings(str(file)), load_settings(str(again))
    assert (first.stamps, first.keys, first.armed_for_s) == (second.stamps, second.keys, second.armed_for_s)
    plain = stampdeck("--config", str(file), "config", "show", "-o", "json")
    assert json.loads(plain.out) == yaml.safe_load(found.out)


def test_the_schema_describes_every_key() -> None:
    schema = json.loads(stampdeck("config", "schema").out)
    sections = [schema, *schema["$defs"].values()]
    keys = [(name, key) for section in sections for name, key in section.get("properties", {}).items()]
    assert len(keys) > 20
    assert [name for name, key in keys if not key.get("description")] == []


def test_the_schema_agrees_with_the_checks(tmp_path: Path) -> None:
    schema = json.loads(stampdeck("config", "schema").out)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(FLEET))
    for wrong in ("protection: tiped", "name: Orlando", "nome: orlando"):
        text = FLEET.replace("protection: typed", wrong) if "prot" in wrong else FLEET.replace("name: orlando", wrong)
        assert not validator.is_valid(yaml.safe_load(text))


def test_init_makes_a_stamp_of_each_context(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path)
    before = kubeconfig.read_bytes()
    found = stampdeck("init", "--from-kubeconfig", str(kubeconfig))
    assert (found.code, found.err) == (0, "")
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "stampdeck/fleet.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    stamps = load_settings().stamps
    assert [(stamp.name, stamp.cluster.context) for stamp in stamps] == [
        ("orlando-admin", "orlando-admin"),
        ("seattle-admin", "Seattle_Admin"),
    ]
    assert kubeconfig.read_bytes() == before


def test_init_never_overwrites_unless_forced(tmp_path: Path) -> None:
    file = write_fleet(tmp_path)
    arguments = ("--config", str(file), "init", "--from-kubeconfig", str(tmp_path / "kubeconfig"))
    refused = stampdeck(*arguments)
    assert refused.code == 2
    assert "exists already" in refused.err
    assert file.read_text() == FLEET
    assert stampdeck(*arguments, "--force").code == 0
    assert load_settings(str(file)).stamps[0].name == "orlando-admin"


def test_init_without_a_terminal_asks_nothing() -> None:
    found = stampdeck("init", stdin="x\n")
    assert found.code == 2
    assert "--from-kubeconfig" in found.err


def test_init_warns_of_a_kubeconfig_others_can_read(tmp_path: Path) -> None:
    found = stampdeck("init", "--from-kubeconfig", str(write_kubeconfig(tmp_path, 0o640)))
    assert found.code == 0
    assert "chmod 600" in found.err


@pytest.mark.terminal
def test_init_asks_in_a_terminal(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path)
    target = tmp_path / "made.yaml"
    answers = [
        str(tmp_path / "nowhere"),  # refused, asked again
        str(kubeconfig),
        "Seattle_Admin",
        "Bad_Name",  # refused, asked again
        "tampa",
        "typed",
        "https://10.0.0.7/",
        "n",
    ]
    code, said = _in_a_terminal("--config", str(target), "init", typed="".join(f"{answer}\n" for answer in answers))
    assert code == 0, said
    (stamp,) = load_settings(str(target)).stamps
    assert (stamp.name, stamp.protection.value, stamp.cluster.context) == ("tampa", "typed", "Seattle_Admin")
    assert stamp.application is not None and stamp.application.url == "https://10.0.0.7/"


def _in_a_terminal(*arguments: str, typed: str = "") -> tuple[int, str]:
    """Run a command in a terminal of its own; return its exit code and what it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b""
    while True:
        try:
            said += os.read(ours, 4096)
        except OSError:  # EIO: the other end is closed
            break
    os.close(ours)
    return process.wait(30), said.decode()
