"""The journal as the doctor sees it: readable, whole, and nothing left open in it by a process that ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from backends.errors import JournalFailed
from backends.model.checks import Check, Outcome
from backends.model.journal import Author
from backends.operations.ports import Journal


async def journal_check(journal: Journal, works_still: Callable[[Author], bool | None]) -> Check:
    """Return whether the journal can be read, its chain holds and nothing is left open in it; raises nothing.

    `works_still` tells of an author whether that process still runs, None when that cannot be known.
    """
    began_s = time.monotonic()

    def found(outcome: Outcome, what: str, why: str = "", todo: str = "") -> Check:
        return Check("", "journal", outcome, what, why, todo, time.monotonic() - began_s)

    try:
        chain = await journal.verify()
        left = [each for each in await journal.open_operations() if not works_still(each.holder)]
    except JournalFailed as error:
        return found(Outcome.FAIL, error.what, error.why, error.todo or "nothing can be changed until it can be used")
    if not chain.holds:
        where = f"row {chain.broken_at:,}: " if chain.broken_at is not None else ""
        todo = "keep the file as it is, and compare it with a noted head: stampdeck audit verify"
        return found(Outcome.FAIL, "the chain of the journal is broken", f"{where}{chain.why}", todo)
    if left:
        many = "1 operation was" if len(left) == 1 else f"{len(left)} operations were"
        return found(Outcome.WARN, f"{many} left open", "its process ended before it did", "see stampdeck audit open")
    rows = f"{chain.rows:,} row" + ("" if chain.rows == 1 else "s")
    return found(Outcome.OK, f"the chain holds: {rows}" if chain.rows else "nothing was written yet")
