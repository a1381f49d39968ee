"""A process that writes into a journal until it is told to stop, is killed, or has written enough.

    python -m tests.journal.writer FILE OPERATION COUNT

Prints the number and hash of each event once `record` has returned; a COUNT of 0 means without end.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from backends.clock import SystemClock
from backends.journal import SqliteJournal
from backends.model.journal import EventKind


async def write(file: Path, operation: str, events: int) -> None:
    async with SqliteJournal(file, SystemClock()) as journal:
        for number in range(1, events + 1) if events else count(1):
            event = await journal.record(operation, EventKind.STEP, "orlando", {"step": number, "text": "x" * 300})
            sys.stdout.write(f"{event.number} {event.hash}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
