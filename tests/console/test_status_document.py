from __future__ import annotations

from msgspec.structs import replace

from backends.model.fleet import ProbeSample, StampSnapshot
from backends.model.health import Health, SourceState
from console.commands.status_document import problems_of

LIVE = SourceState(Health.LIVE)
REFUSED = SourceState(Health.UNAUTHORIZED, reason="the API refused the credentials (401)")


def stamp(api: SourceState = LIVE, **sources: SourceState) -> StampSnapshot:
    return StampSnapshot(name="orlando", api=api, sources=sources)


def test_sources_that_say_the_same_are_one_problem() -> None:
    found = problems_of(stamp(REFUSED, nodes=REFUSED, pods=REFUSED, events=REFUSED))
    assert found == ["api and 3 more sources UNAUTHORIZED: the API refused the credentials (401)"]


def test_a_few_are_named_and_different_reasons_stay_apart() -> None:
    forbidden = SourceState(Health.FORBIDDEN, reason="may not list secrets")
    found = problems_of(stamp(forbidden, nodes=LIVE, secrets=forbidden, metrics=REFUSED))
    assert found == [
        "api, secrets FORBIDDEN: may not list secrets",
        "metrics UNAUTHORIZED: the API refused the credentials (401)",
    ]


def test_watches_of_an_api_that_is_gone_have_nothing_of_their_own_to_say() -> None:
    down = SourceState(Health.DOWN, reason="connection refused")
    found = problems_of(stamp(down, nodes=SourceState(Health.RETRYING, reason="connection reset")))
    assert found == ["api DOWN: connection refused"]


def test_nodes_workloads_and_a_wrong_answer_are_problems_without_a_degraded_source() -> None:
    well = replace(stamp(), nodes_ready=2, nodes_total=3, workloads_ready=5, workloads_total=5)
    assert problems_of(well) == ["1 of 3 nodes not ready"]
    asked = replace(
        stamp(), probes=(ProbeSample(at=1.0, ok=False, latency_s=0.1, status=502, reason="502 Bad Gateway"),)
    )
    assert problems_of(asked) == ["application: 502 Bad Gateway"]
    assert problems_of(stamp()) == []
