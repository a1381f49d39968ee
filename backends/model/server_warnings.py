"""What servers warn about while they do as asked, such as deprecations: told where it comes, heard where it matters.

The calls in between need not carry it. Each hearer hears what its own task, and the tasks that this starts, are told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_HEARD: ContextVar[list[str] | None] = ContextVar("heard_warnings", default=None)


@contextlib.contextmanager
def hear_warnings() -> Iterator[list[str]]:
    """Collect the warnings told inside, each once and in their order, into the list given."""
    heard: list[str] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


def tell_warning(text: str) -> None:
    """Tell a warning to whoever listens now; without anyone it is dropped."""
    heard = _HEARD.get()
    if heard is not None and text not in heard:
        heard.append(text)
