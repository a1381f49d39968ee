"""Ways from one Kubernetes version to another: the release table, the ways of it, and what must never be in one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model.engine.planner import plan_image, plan_path
from backends.model.engine.release import UpgradePath
from backends.model.engine.releases import (
    RELEASES,
    csi_driver,
    newest_version,
    offers,
    release_named,
    version_key,
)

VERSIONS = [version for release in RELEASES for version in release.kubernetes]

# What `get-versions --version` of the real v0.85.0 printed for every version it knows.
OFFERED_BY_V0_85_0 = """
1.28.15 1.33.10
1.29.10 1.33.10
1.29.15 1.33.10
1.30.10 1.33.10
1.30.14 1.33.10
1.31.11 1.33.10
1.31.13 1.33.10
1.32.9 1.33.10
1.33.5 1.33.10 1.34.4
1.33.10 1.34.4
1.34.4 1.35.0
1.35.0
"""


def steps(path: UpgradePath) -> list[tuple[str, str]]:
    return [(each.version, each.engine) for each in path.hops]


@pytest.mark.parametrize("line", OFFERED_BY_V0_85_0.strip().splitlines())
def test_offers_are_those_of_the_real_program(line: str) -> None:
    current, *expected = line.split()
    release = release_named("0.85.0")
    assert release is not None and list(offers(release, current)) == expected


def test_the_long_way_takes_five_runs_and_one_change_of_engine() -> None:
    path = plan_path("1.30.14", "1.35.0")
    assert steps(path) == [
        ("1.31.13", "v0.84.2"),
        ("1.32.9", "v0.84.2"),
        ("1.33.5", "v0.84.2"),
        ("1.34.4", "v0.85.0"),
        ("1.35.0", "v0.85.0"),
    ]
    assert path.hops[0].images == ("microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2025.337.1",)
    assert path.hops[0].changes == ("the Azure Disk CSI driver goes from 1.29.12 to 1.31.12",)
    assert path.hops[1].changes[0] == "no longer served: flowcontrol.apiserver.k8s.io/v1beta3"


def test_one_hop_says_engine_image_and_what_it_brings() -> None:
    (hop,) = plan_path("1.33.10", "1.34.4", ("1.34.4",), "v0.85.0", windows=True).hops
    assert (hop.current, hop.version, hop.engine) == ("1.33.10", "1.34.4", "v0.85.0")
    assert hop.images == (
        "microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2026.139.1",
        "microsoft-aks:aks-windows:2019-datacenter-core-azurestack-ctrd:17763.8644.20261391",
    )
    assert hop.changes == ("the Azure Disk CSI driver goes from 1.33.7 to 1.34.3",)


def test_leaving_the_old_system_is_said_once() -> None:
    path = plan_path("1.28.15", "1.31.13")
    said = [change for hop in path.hops for change in hop.changes if "system goes" in change]
    assert said == ["the nodes' system goes from aks-ubuntu-20.04 to aks-ubuntu-22.04"]
    (hop,) = plan_path("1.33.5", "1.34.4", distro="aks-ubuntu-18.04").hops
    assert "the nodes' system goes from aks-ubuntu-18.04 to aks-ubuntu-22.04" in hop.changes


def test_old_turns_are_told_when_an_installed_engine_offers_to_cross_them() -> None:
    docker = plan_path("1.23.17", "1.24.11", ("1.24.11",), "v0.75.3")
    assert any("containerd" in change for change in docker.hops[0].changes)
    assert any("release notes" in change for change in docker.hops[0].changes)
    assert docker.hops[0].images == ()
    policies = plan_path("1.24.11", "1.25.7", ("1.25.7",), "v0.76.0").hops[0].changes
    assert any("PodSecurityPolicy is gone" in change for change in policies)
    assert any("policy/v1beta1 PodDisruptionBudget" in change for change in policies)
    disks = plan_path("1.20.11", "1.21.10", ("1.21.10",), "v0.70.0").hops[0].changes
    assert any("cloud-controller-manager" in change for change in disks)


def test_a_newer_engine_that_is_installed_is_believed() -> None:
    path = plan_path("1.35.0", "1.36.2", ("1.35.4", "1.36.2"), "v0.86.0")
    assert steps(path) == [("1.36.2", "v0.86.0")]
    assert "no engine known here makes 1.36.2" in plan_path("1.35.0", "1.36.2").why


def test_what_the_installed_engine_does_not_offer_is_not_planned_with_it() -> None:
    path = plan_path("1.33.10", "1.34.4", (), "v0.85.0")
    assert path.hops == () and "no way" in path.why


def test_an_offer_that_skips_a_minor_is_never_taken() -> None:
    path = plan_path("1.31.13", "1.33.10", ("1.33.10",), "v0.85.0")
    assert steps(path) == [("1.32.9", "v0.84.2"), ("1.33.10", "v0.85.0")]


def test_the_installed_engine_is_kept_where_it_can_be() -> None:
    kept = plan_path("1.29.15", "1.30.14", ("1.30.10",), "v0.82.2")
    assert steps(kept) == [("1.30.14", "v0.83.1")]
    assert steps(plan_path("1.32.9", "1.34.4", None, "v0.85.0"))[0] == ("1.33.10", "v0.85.0")
    assert steps(plan_path("1.32.9", "1.34.4", None, "v0.84.2"))[0] == ("1.33.5", "v0.84.2")


@pytest.mark.parametrize(
    ("current", "target", "why"),
    [
        ("1.33.10", "1.33.10", "already"),
        ("1.34.4", "1.33.10", "older"),
        ("1.33.10", "1.34", "not a version"),
        ("v1.33", "1.34.4", "not a version"),
        ("1.34.4", "1.34.9", "no engine known here makes 1.34.9"),
        ("1.33.7", "1.34.4", "no engine known here makes 1.33.7"),
        ("1.27.3", "1.28.15", "get-versions"),
    ],
)
def test_where_there_is_no_way_it_says_why(current: str, target: str, why: str) -> None:
    path = plan_path(current, target)
    assert path.hops == () and why in path.why


def test_a_base_image_alone_is_a_choice_with_warnings() -> None:
    (hop,) = plan_image("1.33.10", "v0.85.0").hops
    assert (hop.current, hop.version, hop.engine) == ("1.33.10", "1.33.10", "v0.85.0")
    assert hop.images == ("microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2026.139.1",)
    assert len(hop.changes) == 2 and any("cannot be resumed" in each for each in hop.changes)
    (foreign,) = plan_image("1.32.9", "v0.85.0").hops
    assert any("without internet" in each for each in foreign.changes)
    (unknown,) = plan_image("1.36.2", "v0.86.0").hops
    assert unknown.images == () and any("release notes" in each for each in unknown.changes)
    assert plan_image("latest").why


def test_drivers_follow_the_minor() -> None:
    assert [csi_driver(each) for each in ("1.30.14", "1.31.11", "1.32.9", "1.33.5", "1.35.0")] == [
        "1.29.12",
        "1.31.12",
        "1.32.11",
        "1.33.7",
        "1.34.3",
    ]
    assert newest_version() == "1.35.0"


def test_every_pair_of_the_table_has_a_way_up_and_none_down() -> None:
    for current in VERSIONS:
        for target in VERSIONS:
            path = plan_path(current, target)
            assert bool(path.hops) == (version_key(target) > version_key(current)), (current, target)
            assert bool(path.hops) != bool(path.why)


offered_versions = st.lists(
    st.tuples(st.just(1), st.integers(27, 37), st.integers(0, 20)).map(lambda v: ".".join(map(str, v))), max_size=4
)


@given(
    st.sampled_from(VERSIONS),
    st.sampled_from(VERSIONS),
    st.none() | offered_versions,
    st.sampled_from(["", *(each.version for each in RELEASES), "v0.86.0"]),
)
def test_no_hop_skips_a_minor_and_each_is_offered_by_its_engine(
    current: str, target: str, offered: list[str] | None, installed: str
) -> None:
    path = plan_path(current, target, offered, installed)
    assert bool(path.hops) != bool(path.why)
    if not path.hops:
        return
    assert path.hops[0].current == current and path.hops[-1].version == target
    assert all(before.version == after.current for before, after in pairwise(path.hops))
    for hop in path.hops:
        (_, minor, _), (_, to_minor, _) = version_key(hop.current), version_key(hop.version)
        assert version_key(hop.version) > version_key(hop.current) and to_minor - minor <= 1
        release = release_named(hop.engine)
        by_table = release is not None and hop.version in offers(release, hop.current)
        by_word = hop.current == current and hop.engine == installed and hop.version in (offered or ())
        assert by_table or by_word
        if offered is not None and hop.current == current and hop.engine == installed:
            assert hop.version in offered


@given(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_no_way_has_more_hops_than_minors_when_each_minor_can_be_reached(current: str, target: str) -> None:
    path = plan_path(current, target)
    if path.hops:
        minors = version_key(target)[1] - version_key(current)[1]
        assert len(path.hops) <= max(1, minors) + 1
