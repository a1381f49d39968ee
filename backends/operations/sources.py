"""Sources by stamp, and a failure as a state: what an error of a source means to the operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.errors import Forbidden, NotFound, SourceError, StampdeckError, Throttled, Unauthorized, UsageError
from backends.model.health import Health, SourceState
from backends.operations.ports import ClusterReader

NOT_YET = SourceState(Health.RETRYING, "not asked yet")
"""The state of a source before its first answer."""


def state_of(
    error: Exception, *, before: SourceState, now: float, retry_at: float | None, failures: int, down_after: int = 2
) -> SourceState:
    """Return the state after `failures` attempts in a row ended with `error`; `as_of` and `since` carry over."""
    health = _health(error, failures, down_after)
    reason, todo = words_of(error)
    since = before.since if before.health is health else now
    if health is Health.OFF:
        return SourceState(health, reason, todo, since=since)
    return SourceState(health, reason, todo, as_of=before.as_of, since=since, retry_at=retry_at)


def words_of(error: Exception) -> tuple[str, str]:
    """Return (reason, what to do) of an error, each on one line."""
    if isinstance(error, StampdeckError):
        return error.why or error.what, error.todo
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time", "check the network and the load of the API"
    return f"{type(error).__name__}: {error}".rstrip(": "), "this is a defect of the console: please report it"


def _health(error: Exception, failures: int, down_after: int) -> Health:
    if isinstance(error, Unauthorized):
        return Health.UNAUTHORIZED
    if isinstance(error, Forbidden):
        return Health.FORBIDDEN
    if isinstance(error, NotFound):
        return Health.OFF
    if isinstance(error, Throttled):
        return Health.RETRYING
    if isinstance(error, SourceError | TimeoutError) and failures < down_after:
        return Health.RETRYING
    return Health.DOWN


def asked(clusters: Mapping[str, ClusterReader], names: Sequence[str]) -> list[ClusterReader]:
    """Return the clusters of the named stamps, in that order; UsageError when there is no such stamp."""
    for name in names:
        if name not in clusters:
            raise UsageError(f"there is no stamp {name!r}", todo=f"choose from {', '.join(clusters)}")
    return [clusters[name] for name in names]


def live(before: SourceState, now: float, reason: str = "") -> SourceState:
    """Return the state after a good answer at `now`."""
    since = before.since if before.health is Health.LIVE else now
    return SourceState(Health.LIVE, reason, as_of=now, since=since)
