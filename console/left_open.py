"""What a start says of operations that a console before it left open."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from backends.errors import JournalFailed

if TYPE_CHECKING:
    from backends.operations.reconciliation import Reconciled, Reconciliation

_NAMED = 3
"""Operations that are told one by one; of more, their number."""


async def tell_left_open(reconciliation: Reconciliation, tell: Callable[[str], object]) -> None:
    """Compare what is open with the clusters and tell what was found; a journal that fails is told too."""
    from backends.operations.reconciliation import Found

    try:
        found = await reconciliation.run()
    except JournalFailed as error:
        logging.getLogger(__name__).warning("nothing could be compared: %s", error)
        tell(f"{error}\nwatching goes on; nothing can be changed until the journal can be used")
        return
    # What is at work is seen where it works.
    news = [each for each in found if each.found is not Found.AT_WORK]
    if news:
        tell("\n".join(("left open by a console that ended, see U:", *_lines(news))))


def _lines(found: list[Reconciled]) -> list[str]:
    from backends.model.recorded import told

    more = len(found) - _NAMED
    named = [f"{told(each.operation.intent)}: {each.found}" for each in found[:_NAMED]]
    return [*named, *([f"and {more} more"] if more > 0 else [])]
