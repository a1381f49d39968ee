"""The application in a pty: how it leaves the terminal, and what bytes it sends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.hostile import PAYLOADS

pytestmark = pytest.mark.terminal

_ROOT = Path(__file__).parents[3]
_PROGRAM = """
import sys
from tests.screens.app.test_foreign_text import hostile_stage
from tests.screens.stage import Stage
stage = hostile_stage() if "hostile" in sys.argv else Stage()
code = stage.app.run()
sys.exit(stage.app.return_code or code or 0)
"""
_RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l")


class Console:
    """The application behind a pty, with everything it has sent."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.sent = b""

    def read(self, wait_s: float = 0.05) -> None:
        ready, _, _ = select.select([self.master], [], [], wait_s)
        if ready:
            try:
                self.sent += os.read(self.master, 65536)
            except OSError:
                time.sleep(wait_s)

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, self.sent[-2000:]
            self.read()

    def end(self) -> int:
        self.until(lambda: self.process.poll() is not None)
        for _ in range(3):
            self.read()
        return self.process.returncode


@contextmanager
def console(*arguments: str) -> Iterator[Console]:
    running = Console(*arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        os.close(running.master)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_and_the_terminal_is_restored(number: signal.Signals) -> None:
    with console() as running:
        running.until(lambda: b"LIVE" in running.sent)
        running.process.send_signal(number)
        assert running.end() == 128 + number
        assert all(each in running.sent for each in _RESTORED)


@pytest.mark.parametrize("keys", [b"q", b"\x03", b":q\r"])
def test_it_can_be_left_by_keys_with_the_terminal_restored(keys: bytes) -> None:
    with console() as running:
        running.until(lambda: b"LIVE" in running.sent)
        os.write(running.master, keys)
        assert running.end() == 0
        assert all(each in running.sent for each in _RESTORED)


def test_a_terminal_that_goes_away_ends_it() -> None:
    with console() as running:
        running.until(lambda: b"LIVE" in running.sent)
        running.process.send_signal(signal.SIGHUP)
        os.close(running.master)
        try:
            running.process.wait(15)
        finally:
            running.master = os.open(os.devnull, os.O_RDONLY)


def test_raw_bytes_hold_none_of_the_payloads() -> None:
    with console("hostile") as running:
        running.until(lambda: b"PWNED" in running.sent)
        for keys in (b"a", b"d", b"y", b"\x1b", b"D", b"\x1b", b"F"):
            os.write(running.master, keys)
            before = len(running.sent)
            running.until(lambda before=before: len(running.sent) > before)  # type: ignore[misc]
        sent = running.sent  # leaving sends some of these sequences on purpose
        os.write(running.master, b"\x03")
        running.end()
    for name, payload in PAYLOADS.items():
        if "\x1b" in payload and name != "colour" and name != "introducer at the end":
            assert payload.encode("utf-8", "surrogatepass") not in sent, name
    assert b"\x1b]0;" not in sent
    assert b"\x1b]52;" not in sent
    assert b"\x1b]8;" not in sent
    assert b"\x07" not in re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", sent), "but for the pointer's shape"
    for character in "\u202e\u2067\u200b\ufeff\u00ad":
        assert character.encode() not in sent
