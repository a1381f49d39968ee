"""A terminal for tests and benchmarks: runs a program on a pty, shows its screen, answers it, and times it.

With a `Link` it sits at the far end of a simulated connection of limited bandwidth and some round trip.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.terminal_stream import TerminalScreen, TerminalStream

PIECE = 512
TICK_S = 0.02
_NOT_PASSED_ON = ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "STAMPDECK_OUTPUT")


@dataclass(frozen=True, slots=True)
class Link:
    """A connection: bytes per second towards the terminal, seconds there and back, bytes that fit on the way."""

    bandwidth: float
    rtt: float
    buffer: int = 1 << 20


class PtyTerminal:
    """A program on a pty with a screen that can be looked at; `close` it, or use it in a `with` statement.

    `answers` tells whether it answers questions as a real terminal does (DEC modes, device attributes, cursor
    position). All attributes may be read at any time; `screen` only while holding `lock`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        columns: int = 160,
        rows: int = 50,
        *,
        link: Link | None = None,
        answers: bool = True,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        record: bool = False,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.link = link
        self.lock = threading.Condition()
        self.screen = TerminalScreen(columns, rows)
        self.bytes_received = 0
        self.changed_at = 0.0
        """When the newest bytes that changed the screen arrived (monotonic seconds)."""
        self.raw = bytearray()
        """Everything received, when `record` was asked for."""
        self._record = record
        self._stream = TerminalStream(self.screen, answer=self._answer if answers else None)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._in_flight = 0
        self._link_free_at = 0.0
        self._leaving: deque[tuple[float, bytes]] = deque()
        self._closing = False
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        environ = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION")
        }
        environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **(env or {})}
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            list(argv), stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=cwd,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(slave)
        self._threads = [
            threading.Thread(target=self._pump, daemon=True),
            threading.Thread(target=self._show, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> PtyTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a person does

    def send(self, keys: str | bytes) -> float:
        """Type keys; return when."""
        data = keys.encode() if isinstance(keys, str) else keys
        now = time.monotonic()
        with self.lock:
            self._leaving.append((now + (self.link.rtt / 2 if self.link else 0.0), data))
            self.lock.notify_all()
        if self.link is None:
            self._deliver_keys(now)
        return now

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        with self.lock:
            self.columns, self.rows = columns, rows
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    # What a person sees

    @property
    def display(self) -> list[str]:
        """The lines of the screen as text."""
        with self.lock:
            return list(self.screen.display)

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.display)

    @property
    def modes(self) -> frozenset[int]:
        """Private modes that are set now (1049 alternate screen, 1003 mouse, …)."""
        with self.lock:
            return frozenset(self._stream.modes)

    def cells(self) -> list[list[tuple[Any, ...]]]:
        """Return every cell of the screen with all its attributes, to compare two screens."""
        with self.lock:
            return [
                [tuple(self.screen.buffer[y][x]) for x in range(self.screen.columns)] for y in range(self.screen.lines)
            ]

    def wait_for(self, seen: Callable[[PtyTerminal], bool] | str, timeout: float = 10.0) -> float:
        """Wait until the predicate holds, or the text is on the screen; return when the bytes came that showed it.

        Raises TimeoutError with the screen when it does not come about.
        """
        wanted = (lambda terminal: seen in terminal.text) if isinstance(seen, str) else seen
        deadline = time.monotonic() + timeout
        with self.lock:
            while not wanted(self):
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._arriving and left < timeout - 1):
                    raise TimeoutError(f"not seen within {timeout} s: {seen}\n" + "\n".join(self.screen.display))
                self.lock.wait(min(left, 0.1))
            return self.changed_at

    def wait_quiet(self, quiet_s: float = 0.15, timeout: float = 10.0) -> None:
        """Wait until nothing came for a while."""
        deadline = time.monotonic() + timeout
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < quiet_s:
            if self.bytes_received != seen:
                seen, since = self.bytes_received, time.monotonic()
            if time.monotonic() > deadline:
                raise TimeoutError("the screen does not come to rest")
            time.sleep(quiet_s / 10)

    def measure(
        self, keys: str | bytes, seen: Callable[[PtyTerminal], bool] | None = None, timeout: float = 10.0
    ) -> float:
        """Type keys and return seconds until the bytes arrived that made `seen` true; by default, changed the screen.

        Raises TimeoutError when it does not come about.
        """
        before = self._stream.changes
        sent = self.send(keys)
        arrived = self.wait_for(seen or (lambda terminal: terminal._stream.changes != before), timeout)
        return max(0.0, arrived - sent)

    # The program

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Wait for the program to end and return its exit code (negative: the signal)."""
        code = self.process.wait(timeout)
        with contextlib.suppress(TimeoutError):
            self.wait_quiet(0.05, 2.0)
        return code

    def wait_stopped(self, timeout: float = 10.0) -> None:
        """Wait until the program is stopped, as a shell does before it continues it."""
        deadline = time.monotonic() + timeout
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            if time.monotonic() > deadline:
                raise TimeoutError("the program is not stopped")
            time.sleep(0.01)

    @property
    def cpu_seconds(self) -> float:
        """Processor time the program used so far, without its children."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_bytes(self) -> int:
        """Memory of the program that is in RAM."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Hang up: end the program and its group."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        with self.lock:
            self._closing = True
            self.lock.notify_all()
        for thread in self._threads:
            thread.join(5)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost connection does (SIGHUP)."""
        with self.lock:
            self._closing = True
            self.lock.notify_all()
        for thread in self._threads:
            thread.join(5)
        os.close(self._master)
        self._master = -1

    # The wire

    def _answer(self, data: bytes) -> None:
        self._leaving.append((time.monotonic() + (self.link.rtt / 2 if self.link else 0.0), data))

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _pump(self) -> None:
        """Move bytes between program and link (a thread)."""
        while not self._closing:
            wait_s = self._deliver_keys(time.monotonic())
            room = self.link is None or self._in_flight < self.link.buffer
            if not room:
                time.sleep(min(wait_s, 0.002))
                continue
            ready, _, _ = select.select([self._master], [], [], min(wait_s, TICK_S))
            if not ready:
                continue
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                data = b""
            if not data:
                return
            self._take(data, time.monotonic())

    def _take(self, data: bytes, now: float) -> None:
        with self.lock:
            if self.link is None:
                self._arriving.append((now, data))
            else:
                for start in range(0, len(data), PIECE):
                    piece = data[start : start + PIECE]
                    self._link_free_at = max(self._link_free_at, now) + len(piece) / self.link.bandwidth
                    self._arriving.append((self._link_free_at + self.link.rtt / 2, piece))
            self._in_flight += len(data)
            self.lock.notify_all()

    def _deliver_keys(self, now: float) -> float:
        """Write what is due to the program; return seconds until more is due."""
        with self.lock:
            while self._leaving and self._leaving[0][0] <= now:
                _, data = self._leaving.popleft()
                with contextlib.suppress(OSError):
                    os.write(self._master, data)
            return max(0.0005, self._leaving[0][0] - now) if self._leaving else TICK_S

    def _show(self) -> None:
        """Draw what arrived (a thread)."""
        while True:
            with self.lock:
                if self._closing:
                    return
                now = time.monotonic()
                if not self._arriving or self._arriving[0][0] > now:
                    self.lock.wait(min(TICK_S, self._arriving[0][0] - now) if self._arriving else TICK_S)
                    continue
                arrived, data = self._arriving.popleft()
                self._in_flight -= len(data)
                self.bytes_received += len(data)
                if self._record:
                    self.raw += data
                before = self._stream.changes
                self._stream.feed(self._decoder.decode(data))
                if self._stream.changes != before:
                    self.changed_at = arrived
                self.lock.notify_all()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
