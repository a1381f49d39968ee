"""Editing an object as YAML in the operator's editor, the console standing aside meanwhile."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml
from textual.app import App, SuspendNotSupported

from backends.errors import StampdeckError
from backends.model.fields import text
from backends.model.manifest import to_yaml

Object = dict[str, Any]
_HEAD = """\
# Edit, save and leave: what differs is shown before anything is written. Without a change nothing is done.
# An empty file leaves it at that too. Lines that begin with # are not read.
"""


async def edit_object(app: App[Any], obj: Object) -> Object | None:
    """Let the operator edit an object; return it as it was left, or None when nothing was changed.

    The file is readable by the operator alone and gone afterwards. What is no YAML opens again with the reason
    on top, until it is. StampdeckError when there is no editor, or no terminal for it.
    """
    shown = {key: value for key, value in obj.items() if key != "status"}
    first = to_yaml(shown, reveal_secrets=True)
    command, body, problem = editor(), first, ""
    with tempfile.TemporaryDirectory(prefix="stampdeck-edit-") as folder:
        path = Path(folder) / f"{text(obj, 'kind').lower() or 'object'}.yaml"
        while True:
            written = _HEAD + (f"# {problem}\n" if problem else "") + body
            _write(path, written)
            await _run(app, [*command, str(path)])
            body = _bare(path.read_text())
            if not body.strip() or body == _bare(first) or (problem and body == _bare(written)):
                return None
            try:
                found = yaml.safe_load(body)
            except yaml.YAMLError as error:
                problem = f"not YAML: {' '.join(str(error).split())}"
                continue
            if isinstance(found, dict):
                return found
            problem = "not an object: the file has to be one mapping"


def editor() -> list[str]:
    """Return the operator's editor as a command: KUBE_EDITOR, VISUAL, EDITOR, else vi, as kubectl chooses it.

    Raises StampdeckError for one that cannot be read as a command.
    """
    for name in ("KUBE_EDITOR", "VISUAL", "EDITOR"):
        if wish := os.environ.get(name, "").strip():
            try:
                return shlex.split(wish)
            except ValueError as error:
                why = f"{name} is no command ({error})"
                raise StampdeckError("no editor", why=why, todo=f"correct {name}") from None
    return ["vi"]


async def _run(app: App[Any], command: list[str]) -> None:
    """Give the terminal to the editor; the console goes on following its stamps, and draws again afterwards."""
    try:
        # Without batching, updates would fill the queue of a writer that is stopped, and block the loop for ever.
        with app.batch_update(), app.suspend():
            process = await asyncio.to_thread(_call, command)
    except SuspendNotSupported:
        raise StampdeckError("no editor", why="this terminal cannot be lent to one", todo="use kubectl edit") from None
    if process is not None:
        raise StampdeckError("the editor did not end well", why=process, todo="set EDITOR to one that works")


def _call(command: list[str]) -> str | None:
    try:
        ended = subprocess.run(command, check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return None if ended.returncode == 0 else f"{command[0]} ended with {ended.returncode}"


def _write(path: Path, body: str) -> None:
    path.touch(mode=0o600)
    path.write_text(body)


def _bare(body: str) -> str:
    return "".join(each for each in body.splitlines(keepends=True) if not each.lstrip().startswith("#"))
