"""What the application gives every screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from backends.clock import Clock
from screens.gate.writing import Writing
from screens.glyphs import UNICODE, Glyphs
from screens.overview import Overview
from screens.prompt_log import PromptLog
from screens.vocabulary import Vocabulary


def _nowhere(name: str, lines: Iterable[str]) -> Path:
    raise OSError("nothing is saved here")


class Deck:
    """What every screen is given by the application; made once, and not changed."""

    def __init__(
        self,
        overview: Overview,
        clock: Clock,
        glyphs: Glyphs = UNICODE,
        frame_rate: Callable[[], float] = lambda: 10.0,
        crumbs: Callable[[], tuple[str, ...]] = tuple,
        copy: Callable[[str], None] = lambda text: None,
        save: Callable[[str, Iterable[str]], Path] = _nowhere,
        words: Vocabulary | None = None,
    ) -> None:
        self.overview = overview
        self.clock = clock
        self.glyphs = glyphs
        self.frame_rate = frame_rate
        self.crumbs = crumbs
        self.copy = copy
        self.save = save
        self.words = words or Vocabulary()
        self.prompts = PromptLog()
        self.writing = Writing()
