"""A drain left open, by two signals or by a kill: said at the next start, and taken up where it stopped."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure, do, do_json
from tests.support.waiting import wait_until

_BUDGET = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/ratings-web"


@pytest.fixture(scope="module")
def drained_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "10") as running:
        yield running


@pytest.fixture(autouse=True)
def on_drained_lab(drained_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(drained_lab, monkeypatch)


def _need(least: int) -> None:
    """Let the budget of ratings-web want so many of its three pods, and wait until that is counted."""
    ask_api("PATCH", _BUDGET, {"spec": {"minAvailable": least}})
    wait_until(lambda: ask_api("GET", _BUDGET)["status"].get("desiredHealthy") == least)


def _node_of_web() -> str:
    pods = ask_api("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dratings-web")["items"]
    return str(next(each["spec"]["nodeName"] for each in pods if each["spec"].get("nodeName")))


def _uncordon(node: str) -> None:
    ask_api("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})


@contextmanager
def _blocked_drain(node: str) -> Iterator[subprocess.Popen[str]]:
    """A drain that waits for a budget which never lets the last pod go."""
    words = ("do", "drain", node, "--stamp", "orlando", "--delete-emptydir-data", "--write", "--yes")
    override = ("--override", "disruption-budgets", "--reason", "ticket 4711")
    with subprocess.Popen(
        command(*words, *override), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as drain:
        try:
            assert drain.stderr is not None
            for line in drain.stderr:
                if "is blocked: " in line or " blocked: " in line:
                    break
            assert drain.poll() is None, "it ended before it was blocked"
            yield drain
        finally:
            drain.kill()


def test_two_signals_leave_it_open_and_it_is_taken_up() -> None:
    _need(3)
    node = _node_of_web()
    with _blocked_drain(node) as drain:
        # One alone would end it at its next safe point: standing still, it hears of both at once.
        drain.send_signal(signal.SIGSTOP)
        drain.send_signal(signal.SIGINT)
        drain.send_signal(signal.SIGTERM)
        drain.send_signal(signal.SIGCONT)
        _, err = drain.communicate(timeout=60)
    operation = audited()[0]
    assert drain.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM), "whichever of them was heard last"
    assert operation["result"] == "open"
    assert "stopping at the next safe point; once more leaves it as it is" in err
    assert f"left as it is, open in the journal as {operation['operation']}" in err
    _take_up(operation["operation"], node)


def test_a_killed_one_is_taken_up() -> None:
    _need(3)
    node = _node_of_web()
    with _blocked_drain(node) as drain:
        drain.kill()
        assert drain.wait(30) == -9
    operation = audited()[0]
    assert operation["result"] == "open"
    # The lock of the dead keeps other changes away, and says how they can go on all the same.
    other = do("scale", "deployment/ratings-api", "--replicas", "4", "--stamp", "orlando", "--write", "--yes")
    assert f"left open earlier: drain node {node} on orlando: partly done" in other.err
    assert other.code == 1 and "stamp-free" in other.out and "nobody renews it any more" in other.out
    _take_up(operation["operation"], node)


def test_a_command_whose_terminal_goes_away_stops_at_its_next_safe_point() -> None:
    _need(3)
    node = _node_of_web()
    with _blocked_drain(node) as drain:
        assert drain.stderr is not None
        drain.stderr.close()
        drain.send_signal(signal.SIGHUP)
        out, _ = drain.communicate(timeout=60)
    operation = audited()[0]
    assert drain.returncode == 1 and "cancelled" in out.splitlines()[-2], out
    assert (operation["action"], operation["result"]) == ("drain", "cancelled"), operation
    assert operation["operation"][:6] not in stampdeck("audit", "open").out
    _uncordon(node)


def _take_up(operation: str, node: str) -> None:
    # Small things happen on the other stamp too: while they do, a rule refuses, and the operation stays open.
    code, change = do_json("continue", operation[:6])
    assert (change["action"], change["outcome"], code) == ("drain", None, 0 if change["may_proceed"] else 3)
    _need(1)
    ended: list[dict[str, Any]] = []

    def is_done() -> bool:
        ended.append(do_json("continue", operation[:6], "--write", "--yes")[1]["outcome"])
        assert ended[-1]["operation"] == operation and ended[-1]["result"] in ("done", "refused")
        return bool(ended[-1]["result"] == "done")

    wait_until(is_done, 60)
    assert audited(operation)[0]["result"] == "done"
    assert do("continue", operation, "--write").code == 2
    pods = ask_api("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")["items"]
    assert not [each for each in pods if each["metadata"]["name"].startswith("ratings-")]
    assert stampdeck("audit", "verify").code == 0
    _uncordon(node)


def test_what_is_not_open_is_not_taken_up() -> None:
    found = do("continue", "0123456789ab")
    assert (found.code, found.out) == (2, "")
    assert "no open operation 0123456789ab" in found.err
