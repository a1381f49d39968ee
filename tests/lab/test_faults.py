from __future__ import annotations

import pytest

from backends.lab.faults import Fault, FaultBoard


def test_a_fault_is_in_force_until_cleared() -> None:
    board = FaultBoard("orlando")
    board.set("api-slow", "3")
    fault = board.active("api-slow")
    assert fault is not None and fault.argument == "3"
    assert board.clear() == [fault]
    assert board.active("api-slow") is None


def test_a_fault_ends_by_itself_when_its_time_is_over() -> None:
    board = FaultBoard("orlando")
    heard: list[tuple[str, bool]] = []
    board.listen(lambda fault, begins: heard.append((fault.name, begins)))
    board.set("api-down", for_s=0)
    board.expire()
    assert board.current == ()
    assert heard == [("api-down", True), ("api-down", False)]


def test_setting_a_fault_again_replaces_it() -> None:
    board = FaultBoard("orlando")
    heard: list[tuple[Fault, bool]] = []
    board.listen(lambda fault, begins: heard.append((fault, begins)))
    board.set("api-slow", "1")
    board.set("api-slow", "2")
    assert [(fault.argument, begins) for fault, begins in heard] == [("1", True), ("1", False), ("2", True)]


def test_an_unknown_fault_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="api-down"):
        FaultBoard("orlando").set("api-upside-down")
