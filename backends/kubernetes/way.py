"""What this system needs of a way to an API that cannot be connected to from here."""

from __future__ import annotations

from typing import Protocol


class Way(Protocol):
    """Leads to addresses as another machine sees them; TLS is spoken with the API itself, end to end."""

    async def reach(self, host: str, port: int, within_s: float) -> tuple[str, int]:
        """Return where to connect instead; raises SourceError when there is no way within that time.

        The address stays the same while the way is lost and made again, so that connections can be kept by it.
        """
        ...

    def why_broken(self, host: str, port: int) -> str:
        """Return why the last connection to there ended badly, or nothing: a cut connection does not say it."""
        ...
