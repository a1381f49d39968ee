"""The command line without any server: help, usage, exit codes, completion, logging, crashes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from console.commands.kinds import COMMON_KINDS
from console.commands.root import COMMANDS
from tests.console.command_line import command, stampdeck
from tests.console.files import FLEET, write_fleet


def test_help_names_every_command_and_imports_none_of_them() -> None:
    found = stampdeck("--help")
    assert found.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in found.out
    code = "import sys; from console.commands import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    heavy = {"pydantic", "textual", "rich", "kubernetes", "aiohttp", "httpx", "yaml", "msgspec", "asyncio", "logging"}
    assert not heavy & set(modules)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    found = stampdeck(name, "--help")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith(f"Usage: stampdeck {name}")


def test_the_version() -> None:
    assert stampdeck("--version").out == "stampdeck 0.1.0\n"


def test_without_a_terminal_the_console_does_not_open() -> None:
    found = stampdeck()
    assert (found.code, found.out) == (2, "")
    assert "needs a terminal" in found.err and "stampdeck status" in found.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("--bogus",),
        ("status", "-o", "xml"),
        ("status", "--timeout", "soon"),
        ("get",),
        ("get", "pods", "--watch", "-o", "csv"),
        ("logs", "pod/x", "-f", "-p"),
        ("lab", "status"),
        ("completion", "tcsh"),
    ],
)
def test_usage_errors_are_told_with_exit_code_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = stampdeck("--config", str(write_fleet(tmp_path)), *arguments)
    assert (found.code, found.out) == (2, "")
    assert found.err and "Traceback" not in found.err


def test_a_missing_configuration_says_what_to_do() -> None:
    found = stampdeck("status")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("stampdeck: no configuration at ")
    assert "stampdeck init" in found.err and "stampdeck demo" in found.err


def test_an_unknown_stamp_is_a_usage_error(tmp_path: Path) -> None:
    found = stampdeck("--config", str(write_fleet(tmp_path)), "status", "--stamp", "tampa")
    assert (found.code, found.out) == (2, "")
    assert "no stamp named 'tampa'" in found.err and "orlando, seattle" in found.err


def test_foreign_text_in_an_error_cannot_steer_the_terminal(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, FLEET.replace("typed", '"\\e]0;owned\\a\\u202e"'))
    found = stampdeck("--config", str(file), "config", "check")
    assert found.code == 2
    assert "\x1b" not in found.err and "\u202e" not in found.err and "\a" not in found.err


def test_an_unexpected_failure_is_one_message_and_a_private_report(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, console.commands as commands, console.commands.root as root\n"
        "def fail(argv): raise ZeroDivisionError('token=abcdefghijkl')\n"
        "root.run_root = fail\n"
        "sys.exit(commands.run(['status']))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, "")
    first, second = found.stderr.splitlines()
    assert first == "stampdeck: unexpected failure: ZeroDivisionError: token=«redacted»"
    report = Path(second.rpartition(" ")[2])
    assert report.parent == Path(os.environ["XDG_STATE_HOME"]) / "stampdeck"
    assert report.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError" in report.read_text() and "abcdefghijkl" not in report.read_text()


def test_a_reader_who_leaves_is_no_failure() -> None:
    with subprocess.Popen(command("config", "schema"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")


def test_a_terminal_that_is_gone_is_no_crash() -> None:
    master, slave = pty.openpty()
    os.close(master)
    with subprocess.Popen(command("config", "schema"), stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        assert process.wait(30) == 0
    assert not list((Path(os.environ["XDG_STATE_HOME"]) / "stampdeck").glob("crash-*"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stampdeck st", ["status"]),
        ("stampdeck status --stamp sea", ["seattle"]),
        ("stampdeck get deploy", ["deployments"]),
        ("stampdeck logs deploy", ["deployment/"]),
        ("stampdeck config sh", ["show"]),
        ("stampdeck status -o j", ["json"]),
    ],
)
def test_completion_in_bash(words: str, expected: list[str], tmp_path: Path) -> None:
    environment = {
        "_STAMPDECK_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "STAMPDECK_CONFIG": str(write_fleet(tmp_path)),
    }
    found = stampdeck(environment=environment)
    assert [line.partition(",")[2] for line in found.out.splitlines()] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    found = stampdeck("completion", shell)
    assert found.code == 0
    assert "_STAMPDECK_COMPLETE" in found.out


def test_completion_with_a_broken_configuration_completes_nothing(tmp_path: Path) -> None:
    environment = {
        "_STAMPDECK_COMPLETE": "bash_complete",
        "COMP_WORDS": "stampdeck status --stamp o",
        "COMP_CWORD": "3",
        "STAMPDECK_CONFIG": str(write_fleet(tmp_path, "stamps: [")),
    }
    found = stampdeck(environment=environment)
    assert (found.out.strip(), found.err) == ("", "")


def test_kinds_are_known_by_their_plurals() -> None:
    assert len(set(COMMON_KINDS)) == len(COMMON_KINDS)
