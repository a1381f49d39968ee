"""Complete lines out of chunks that end anywhere."""

from __future__ import annotations


class LineSplitter:
    """Collects bytes until a line ends; a line may be spread over any number of chunks.

    Joining happens once per line end, so that one huge line costs time in proportion to its length only.
    """

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self.size = 0
        """Bytes of the line whose end has not come."""

    def push(self, chunk: bytes) -> bytes:
        """Add a chunk; return the complete lines there are now, each with its newline, or nothing."""
        end = chunk.rfind(b"\n") + 1
        lines = chunk[:end]
        if end and self._pending:
            lines = self.take() + lines
        if end < len(chunk):
            self._pending.append(chunk[end:])
            self.size += len(chunk) - end
        return lines

    def take(self) -> bytes:
        """Return the beginning of the unfinished line and forget it."""
        rest = b"".join(self._pending)
        self._pending.clear()
        self.size = 0
        return rest
