from __future__ import annotations

from screens.places import FleetPlace, ResourcesPlace, Trail

PODS, NODES, JOBS = ResourcesPlace("pods"), ResourcesPlace("nodes"), ResourcesPlace("jobs")


def test_the_trail_goes_back_and_forward() -> None:
    trail = Trail()
    for place in (FleetPlace(), PODS, NODES):
        trail.add(place)
    assert trail.step(-1) == PODS
    assert trail.step(-1) == FleetPlace()
    assert trail.step(-1) is None
    assert trail.step(1) == PODS


def test_a_new_place_drops_what_lay_ahead() -> None:
    trail = Trail()
    for place in (PODS, NODES):
        trail.add(place)
    trail.step(-1)
    trail.add(JOBS)
    assert trail.step(1) is None
    assert trail.step(-1) == PODS


def test_the_same_place_twice_is_one_and_the_trail_is_bounded() -> None:
    trail = Trail(limit=2)
    for place in (PODS, PODS, NODES, JOBS):
        trail.add(place)
    assert trail.step(-1) == NODES
    assert trail.step(-1) is None
