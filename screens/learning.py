"""Learning the words commands may use: the kinds and namespaces that the stamps serve."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.clock import Clock
from screens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from backends.operations.resources import Resources

_log = logging.getLogger(__name__)

_SOON_S = 2.0
_LATER_S = 60.0


async def learn_words(words: Vocabulary, resources: Resources, clock: Clock) -> None:
    """Keep the vocabulary filled until cancelled; stamps that come back later are asked again."""
    while True:
        try:
            words.kinds = await resources.kinds()
            words.namespaces = await resources.namespaces()
        except Exception:  # whatever a stamp answers: without words to complete, everything else goes on
            _log.exception("learning what the stamps serve")
        await clock.sleep(_LATER_S if words.kinds and words.namespaces else _SOON_S)
