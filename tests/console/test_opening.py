"""Opening the console without click is opening it as click would."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.commands import root as root_module
from console.commands.opening import Options, plain_options
from console.commands.root import root, run_root

WORDS = ["--config", "--stamp", "--write", "-c", "--command", "--no-color", "orlando", "fleet.yaml", "pods @all", ""]
OTHERS = ["--", "-cnodes", "--config=a", "-h", "--version", "--log-level", "debug", "--bogus", "status", "-w"]


def by_click(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> Options | None:
    """What click makes of a command line that opens the console; None when it opens none."""
    taken: list[Options] = []
    opened: list[object] = []
    monkeypatch.setattr(root_module, "take_effect", taken.append)
    monkeypatch.setattr(root_module, "open_console", opened.append)
    try:
        root.main(args=argv, prog_name="stampdeck", standalone_mode=False)
    except click.ClickException:
        return None
    return taken[0] if opened else None


def told(options: Options | None) -> dict[str, object]:
    return {} if options is None else vars(options)


@given(argv=st.lists(st.sampled_from(WORDS + OTHERS), max_size=6))
def test_what_is_read_without_click_is_what_click_reads(argv: list[str]) -> None:
    found = plain_options(argv)
    if found is not None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            assert told(found) == told(by_click(argv, monkeypatch))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], Options()),
        (["--config", "a", "--config", "b"], Options(config="b")),
        (["--stamp", "a", "--stamp", "b", "--write"], Options(stamps=("a", "b"), write=True)),
        (["-c", "pods @all", "--no-color"], Options(command="pods @all", no_color=True)),
        (["--config"], None),
        (["status"], None),
        (["--help"], None),
        (["--config=a"], None),
    ],
)
def test_the_usual_options_need_no_click(argv: list[str], expected: Options | None) -> None:
    assert told(plain_options(argv)) == told(expected)


def test_completion_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_STAMPDECK_COMPLETE", "bash_source")
    assert plain_options([]) is None


def test_an_option_that_is_wrong_is_told_by_click(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_root(["--config"]) == 2
    assert "requires an argument" in capsys.readouterr().err


def test_opening_the_console_imports_no_click() -> None:
    code = (
        "import sys, console.commands.opening as opening\n"
        "opening.open_console = lambda shell: 7\n"
        "from console.commands import run\n"
        "print(run(['-c', 'pods']), 'click' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["7", "False"]
