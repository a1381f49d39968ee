"""What the environment says about the terminal, as settings of the app."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class TerminalSettings(msgspec.Struct, frozen=True):
    """How to treat this terminal.

    `variables` are to be set in the environment before Textual is imported: it reads them once.
    """

    remote: bool
    """The terminal is at the other end of an SSH connection."""
    inside: str
    """The multiplexer around the console: `tmux`, `screen` or empty."""
    unicode: bool
    """Characters beyond ASCII can be shown."""
    variables: Mapping[str, str]


def terminal_settings(environ: Mapping[str, str]) -> TerminalSettings:
    """Read the environment: over SSH nothing is animated, for every step of an animation is a frame to send."""
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_CONNECTION"))
    wanted = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"} if remote else {}
    return TerminalSettings(
        remote=remote,
        inside=_multiplexer(environ),
        unicode=_speaks_unicode(environ),
        variables={name: value for name, value in wanted.items() if name not in environ},
    )


def _multiplexer(environ: Mapping[str, str]) -> str:
    if environ.get("TMUX"):
        return "tmux"
    return "screen" if environ.get("STY") or environ.get("TERM", "").startswith("screen") else ""


def _speaks_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the first locale variable that is set names a UTF-8 locale; when none is set the terminal decides."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "UTF-8")
    return "utf" in locale.lower() and environ.get("TERM") != "linux"
