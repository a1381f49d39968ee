"""Paths and words of the helper VM's shell: quoted once, here, so that nothing in them is ever read as a command."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable

HOME = "~/"


def shell_word(text: str) -> str:
    """Return a word for a script: quoted, with a leading `~/` as the home directory."""
    if text == "~":
        return '"$HOME"'
    if text.startswith(HOME):
        rest = text[len(HOME) :]
        return f'"$HOME"/{shlex.quote(rest)}' if rest else '"$HOME"'
    return shlex.quote(text)


def typed_word(text: str) -> str:
    """Return a word as a person would type it: `~/` is left to the shell, the rest quoted where it has to be."""
    if text.startswith(HOME) and len(text) > len(HOME):
        return f"{HOME}{shlex.quote(text[len(HOME) :])}"
    return shlex.quote(text)


def shell_words(words: Iterable[str]) -> str:
    """Return words for a script, separated by spaces."""
    return " ".join(map(shell_word, words))


def typed_words(words: Iterable[str]) -> str:
    """Return words as a person would type them, separated by spaces."""
    return " ".join(map(typed_word, words))


def from_home(path: str) -> str:
    """Return a path that means the same wherever a script stands: what is not absolute lies in the home directory."""
    return path if path.startswith(("/", HOME)) or path == "~" else f"{HOME}{path}"


def folder_of(path: str) -> str:
    """Return the folder of a file on the VM."""
    return posixpath.dirname(from_home(path)) or "/"
