from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.retry import Backoff


def test_delays_double_up_to_the_cap() -> None:
    backoff = Backoff(base_s=1, cap_s=8, jitter=lambda: 1.0)
    assert [backoff.next_delay() for _ in range(6)] == [1, 2, 4, 8, 8, 8]


def test_success_starts_again_from_the_base() -> None:
    backoff = Backoff(base_s=1, cap_s=8, jitter=lambda: 1.0)
    backoff.next_delay()
    backoff.next_delay()
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next_delay() == 1


def test_the_server_s_own_delay_is_a_floor() -> None:
    assert Backoff(base_s=0.5, jitter=lambda: 0.0).next_delay(at_least_s=7) == 7


@given(jitter=st.floats(0, 1), failures=st.integers(0, 100))
def test_a_delay_is_never_less_than_half_its_ceiling_nor_more_than_the_cap(jitter: float, failures: int) -> None:
    backoff = Backoff(base_s=0.5, cap_s=30, jitter=lambda: jitter)
    backoff.failures = failures
    assert min(30, 0.5 * 2 ** min(failures, 16)) / 2 <= backoff.next_delay() <= 30
