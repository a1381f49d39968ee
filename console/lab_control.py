"""Speaking to a running lab from the console: what it refuses is told as any other failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backends.errors import StampdeckError
from backends.lab.control import LabError


@contextmanager
def lab_refusals(what: str = "") -> Iterator[None]:
    """Raise StampdeckError for what a lab refuses, or when there is none; `what` names what failed because of it."""
    try:
        yield
    except LabError as error:
        raise (StampdeckError(what, why=str(error)) if what else StampdeckError(str(error))) from None
