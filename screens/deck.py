"""What the application gives every screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from backends.clock import Clock
from screens.gate.writing import Writing
from screens.glyphs import UNICODE, Glyphs
from screens.overview import Overview
from screens.prompt_log import PromptLog
from screens.vocabulary import Vocabulary


def _nowhere(name: str, lines: Iterable[str]) -> Path:
    raise OSError("nothing is saved here")


@dataclass(frozen=True, slots=True)
class Deck:
    """What every screen is given by the application."""

    overview: Overview
    clock: Clock
    glyphs: Glyphs = UNICODE
    frame_rate: Callable[[], float] = lambda: 10.0
    crumbs: Callable[[], tuple[str, ...]] = tuple
    copy: Callable[[str], None] = lambda text: None
    save: Callable[[str, Iterable[str]], Path] = _nowhere
    words: Vocabulary = field(default_factory=Vocabulary)
    prompts: PromptLog = field(default_factory=PromptLog)
    writing: Writing = field(default_factory=Writing)
