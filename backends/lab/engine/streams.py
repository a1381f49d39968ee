"""The two logs of the engine and its tables, line by line as the real one writes them.

The standard log goes to stdout and is always coloured; the operations' log goes to stderr, logfmt without a terminal
and coloured with one. Every line is one write, so that lines of both keep their order in one file.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

from backends.lab.engine.clock import SimulatedClock
from backends.lab.engine.go_text import logfmt_value, quoted

_COLOURS = {"DEBU": 37, "INFO": 36, "WARN": 33, "ERRO": 31}
_LEVELS = {"info": "INFO", "warning": "WARN", "error": "ERRO"}
_OUT, _ERR = 1, 2


class Streams:
    """What a run prints; `info`, `warn`, `error` and `debug` are the standard log, `operation` the other one."""

    def __init__(self, clock: SimulatedClock, *, says_debug: bool = False) -> None:
        self._clock = clock
        self._says_debug = says_debug
        self.operation = OperationLog(clock)

    def info(self, text: str) -> None:
        """Log for information."""
        write(_OUT, _coloured(self._clock, "INFO", text))

    def warn(self, text: str) -> None:
        """Log a warning."""
        write(_OUT, _coloured(self._clock, "WARN", text))

    def error(self, text: str) -> None:
        """Log an error."""
        write(_OUT, _coloured(self._clock, "ERRO", text))

    def debug(self, text: str) -> None:
        """Log a detail; only with --debug."""
        if self._says_debug:
            write(_OUT, _coloured(self._clock, "DEBU", text))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print rows on stdout, columns four spaces apart, the last one unpadded."""
        if not rows:
            return
        widths = [max(len(row[column]) for row in rows) + 4 for column in range(len(rows[0]) - 1)]
        write(_OUT, "".join(
            "".join(f"{cell:{width}}" for cell, width in zip(row[:-1], widths, strict=True)) + row[-1] + "\n"
            for row in rows
        ))  # fmt: skip


class OperationLog:
    """The log of upgrade, scale and drain; a message may carry the name of a node and a prefix."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._is_coloured = os.isatty(_ERR)

    def info(self, text: str, **fields: str) -> None:
        """Log for information."""
        self._log("info", text, fields)

    def warn(self, text: str) -> None:
        """Log a warning."""
        self._log("warning", text, {})

    def error(self, text: str) -> None:
        """Log an error."""
        self._log("error", text, {})

    def _log(self, level: str, text: str, fields: dict[str, str]) -> None:
        if self._is_coloured:
            write(_ERR, _coloured(self._clock, _LEVELS[level], text, fields))
            return
        when = self._clock.date().strftime("%Y-%m-%dT%H:%M:%SZ")
        rest = "".join(f" {key}={logfmt_value(fields[key])}" for key in sorted(fields))
        write(_ERR, f"time={quoted(when)} level={level} msg={logfmt_value(text)}{rest}\n")


def _coloured(clock: SimulatedClock, level: str, text: str, fields: dict[str, str] | None = None) -> str:
    colour = _COLOURS[level]
    rest = "".join(
        f" \x1b[{colour}m{key}\x1b[0m={logfmt_value(value)}" for key, value in sorted((fields or {}).items())
    )
    return f"\x1b[{colour}m{level}\x1b[0m[{int(clock.elapsed()):04d}] {text.removesuffix(chr(10)):<44} {rest}\n"


_writing = threading.Lock()


def write(stream: int, text: str) -> None:
    """Write to stdout (1) or stderr (2) at once; when nobody reads it any more, die of SIGPIPE as a Go program does.

    A line that cannot be written for another reason, such as a full disk, is lost, and the work goes on.
    """
    rest = text.encode(errors="surrogateescape")
    try:
        with _writing:
            while rest:
                rest = rest[os.write(stream, rest) :]
    except BrokenPipeError:
        die_of(signal.SIGPIPE)
    except OSError:
        return


def die_of(signum: int) -> None:
    """End this process by a signal, without cleaning up; a thread beside the main one by what a shell shows of it."""
    if threading.current_thread() is not threading.main_thread():
        os._exit(128 + signum)  # only the main thread may say what a signal does
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)


def take_signals() -> None:
    """Let HUP, INT and TERM end the process at once, unless whoever started it had them ignored (nohup)."""
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)
