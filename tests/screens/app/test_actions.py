from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual.binding import BindingsMap

from screens.actions import Action, bindings, key_name
from screens.common_actions import COMMON, PALETTE
from screens.detail.containers import ContainersScreen
from screens.detail.screen import DetailScreen
from screens.doctor.screen import DoctorScreen
from screens.faults.screen import FaultsScreen
from screens.fleet.screen import FleetScreen
from screens.forwards.screen import ForwardsScreen
from screens.frame import FramedScreen
from screens.history.operation import OperationScreen
from screens.history.screen import HistoryScreen
from screens.logs.screen import LogsScreen
from screens.resources import change_keys, keys
from screens.resources.screen import ResourcesScreen

SCREENS: tuple[type[FramedScreen], ...] = (
    FleetScreen,
    ResourcesScreen,
    DetailScreen,
    ContainersScreen,
    LogsScreen,
    DoctorScreen,
    FaultsScreen,
    HistoryScreen,
    OperationScreen,
    ForwardsScreen,
)


def test_an_action_is_declared_once() -> None:
    action = Action("logs.since-2", "2", "Since 1m", "read again", "Since", call="since(2)")
    binding = action.binding()
    assert (binding.key, binding.action, binding.id, binding.show) == ("2", "since(2)", "logs.since-2", False)
    assert Action("a.do-it", "x", "t", "h", "g").method == "do_it"


def test_ids_are_unique_over_all_screens() -> None:
    ids = [action.id for screen in SCREENS for action in screen.ACTIONS] + [each.id for each in (*COMMON, PALETTE)]
    assert len(ids) == len(set(ids))


def test_no_key_of_a_screen_means_two_things() -> None:
    for screen in SCREENS:
        if screen is ResourcesScreen:
            continue
        keys = [key for key, _ in BindingsMap(bindings((*screen.ACTIONS, *COMMON)))]
        assert len(keys) == len(set(keys)), screen.__name__


def test_every_action_has_its_method() -> None:
    for screen in SCREENS:
        for action in (*screen.ACTIONS, *COMMON):
            name = action.method.partition("(")[0]
            assert name.startswith("app.") or hasattr(screen, f"action_{name}"), f"{screen.__name__}: {action.id}"


def keys_of(actions: Iterable[Action]) -> list[str]:
    return [key for action in actions for key in action.keys.split(",")]


@pytest.mark.parametrize("kind", ["pods", "nodes", "deployments", "statefulsets", "daemonsets", "jobs", "configmaps"])
def test_a_change_hides_at_most_what_another_key_does(kind: str) -> None:
    changes = [each for each in change_keys.ACTIONS if kind in change_keys.KINDS.get(each.method, {kind})]
    taken = keys_of(changes)
    assert len(taken) == len(set(taken))
    others = (*keys.ACTIONS, *COMMON)
    plain = keys_of(others)
    assert len(plain) == len(set(plain))
    for action in others:
        assert set(action.keys.split(",")) - set(taken), f"{action.id} cannot be reached on {kind}"


def test_only_what_asks_first_writes() -> None:
    writing = {action.id for screen in SCREENS for action in screen.ACTIONS if action.writes}
    assert writing == {*(action.id for action in change_keys.ACTIONS), "containers.shell", "history.take-up"}


def test_keys_are_written_for_people() -> None:
    assert [key_name(key) for key in ("ctrl+r", "question_mark", "shift+left", "N", "slash")] == [
        "^r",
        "?",
        "shift-left",
        "N",
        "/",
    ]
