"""The options every writing command will share."""

from __future__ import annotations

import click
from click.testing import CliRunner

from console.commands.write_options import WriteOptions, write_options


def _run(*arguments: str) -> tuple[int, str, list[WriteOptions]]:
    received: list[WriteOptions] = []

    @click.group()
    @click.option("--write", is_flag=True)
    def root(write: bool) -> None:
        pass

    @root.command()
    @click.argument("node")
    @write_options
    def cordon(node: str, write: WriteOptions) -> None:
        received.append(write)

    found = CliRunner().invoke(root, arguments)
    return found.exit_code, found.output, received


def test_nothing_is_armed_by_default() -> None:
    assert _run("cordon", "n") == (0, "", [WriteOptions()])


def test_everything_arrives() -> None:
    words = [
        "cordon",
        "n",
        "--write",
        "--yes",
        "--confirm",
        "orlando",
        "--override",
        "one-stamp",
        "--reason",
        " drill ",
    ]
    code, said, received = _run(*words)
    assert (code, said) == (0, "")
    (found,) = received
    assert found == WriteOptions(True, True, ("orlando",), ("one-stamp",), "drill")


def test_the_global_write_arms_too() -> None:
    _, _, (found,) = _run("--write", "cordon", "n")
    assert found.armed and not found.confirmed


def test_an_override_wants_a_reason() -> None:
    code, said, received = _run("cordon", "n", "--override", "one-stamp", "--reason", "  ")
    assert (code, received) == (2, [])
    assert "--reason" in said
