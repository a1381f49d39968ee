"""The few pictures the screens use, with letters in their place where a terminal or a person prefers them."""

from __future__ import annotations

import os

import msgspec

from backends.model.fleet import Severity, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.tone import Tone


class Glyphs(msgspec.Struct, frozen=True):
    """One set of pictures; each is one cell wide, and a word always stands beside it."""

    live: str = "●"
    stale: str = "◐"
    retrying: str = "↻"
    down: str = "✗"
    locked: str = "⊘"
    off: str = "○"
    good: str = "✓"
    warn: str = "▲"
    info: str = "·"
    full: str = "█"
    empty: str = "░"
    crumb: str = "›"
    rule: str = "─"
    dot: str = "·"
    more: str = "…"
    sparkline: str = "▁▂▃▄▅▆▇█"

    def health(self, health: Health) -> str:
        """The picture of a source's health."""
        return {
            Health.LIVE: self.live,
            Health.STALE: self.stale,
            Health.RETRYING: self.retrying,
            Health.DOWN: self.down,
            Health.UNAUTHORIZED: self.locked,
            Health.FORBIDDEN: self.locked,
            Health.OFF: self.off,
        }[health]

    def verdict(self, level: VerdictLevel) -> str:
        """The picture of the verdict on the service."""
        return {
            VerdictLevel.UP: self.live,
            VerdictLevel.DEGRADED: self.warn,
            VerdictLevel.DOWN: self.down,
            VerdictLevel.UNKNOWN: self.off,
        }[level]

    def severity(self, severity: Severity) -> str:
        """The picture of how loudly an entry speaks."""
        return {
            Severity.INFO: self.info,
            Severity.GOOD: self.good,
            Severity.WARNING: self.warn,
            Severity.BAD: self.down,
        }[severity]


UNICODE = Glyphs()
ASCII = Glyphs(
    live="*",
    stale="~",
    retrying="?",
    down="X",
    locked="!",
    off="o",
    good="+",
    warn="!",
    info=".",
    full="#",
    empty=".",
    crumb=">",
    rule="-",
    dot="|",
    more="~",
    sparkline="_.-=*#",
)


def choose_glyphs(ascii_only: bool = False) -> Glyphs:
    """Return the ASCII set where the terminal has no more, else the Unicode one; `STAMPDECK_ASCII` (1 or 0) decides."""
    wish = os.environ.get("STAMPDECK_ASCII", "")
    return ASCII if (wish != "0" if wish else ascii_only) else UNICODE


def is_starting(state: SourceState) -> bool:
    """Whether a source has not been heard of yet, for better or worse: nothing to be alarmed about."""
    return state.as_of is None and state.retry_at is None and state.health in (Health.RETRYING, Health.OFF)


HEALTH_TONES: dict[Health, Tone] = {
    Health.LIVE: "good",
    Health.STALE: "warn",
    Health.RETRYING: "warn",
    Health.DOWN: "bad",
    Health.UNAUTHORIZED: "bad",
    Health.FORBIDDEN: "warn",
    Health.OFF: "dim",
}

VERDICT_TONES: dict[VerdictLevel, Tone] = {
    VerdictLevel.UP: "good",
    VerdictLevel.DEGRADED: "warn",
    VerdictLevel.DOWN: "bad",
    VerdictLevel.UNKNOWN: "dim",
}

SEVERITY_TONES: dict[Severity, Tone | None] = {
    Severity.INFO: None,
    Severity.GOOD: "good",
    Severity.WARNING: "warn",
    Severity.BAD: "bad",
}
