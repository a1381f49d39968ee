from __future__ import annotations

from backends.model.health import OFF, Health, SourceState, worst


def test_the_worst_state_is_the_one_that_needs_someone_most() -> None:
    live = SourceState(Health.LIVE)
    stale = SourceState(Health.STALE)
    down = SourceState(Health.DOWN, reason="connection refused")
    assert worst([live, down, stale]) is down
    assert worst([OFF, live]) is live
    assert worst([]) is OFF


def test_age_is_since_the_last_confirmation() -> None:
    assert SourceState(Health.STALE, as_of=100.0).age_s(130.0) == 30.0
    assert SourceState(Health.RETRYING).age_s(130.0) is None
    assert SourceState(Health.LIVE, as_of=131.0).age_s(130.0) == 0.0


def test_off_is_not_degraded() -> None:
    assert not OFF.is_degraded
    assert SourceState(Health.FORBIDDEN).is_degraded
    assert SourceState(Health.LIVE).is_live
