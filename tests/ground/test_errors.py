from __future__ import annotations

import pytest

from backends import errors


def test_an_error_says_where_what_why_and_what_to_do() -> None:
    error = errors.Unreachable(
        "the Kubernetes API does not answer", stamp="orlando", why="connection refused", todo="check the load balancer"
    )
    assert str(error) == ("orlando: the Kubernetes API does not answer: connection refused — check the load balancer")


def test_what_is_unknown_is_left_out() -> None:
    assert str(errors.NotFound('pod "web-1" not found')) == 'pod "web-1" not found'


@pytest.mark.parametrize(
    "kind",
    [
        errors.Unreachable,
        errors.CertificateRejected,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.Expired,
        errors.Throttled,
        errors.Invalid,
        errors.Malformed,
        errors.ServerFailed,
    ],
)
def test_every_failure_of_a_system_is_a_source_error(kind: type[errors.SourceError]) -> None:
    assert issubclass(kind, errors.SourceError)
    assert issubclass(kind, errors.StampdeckError)


def test_a_throttled_answer_carries_the_server_s_delay() -> None:
    assert errors.Throttled("slow down", retry_after_s=3).retry_after_s == 3
