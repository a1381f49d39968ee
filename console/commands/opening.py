"""`stampdeck` without a command: its options taken into effect, and the console opened.

Most starts are `stampdeck`, or with an option or two. Reading those few words here instead of with click brings the
first paint 3 % nearer; every other command line, and every mistake, is click's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from console.commands.chosen import Shell, has_terminal
from console.commands.exits import ExitCode, say

NO_TERMINAL = """the console needs a terminal; without one, use:
stampdeck status     how every stamp is (-o json for scripts)
stampdeck get KIND   resources of one stamp or all
stampdeck logs …     log lines, merged over stamps
stampdeck doctor     what is wrong, and what to do
stampdeck --help     everything else"""


class Options:
    """The options of `stampdeck` itself; the names are click's."""

    def __init__(
        self,
        config: str | None = None,
        stamps: tuple[str, ...] = (),
        write: bool = False,
        command: str = "",
        no_color: bool = False,
        log_file: str | None = None,
        log_level: str = "warning",
    ) -> None:
        self.config = config
        self.stamps = stamps
        self.write = write
        self.command = command
        self.no_color = no_color
        self.log_file = log_file
        self.log_level = log_level


def plain_options(argv: Sequence[str]) -> Options | None:
    """Return what a command line of the usual options asks for, None when it takes click to tell."""
    if "_STAMPDECK_COMPLETE" in os.environ:
        return None
    config, stamps, write, command, no_color = None, [], False, "", False
    words = iter(argv)
    for word in words:
        if word == "--write":
            write = True
        elif word == "--no-color":
            no_color = True
        elif word not in ("--config", "--stamp", "--command", "-c") or (value := next(words, None)) is None:
            return None
        elif word == "--config":
            config = value
        elif word == "--stamp":
            stamps.append(value)
        else:
            command = value
    return Options(config, tuple(stamps), write, command, no_color)


def take_effect(options: Options) -> Shell:
    """Set up colours and the log as asked, and return what the commands share."""
    if options.no_color:
        # Textual, click and child processes all read it from here.
        os.environ["NO_COLOR"] = "1"
    from console.logfile import log_to_file

    log_to_file(options.log_file, options.log_level)
    return Shell(options.config, options.stamps, options.write, options.command)


def open_console(shell: Shell) -> int:
    """Open the console, or say what to do where there is no terminal; return the exit code."""
    if not has_terminal():
        say(NO_TERMINAL)
        return ExitCode.USAGE
    from console.commands.open_app import open_app

    return open_app(shell)
