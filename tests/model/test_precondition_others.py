"""Rules over the other stamps: what serves, what is well, who works, and whether there is room."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model.change import Change, Impact, Target
from backends.model.fleet import FleetSnapshot, ProbeSample, StampSnapshot, Verdict, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.lock import LockHolder, LockSurvey
from backends.model.preconditions.headroom import headroom
from backends.model.preconditions.locks import one_stamp_at_a_time, stamp_free
from backends.model.preconditions.others import only_stamp, others_healthy, others_serve
from backends.model.proposal import Finding, Level
from backends.model.room import NodeOffer, PodRequest, Room, without_place

NOW = 1_790_000_000.0
LIVE = SourceState(Health.LIVE, as_of=NOW)
STALE = SourceState(Health.STALE, "nothing heard", as_of=NOW - 90)
DOWN = SourceState(Health.DOWN, "connection refused", as_of=NOW - 90)
ALL_LIVE = dict.fromkeys(("version", "nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps"), LIVE)
ANSWER = ProbeSample(NOW, ok=True, latency_s=0.0234, status=200)
WELL = StampSnapshot(
    "seattle",
    api=LIVE,
    sources=ALL_LIVE,
    nodes_ready=6,
    nodes_total=6,
    workloads_ready=14,
    workloads_total=14,
    application=LIVE,
    probes=(ANSWER,),
)
BOTH = ("orlando", "seattle")


def _but(**changes: Any) -> StampSnapshot:
    return msgspec.structs.replace(WELL, **changes)


def _fleet(*others: StampSnapshot) -> FleetSnapshot:
    # The stamp itself is in a bad way: that is for its own work to judge, never for a rule about the others.
    own = StampSnapshot("orlando", api=DOWN, sources={"version": DOWN})
    return FleetSnapshot(NOW, (own, *others), Verdict(VerdictLevel.UP, "up"))


def _one(found: list[Finding]) -> tuple[Level, str]:
    (finding,) = found
    assert finding.stamp == "seattle" and finding.overridable
    return finding.level, finding.evidence


OFF = SourceState(Health.OFF)
REFUSED = ProbeSample(NOW, ok=False, latency_s=None, reason="connection refused")


@pytest.mark.parametrize(
    ("seattle", "level", "evidence"),
    [
        (WELL, Level.PASS, "the application on seattle answers in 23 ms"),
        (_but(probes=(ANSWER, REFUSED)), Level.REFUSE, "does not answer well: connection refused"),
        (_but(probes=(ProbeSample(NOW, ok=False, latency_s=0.1, status=503),)), Level.REFUSE, "HTTP 503"),
        (_but(probes=()), Level.REFUSE, "the application on seattle has not been asked yet"),
        (
            _but(application=STALE, probes=(ProbeSample(NOW - 90, ok=True, latency_s=0.1),)),
            Level.REFUSE,
            "last answered 90s ago (STALE)",
        ),
        (
            _but(application=OFF, probes=()),
            Level.PASS,
            "no application is configured to ask on seattle; judged by API and workloads, all is ready",
        ),
        (
            _but(application=OFF, probes=(), workloads_ready=13),
            Level.REFUSE,
            "judged by API and workloads: 13 of 14 workloads are ready",
        ),
        # The service may well be up where only the cluster's API is down.
        (_but(sources={**ALL_LIVE, "version": DOWN}), Level.PASS, "answers in 23 ms"),
    ],
)
def test_whether_the_others_serve(seattle: StampSnapshot, level: Level, evidence: str) -> None:
    found = _one(others_serve(_fleet(seattle), "orlando", BOTH))
    assert found[0] is level and found[1].endswith(evidence)


@pytest.mark.parametrize(
    ("seattle", "level", "evidence"),
    [
        (WELL, Level.PASS, "seattle: 6 nodes and 14 workloads are ready, none is cordoned"),
        (_but(nodes_ready=5), Level.REFUSE, "seattle: 5 of 6 nodes are ready"),
        (_but(nodes_cordoned=1), Level.REFUSE, "seattle: 1 node is cordoned"),
        (
            _but(nodes_cordoned=2, nodes_ready=5),
            Level.REFUSE,
            "seattle: 5 of 6 nodes are ready and 2 nodes are cordoned",
        ),
        (_but(workloads_ready=12), Level.REFUSE, "seattle: 12 of 14 workloads are ready"),
        (_but(nodes_total=0, nodes_ready=0), Level.REFUSE, "seattle: it has no nodes"),
        (_but(nodes_total=None), Level.REFUSE, "seattle: nothing is known of its nodes yet"),
        (_but(workloads_total=None), Level.REFUSE, "seattle: nothing is known of its workloads yet"),
        (
            _but(sources={**ALL_LIVE, "nodes": STALE}),
            Level.REFUSE,
            "seattle: its nodes: STALE (nothing heard), last known 90s ago",
        ),
        (_but(sources=dict.fromkeys(ALL_LIVE, DOWN)), Level.REFUSE, "seattle: its API is DOWN (connection refused)"),
        (_but(sources={"version": LIVE}), Level.REFUSE, "seattle: its nodes: not followed, its deployments: not"),
        (
            _but(sources={**ALL_LIVE, "nodes": SourceState(Health.FORBIDDEN, "nodes is forbidden")}),
            Level.REFUSE,
            "seattle: its nodes: FORBIDDEN (nodes is forbidden)",
        ),
        (
            _but(sources={**ALL_LIVE, "version": SourceState(Health.RETRYING, "connecting")}),
            Level.REFUSE,
            "seattle: its API: RETRYING (connecting)",
        ),
        # What is no sign of a stamp's health.
        (
            _but(sources={**ALL_LIVE, "metrics": DOWN, "events": STALE, "horizontalpodautoscalers": DOWN}),
            Level.PASS,
            "",
        ),
    ],
)
def test_whether_the_others_are_well(seattle: StampSnapshot, level: Level, evidence: str) -> None:
    found = _one(others_healthy(_fleet(seattle), "orlando", BOTH))
    assert found[0] is level and found[1].startswith(evidence)


def test_every_other_stamp_is_asked() -> None:
    found = others_healthy(_fleet(WELL, _but(name="reno", nodes_ready=1)), "orlando", (*BOTH, "reno", "utah"))
    assert [(each.stamp, each.level) for each in found] == [
        ("seattle", Level.PASS),
        ("reno", Level.REFUSE),
        ("utah", Level.REFUSE),
    ]
    assert found[-1].evidence == "utah is not watched by this console: open it without --stamp"
    assert [each.stamp for each in others_serve(_fleet(WELL), "orlando", (*BOTH, "utah"))] == ["seattle", "utah"]


def test_an_only_stamp_is_warned_of() -> None:
    found = only_stamp("orlando", ("orlando",))
    assert found is not None and found.level is Level.WARN
    assert only_stamp("orlando", BOTH) is None


# Locks

BOB = LockHolder("seattle", "bob@helper/1234", "drain n1", lost_in_s=20)
OURS = LockHolder("seattle", "ada@bastion/5678", "restart web", is_ours=True, lost_in_s=20)
LOST = LockHolder("seattle", "bob@helper/1234", "drain n1", lost_in_s=0)


def _change(stamp: str, impact: Impact) -> Change:
    return Change("drain", stamp, Target("node", "n1"), f"drain n1 on {stamp}", "kubectl drain n1", impact)


@pytest.mark.parametrize(
    ("holder", "level", "evidence"),
    [
        (None, Level.PASS, "nobody of the team works on another stamp"),
        (BOB, Level.REFUSE, "bob@helper/1234 works on seattle: drain n1"),
        (OURS, Level.REFUSE, "this console works on seattle: restart web"),
        (
            LOST,
            Level.REFUSE,
            "bob@helper/1234 works on seattle: drain n1; nobody renews it any more, and it may",
        ),
    ],
)
def test_one_stamp_at_a_time(holder: LockHolder | None, level: Level, evidence: str) -> None:
    (found,) = one_stamp_at_a_time(LockSurvey({"orlando": None, "seattle": holder}), "orlando")
    assert found.level is level and found.evidence.startswith(evidence)


def test_our_own_changes_elsewhere_count_before_they_hold_a_lock() -> None:
    survey = LockSurvey({"orlando": None, "seattle": None})
    working = [_change("seattle", Impact.DISRUPTIVE), _change("orlando", Impact.DISRUPTIVE)]
    (found,) = one_stamp_at_a_time(survey, "orlando", working)
    assert found.evidence == "this console is about to drain n1 on seattle"
    (found,) = one_stamp_at_a_time(survey, "orlando", [_change("seattle", Impact.NONE)])
    assert found.level is Level.PASS
    # Said once where its lock is seen too.
    assert len(one_stamp_at_a_time(LockSurvey({"seattle": OURS}), "orlando", working)) == 1


def test_locks_that_cannot_be_seen_warn() -> None:
    (found,) = one_stamp_at_a_time(LockSurvey({"orlando": None, "seattle": None}, {"seattle": "refused"}), "orlando")
    assert found.level is Level.WARN and "locks that only seattle keeps" in found.evidence


@pytest.mark.parametrize(
    ("survey", "level", "evidence"),
    [
        (LockSurvey({"seattle": None}), Level.PASS, "nobody holds its lock"),
        (LockSurvey({"seattle": OURS}), Level.PASS, "this console holds its lock: restart web"),
        (LockSurvey({"seattle": BOB}), Level.REFUSE, "bob@helper/1234 holds its lock: drain n1"),
        (LockSurvey({"seattle": LOST}), Level.REFUSE, "bob@helper/1234 holds its lock: drain n1; nobody renews it any"),
        (LockSurvey({"seattle": None}, {"seattle": "refused"}), Level.WARN, "no API could be asked who holds its lock"),
        (LockSurvey({"seattle": None, "orlando": None}, {"seattle": "refused"}), Level.PASS, "nobody holds its lock"),
    ],
)
def test_whether_the_stamp_is_free(survey: LockSurvey, level: Level, evidence: str) -> None:
    found = stamp_free(survey, "seattle")
    assert found.level is level and found.evidence.startswith(evidence)
    assert found.overridable is (level is not Level.REFUSE)


# Room

GI = 2**30


def _pod(
    name: str, cpu: int, memory_gi: float, node: str = "n1", owner: str = "ReplicaSet", ns: str = "default"
) -> PodRequest:
    return PodRequest(ns, name, cpu, int(memory_gi * GI), node, owner)


def _room(*pods: PodRequest, cpu: int = 4000, nodes: int = 2, takes_pods: bool = True) -> Room:
    offers = [NodeOffer(f"n{number}", cpu, 8 * GI, 30, takes_pods) for number in range(1, nodes + 1)]
    return Room(tuple(offers), pods)


def test_replicas_that_fit_pass_with_numbers() -> None:
    rooms = {"orlando": _room(_pod("a", 500, 1), _pod("b", 500, 1)), "seattle": _room(_pod("c", 1000, 2))}
    found = headroom(rooms, "orlando")
    assert (found.level, found.evidence) == (
        Level.PASS,
        "2 replicas asking for 1.0 cores and 2.0Gi fit: the others have 7.0 cores and 14Gi free",
    )


@pytest.mark.parametrize(
    ("own", "other"),
    [
        # More than there is.
        ([_pod(str(each), 1000, 1) for each in range(9)], _room()),
        # Enough in all, but on no single node.
        ([_pod("big", 3000, 1)], _room(_pod("x", 2000, 1, "n1"), _pod("y", 2000, 1, "n2"))),
        ([_pod("big", 100, 7)], _room(_pod("x", 100, 2, "n1"), _pod("y", 100, 2, "n2"))),
        # Nothing but nodes that take none.
        ([_pod("a", 100, 1)], _room(takes_pods=False)),
        # Others wait for that room already.
        ([_pod("a", 1000, 1)], _room(_pod("w", 3500, 1, node=""), nodes=1)),
        # As many pods as the node may have.
        ([_pod("a", 1, 0.1)], _room(*(_pod(str(each), 1, 0.01) for each in range(30)), nodes=1)),
    ],
)
def test_replicas_that_do_not_fit_refuse(own: list[PodRequest], other: Room) -> None:
    found = headroom({"orlando": _room(*own), "seattle": other}, "orlando")
    assert found.level is Level.REFUSE
    assert "1 would find no place" in found.evidence
    assert found.stamp == "orlando"


def test_only_the_application_has_to_move() -> None:
    own = _room(
        _pod("dns", 9000, 1, ns="kube-system"),
        _pod("agent", 9000, 1, owner="DaemonSet"),
        _pod("mirror", 9000, 1, owner="Node"),
        _pod("report", 9000, 1, owner="Job"),
        _pod("web", 100, 1),
    )
    found = headroom({"orlando": own, "seattle": _room()}, "orlando")
    assert found.level is Level.PASS and found.evidence.startswith("1 replicas asking for 100m and 1.0Gi fit")


def test_what_cannot_be_read_offers_nothing() -> None:
    found = headroom({"orlando": _room(_pod("a", 100, 1)), "seattle": "connection refused"}, "orlando")
    assert found.level is Level.REFUSE
    assert found.evidence.endswith("1 would find no place; seattle could not be read: connection refused")
    found = headroom({"orlando": "connection refused", "seattle": _room()}, "orlando")
    assert (found.level, found.evidence) == (
        Level.REFUSE,
        "what orlando runs could not be read: connection refused",
    )


def test_pods_that_ask_for_nothing_are_said() -> None:
    found = headroom({"orlando": _room(_pod("a", 0, 0)), "seattle": _room()}, "orlando")
    assert found.level is Level.PASS and "1 of them ask for nothing" in found.evidence


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=40),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=6),
)
def test_pods_of_one_size_find_the_same_places_as_one_by_one(
    sizes: list[tuple[int, int]], offers: list[tuple[int, int, int]]
) -> None:
    pods = [PodRequest("shop", str(number), *size) for number, size in enumerate(sizes)]
    room = Room(tuple(NodeOffer(str(number), *offer) for number, offer in enumerate(offers)), ())
    left = [list(offer) for offer in offers]
    homeless = []
    for pod in sorted(pods, key=lambda each: (each.cpu_millicores, each.memory_bytes), reverse=True):
        wants = (pod.cpu_millicores, pod.memory_bytes, 1)
        place = next((node for node in left if all(have >= want for have, want in zip(node, wants, strict=True))), None)
        if place is None:
            homeless.append(pod)
        else:
            place[:] = [have - want for have, want in zip(place, wants, strict=True)]
    assert without_place(pods, [room]) == homeless
