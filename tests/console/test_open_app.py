from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.configuration import load_settings
from tests.console.files import write_fleet

CODE = """
import builtins, sys
from console.commands.shell import Shell
from console.commands.open_app import open_app
load = builtins.__import__
def told(app):
    from textual import constants
    print(app.animation_level, constants.SMOOTH_SCROLL, app.deck.glyphs.live)
def loading(name, *arguments):
    module = load(name, *arguments)
    if name == "console.app":
        module.StampdeckApp.run = told
    return module
builtins.__import__ = loading
assert "textual" not in sys.modules
open_app(Shell(config=sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "full True ●"),
        ({"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, "none False ●"),
        ({"LC_ALL": "C"}, "full True *"),
        ({"LC_ALL": "C", "STAMPDECK_ASCII": "0", "PYTHONUTF8": "1"}, "full True ●"),
        ({"STAMPDECK_ASCII": "1"}, "full True *"),
    ],
)
def test_the_terminal_is_known_before_the_screens_are_loaded(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    asked = ("SSH_", "MOSH_", "LC_", "LANG", "TEXTUAL", "STAMPDECK", "TERM")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(asked)}
    ran = subprocess.run(
        [sys.executable, "-c", CODE, str(write_fleet(tmp_path))],
        env=bare | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout.strip(), ran.returncode) == (said, 0), ran.stderr


FIRST_PAINT = """
import dataclasses, sys
made, declare = [], dataclasses.dataclass
def declaring(cls=None, /, **options):
    module = sys._getframe(1).f_globals["__name__"]
    if module.partition(".")[0] in ("backends", "screens", "console"):
        made.append(module)
    return declare(cls, **options)
dataclasses.dataclass = declaring
from console.commands import chosen, opening, run
opening.has_terminal = lambda: True
import textual.app
def painted(app):
    print(*sys.modules)
    print(*made)
textual.app.App.run = painted
run(["--config", sys.argv[1]])
"""
NOT_YET = {
    "click",
    "pydantic",
    "yaml",
    "kubernetes",
    "aiohttp",
    "httpx",
    "asyncssh",
    "azure",
    "cryptography",
    "sqlite3",
}


def test_little_is_imported_before_the_first_paint(tmp_path: Path) -> None:
    """A start waits for all of it. Values that are needed this early are msgspec's: a dataclass costs nine of them."""
    file = write_fleet(tmp_path)
    load_settings(str(file))  # a configuration that was checked before
    ran = subprocess.run([sys.executable, "-c", FIRST_PAINT, str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    modules, made = (set(line.split()) for line in ran.stdout.split("\n")[:2])
    assert not NOT_YET & {name.partition(".")[0] for name in modules}
    assert not {name for name in modules if name.startswith(("backends.operations", "backends.journal"))}
    assert not made
