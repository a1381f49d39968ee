"""The log of one run of aks-engine: bytes in, lines and the state of the run out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.aks_engine.log.failures.book import FailureBook
from backends.aks_engine.log.lines import LineReader
from backends.aks_engine.log.progress import Progress
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import EngineProgress
from backends.model.inert import Lines

_LONGEST_LINE = 1 << 18
"""Characters; a longer line comes in pieces."""


class EngineLog:
    """Reads both streams of a run in one, cut into pieces anywhere; keeps the state, not the lines.

    The state owes nothing to how the bytes were cut or when they came: a mirror read again gives the same.
    """

    def __init__(self, command_word: str, secrets: Iterable[str] = (), started_at: float | None = None) -> None:
        """`command_word` is the engine's own, such as `upgrade`; `started_at` its start by the VM's clock if known.

        Raises ValueError for a secret too short to be masked (`redact.SHORTEST_SECRET`).
        """
        self._lines = Lines(_LONGEST_LINE)
        self._reader = LineReader(secrets, started_at)
        self._state = Progress(command_word)
        self._failures = FailureBook(command_word, self._reader.clean)
        self._seen: EngineProgress | None = None

    @property
    def progress(self) -> EngineProgress:
        """How far the run came."""
        if self._seen is None:
            self._seen = self._state.seen(self._reader.times.start, self._failures.failures())
        return self._seen

    def feed(self, data: bytes, at: float = 0.0) -> Sequence[EngineLine]:
        """Return the lines that became complete; `at`, when the bytes came, is nothing the state depends on."""
        return self._take(self._lines.feed(data))

    def close(self) -> Sequence[EngineLine]:
        """Return what was left without a line end: the log is over."""
        return self._take(self._lines.close())

    def _take(self, texts: list[str]) -> Sequence[EngineLine]:
        if not texts:
            return ()
        self._seen = None
        return [self._line(each) for each in texts]

    def _line(self, text: str) -> EngineLine:
        line, raw = self._reader.read(text)
        self._state.take(line)
        self._failures.take(line, raw)
        return line
