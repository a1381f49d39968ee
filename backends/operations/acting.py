"""Doing a work and reading back what became of it; whatever happens is an outcome in words."""

from __future__ import annotations

import logging

from backends.errors import (
    CertificateRejected,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    SourceError,
    StampdeckError,
    Throttled,
    Unauthorized,
)
from backends.model.proposal import Outcome, Result, Step
from backends.operations.locking import HeldLock
from backends.operations.work import PartlyDone, RunProgress, Stopped, Verified, Work

_log = logging.getLogger(__name__)

_LOOK = "look at the object before you try again"
_NOTHING_DONE = (Forbidden, Unauthorized, NotFound, Conflict, Invalid, Throttled, CertificateRejected, Expired)
"""With these the API said no, or we never spoke to it. After any other failure nobody knows without looking."""


async def act_and_verify(work: Work, operation: str, lock: HeldLock, progress: RunProgress) -> Outcome:
    """Act and read back. Raises only what cancelling raises."""
    progress.enter(Step.ACT, operation)
    try:
        await progress.checkpoint()
        done = await work.act(progress)
    except Stopped as stopped:
        result = Result.FAILED if lock.lost else Result.CANCELLED
        return Outcome(result, Step.ACT, stopped.what, stopped.why, stopped.todo, operation)
    except (PartlyDone, *_NOTHING_DONE) as error:
        return Outcome(Result.FAILED, Step.ACT, error.what, error.why, error.todo, operation)
    except StampdeckError as error:
        return await _look(work, operation, progress, error)
    except Exception as error:
        _log.exception("%s failed", work.change.summary)
        why = f"{type(error).__name__}: {error}"
        fault = StampdeckError(f"{work.change.summary} failed", why=why, todo=_LOOK, stamp=work.change.stamp)
        return await _look(work, operation, progress, fault)
    progress.enter(Step.VERIFY, operation)
    found = await read_back(work)
    if isinstance(found, str):
        return Outcome(Result.UNVERIFIED, Step.VERIFY, done, f"it could not be read back: {found}", _LOOK, operation)
    if not found.ok:
        return Outcome(Result.UNVERIFIED, Step.VERIFY, done, f"but {found.evidence}", _LOOK, operation)
    return Outcome(Result.DONE, Step.OUTCOME, done, found.evidence, "", operation)


async def read_back(work: Work) -> Verified | str:
    """Return what is there now, or in words why that could not be read."""
    try:
        return await work.verify()
    except SourceError as error:
        return str(error)
    except Exception as error:  # a fault of ours in reading must not hide that something was written
        _log.exception("reading back %s failed", work.change.summary)
        return f"{type(error).__name__}: {error}"


async def _look(work: Work, operation: str, progress: RunProgress, error: StampdeckError) -> Outcome:
    """Say what became of a change whose act ended without an answer: it may have been done all the same."""
    progress.enter(Step.VERIFY, operation)
    found = await read_back(work)
    if isinstance(found, str):
        why = f"{error.why}; and it could not be read back: {found}".removeprefix("; ")
        return Outcome(Result.UNVERIFIED, Step.ACT, error.what, why, error.todo or _LOOK, operation)
    if found.ok:
        why = f"{found.evidence}, though acting ended with: {error.what}: {error.why}"
        return Outcome(Result.DONE, Step.OUTCOME, f"done: {work.change.summary}", why, "", operation)
    why = f"{error.why}; read back: {found.evidence}".removeprefix("; ")
    return Outcome(Result.FAILED, Step.ACT, error.what, why, error.todo or _LOOK, operation)
