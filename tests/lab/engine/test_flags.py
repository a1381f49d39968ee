"""The stand-in's command line: the flags of the real one, and cobra's and pflag's way with them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from backends.lab.engine.command_line import FlagError, parse
from backends.lab.engine.flags import COMMANDS, ROOT
from backends.lab.engine.usage import error_text, help_text, unknown_topic, usage

# Left columns and defaults of what `COMMAND --help` of v0.85.0 lists.
FLAGS: dict[str, list[list[str]]] = json.loads((Path(__file__).parent / "data" / "flags.json").read_text())


def _rows(text: str) -> list[list[str]]:
    rows = []
    for line in text.splitlines():
        if re.match(r" {2}(-\w, | {4})--", line):
            left, _, about = line[2:].partition("   ") if not line.startswith("      ") else line[6:].partition("   ")
            left = line[: len(line) - len(line.lstrip())] + left
            default = re.search(r"\(default ([^)]*)\)$", about)
            rows.append([left.rstrip(), default[1] if default else ""])
    return rows


@pytest.mark.parametrize("command", sorted(FLAGS))
def test_help_lists_the_flags_of_the_real_one(command: str) -> None:
    text = help_text(COMMANDS[command])

    assert _rows(text) == FLAGS[command]
    assert f"\nUsage:\n  aks-engine-azurestack {command} [flags]\n\nFlags:\n" in text
    assert "\n\nGlobal Flags:\n" in text


@pytest.mark.parametrize("command", sorted(FLAGS))
def test_every_flag_of_help_is_taken_long_and_short(command: str) -> None:
    for left, _ in FLAGS[command]:
        found = re.match(r" +(?:(-\w), )?--([\w-]+)(?: (\S+))?", left)
        assert found is not None
        short, name, kind = found.groups()
        value = [] if kind is None else ["7" if kind == "int" else "v"]
        rest = [word for each in COMMANDS[command].required for word in (f"--{each}", "r") if each != name]
        for flag in (f"--{name}", short) if short else (f"--{name}",):
            call = parse([command, *rest, flag, *value])
            assert call.text(name) == (value or ["true"])[0]
            assert name in call.given
        assert parse([command, *rest, f"--{name}={(value or ['true'])[0]}"]).text(name) == (value or ["true"])[0]


def test_short_flags_may_be_joined_with_each_other_and_with_their_value() -> None:
    call = parse(["upgrade", "-fg=rg", "-lorlando", "-k", "1.34.4", "--vm-timeout", "-5"])

    assert call.flag("force")
    assert (call.text("resource-group"), call.text("location"), call.text("upgrade-version")) == (
        "rg", "orlando", "1.34.4",
    )  # fmt: skip
    assert call.number("vm-timeout") == -5
    assert call.flag("upgrade-windows-vhd")
    assert not parse(["upgrade", "--upgrade-windows-vhd=false"]).flag("upgrade-windows-vhd")


def test_repeated_flags_and_lists() -> None:
    call = parse(["get-logs", "-m", "a", "--linux-ssh-private-key", "k", "-l", "x", "--ssh-host", "h", "--vm-names",
                  "one,two", "--vm-names=three"])  # fmt: skip
    assert call.texts("vm-names") == ("one", "two", "three")
    call = parse(["deploy", "--set", "a=1,b=2", "--set", "c=3"])
    assert call.texts("set") == ("a=1,b=2", "c=3")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["upgrade", "--frob"], "unknown flag: --frob"),
        (["upgrade", "-x"], "unknown shorthand flag: 'x' in -x"),
        (["upgrade", "-fx"], "unknown shorthand flag: 'x' in -fx"),
        (["upgrade", "--api-model"], "flag needs an argument: --api-model"),
        (["upgrade", "-m"], "flag needs an argument: 'm' in -m"),
        (["upgrade", "--=v"], "bad flag syntax: --=v"),
        (
            ["scale", "-c", "many"],
            'invalid argument "many" for "-c, --new-node-count" flag: strconv.ParseInt: parsing "many": invalid syntax',
        ),
        (
            ["upgrade", "--force=perhaps"],
            'invalid argument "perhaps" for "-f, --force" flag: strconv.ParseBool: parsing "perhaps": invalid syntax',
        ),
        (
            ["rotate-certs"],
            'required flag(s) "api-model", "linux-ssh-private-key", "location", "resource-group", "ssh-host" not set',
        ),
        (["get-logs"], 'required flag(s) "api-model", "linux-ssh-private-key", "location", "ssh-host" not set'),
    ],
)
def test_a_wrong_command_line_is_said_in_pflags_words(words: list[str], text: str) -> None:
    with pytest.raises(FlagError) as caught:
        parse(words)

    assert str(caught.value) == text
    assert caught.value.command is COMMANDS[words[0]]
    printed = error_text(text, caught.value.command)
    assert printed.startswith(f"Error: {text}\nUsage:\n")
    assert printed.endswith("debug   say more in the log\n\n")


def test_an_unknown_command_is_said_without_usage() -> None:
    with pytest.raises(FlagError) as caught:
        parse(["frobnicate"])
    assert error_text(str(caught.value), caught.value.command) == (
        'Error: unknown command "frobnicate" for "aks-engine-azurestack"\n'
        "Run 'aks-engine-azurestack --help' for usage.\n"
    )
    with pytest.raises(FlagError, match="Did you mean this"):
        parse(["upgrad"])


def test_flags_before_the_command_and_none_at_all() -> None:
    assert parse(["--debug", "upgrade"]).flag("debug")
    assert parse([]).command is ROOT
    assert parse(["--help"]).wants_help
    assert parse(["upgrade", "--help", "-f"]).wants_help
    with pytest.raises(FlagError, match="unknown flag: --frob"):
        parse(["--frob", "upgrade"])


def test_deprecated_flags_work_and_are_said() -> None:
    call = parse(["upgrade", "-g", "rg", "--deployment-dir", "/nope"])

    assert call.text("deployment-dir") == "/nope"
    assert call.notices == (
        "Flag --deployment-dir has been deprecated, deployment-dir is no longer required for scale or upgrade. "
        "Please use --api-model.",
    )
    assert "deployment-dir" not in usage(COMMANDS["upgrade"])
    assert parse(["scale", "--master-FQDN", "x"]).notices


def test_usage_of_the_root_lists_every_command() -> None:
    text = usage(ROOT)

    assert text.startswith("Usage:\n  aks-engine-azurestack [flags]\n  aks-engine-azurestack [command]\n\nAvailable")
    assert [line.split()[0] for line in text.split("Available Commands:\n")[1].split("\n\n")[0].splitlines()] == sorted(
        COMMANDS
    )
    assert unknown_topic(["x", "y"]).startswith("Unknown help topic [`x` `y`]\nUsage:")
    assert help_text(ROOT).endswith('\nUse "aks-engine-azurestack [command] --help" for more information about a '
                                    "command.\n")  # fmt: skip
