"""Why a command failed, in the engine's own words."""

from __future__ import annotations


class EngineFailure(Exception):
    """A failure that ends the command with exit code 1; its text follows `Error: ` on stderr, then comes the usage.

    `shows_usage_first` prints the usage once more before the error, as the real one does for its missing flags;
    `hides_usage` leaves it out altogether (get-logs and rotate-certs, once their arguments are right).
    """

    def __init__(self, text: str, *, shows_usage_first: bool = False, hides_usage: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.shows_usage_first = shows_usage_first
        self.hides_usage = hides_usage

    def under(self, context: str) -> EngineFailure:
        """Return this failure with what was being done put before it."""
        return EngineFailure(
            f"{context}: {self.text}", shows_usage_first=self.shows_usage_first, hides_usage=self.hides_usage
        )


class EnginePanic(Exception):
    """The Go program would have crashed: exit code 2 and a dump of goroutines on stderr instead of an error."""

    def __init__(self, dump: str) -> None:
        super().__init__(dump)
        self.dump = dump
