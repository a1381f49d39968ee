"""What is said again and again: heartbeats while something is awaited, and `is ready` up to three times."""

from __future__ import annotations

_HEARTBEATS = frozenset(("master_wait", "master_status_error", "agent_wait", "agent_status_error", "scale_no_vms"))
_ONCE = frozenset(("master_ready", "agent_ready", "ssh_hostkey_added"))
_MOST = 1_000


class Repeats:
    """Tells whether a message says nothing new; to be asked in the order of the log."""

    def __init__(self) -> None:
        self._last_beat = ""
        self._said: set[str] = set()

    def is_again(self, message: str, text: str) -> bool:
        """Return whether a heartbeat repeats the last one, or a machine was said to be ready before."""
        if message in _HEARTBEATS:
            if text == self._last_beat:
                return True
            self._last_beat = text
        elif message in _ONCE:
            if text in self._said:
                return True
            if len(self._said) < _MOST:
                self._said.add(text)
        return False
