"""How a command ends: exit codes, one readable failure on stderr, a file for what nobody expected."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from backends.errors import ConfigurationError, StampdeckError, UsageError


class ExitCode(IntEnum):
    """What cron and pipelines can rely on; a command ended by signal n returns 128 + n, as shells do."""

    WELL = 0
    ERROR = 1
    USAGE = 2
    DEGRADED = 3


class ReaderLeft(Exception):
    """Whoever read our output closed it. Not a BrokenPipeError, which click would turn into exit code 1 itself."""


class Interrupted(Exception):
    """A signal ended the command before it was done."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def guard(command: Callable[[], int]) -> int:
    """Run a command and turn every way it can end into an exit code; no traceback reaches the terminal."""
    try:
        return finish_output(command())
    except (BrokenPipeError, ReaderLeft):
        return _reader_left()
    except Interrupted as interrupted:
        return 128 + interrupted.signal_number
    except KeyboardInterrupt:
        return 130
    except StampdeckError as error:
        say(str(error))
        return ExitCode.USAGE if isinstance(error, UsageError | ConfigurationError) else ExitCode.ERROR
    except Exception as error:
        say(_unexpected(error))
        return ExitCode.ERROR


def finish_output(code: int) -> int:
    """Write out what is buffered while a closed pipe can still be handled."""
    sys.stdout.flush()
    return code


def say(message: str) -> None:
    """Print a message on stderr, inert and without secrets: part of it may come from a server."""
    from backends.model import inert
    from backends.model.redact import Redactor

    lines = [inert.line(each) for each in Redactor().text(message).splitlines()] or [""]
    try:
        print(f"stampdeck: {lines[0]}", *(f"  {line}" for line in lines[1:]), sep="\n", file=sys.stderr)  # noqa: T201
    except OSError:
        # Nobody listens to stderr any more; the exit code still tells.
        return


def _reader_left() -> int:
    """End quietly: who reads our output has had enough (`| head`), which is no failure."""
    # Python flushes stdout once more at its end, and would complain about the closed pipe then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.WELL


def _unexpected(error: Exception) -> str:
    short = f"unexpected failure: {type(error).__name__}: {error}".rstrip(": ")
    try:
        return f"{short}\nthe details for a bug report are in {write_crash_report(error)}"
    except OSError as failure:
        return f"{short}\nthe details could not be written: {failure}"


def write_crash_report(error: BaseException) -> Path:
    """Write the traceback, secrets redacted, to a new private file in the state folder and return its path."""
    from backends.model.redact import Redactor
    from console.configuration.folders import make_private, state_folder

    folder = make_private(state_folder())
    file = folder / f"crash-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.txt"
    text = Redactor().text("".join(traceback.format_exception(error)))
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as report:  # noqa: PTH123
        report.write(f"Python {sys.version}\n{text}")
    return file
