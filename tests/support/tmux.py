"""A real terminal for whole-app journeys: a private tmux server with one window."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType


class Tmux:
    """One command in one window of a tmux server of its own; ended with the context."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._socket = folder / "tmux.sock"
        self._command = list(command)
        self._size = (columns, rows)
        self._environment = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
        self.exit_file = folder / "exit-code"

    def __enter__(self) -> Tmux:
        import shlex

        # The shell outlives the command, so that what the terminal looks like afterwards can be read.
        script = f"{shlex.join(self._command)}; echo $? > {shlex.quote(str(self.exit_file))}; exec sleep 600"
        columns, rows = self._size
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", script)
        self._tmux("set-option", "-g", "escape-time", "0")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run([self._program(), "-S", str(self._socket), "kill-server"], capture_output=True, check=False)

    @staticmethod
    def _program() -> str:
        return shutil.which("tmux") or "tmux"

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._program(), "-S", str(self._socket), *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            check=True,
        )
        return done.stdout

    def send(self, *keys: str) -> None:
        """Press keys by tmux's names: `Enter`, `Escape`, `C-r`, or characters."""
        self._tmux("send-keys", "--", *keys)

    def type(self, text: str) -> None:
        """Type text literally."""
        self._tmux("send-keys", "-l", "--", text)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> str:
        """What is on the screen now, without colours."""
        return self._tmux("capture-pane", "-p")

    @property
    def in_alternate_screen(self) -> bool:
        """Whether the application holds the alternate screen."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    @property
    def process_id(self) -> int:
        """The process of the window's shell."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def wait_for(self, what: str | Callable[[str], bool], timeout_s: float = 20.0) -> str:
        """Return the screen once it holds a text (or satisfies a test); show the last one when it never does."""
        wanted = what if callable(what) else lambda screen: what in screen
        deadline = time.monotonic() + timeout_s
        while True:
            screen = self.screen
            if wanted(screen):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {timeout_s} s: {what!r}; the screen is\n{screen}")
            time.sleep(0.05)

    def wait_for_exit(self, timeout_s: float = 15.0) -> int:
        """Return the command's exit code once it ended."""
        deadline = time.monotonic() + timeout_s
        while not (self.exit_file.exists() and self.exit_file.read_text().strip()):
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {timeout_s} s; the screen is\n{self.screen}")
            time.sleep(0.05)
        return int(self.exit_file.read_text())
