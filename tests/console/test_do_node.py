"""`stampdeck do cordon`, `uncordon` and `drain` on the lab: the plan, the refusals, a drain, a stop, several nodes."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure, do, do_json
from tests.support.waiting import wait_until

POOL = tuple(f"k8s-linuxpool-35064155-{number}" for number in range(3))
NODE = POOL[1]
DRAIN = ("drain", NODE, "--stamp", "orlando", "--delete-emptydir-data")


@pytest.fixture(scope="module")
def node_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "10") as running:
        yield running


@pytest.fixture(autouse=True)
def on_node_lab(node_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lab as every command's configuration; afterwards its nodes take pods again."""
    configure(node_lab, monkeypatch)
    yield
    _need(1)
    for each in POOL:
        _cordon(each, False)
    wait_until(_is_well)


def _need(least: int) -> None:
    """Let the budget of ratings-web want so many of its three pods, and wait until that is counted."""
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/ratings-web"
    ask_api("PATCH", path, {"spec": {"minAvailable": least}})
    # Three pods and no fourth: what was replaced just before may still be counted as healthy.
    counted = {"desiredHealthy": least, "currentHealthy": 3, "expectedPods": 3, "disruptionsAllowed": 3 - least}
    wait_until(lambda: counted.items() <= ask_api("GET", path)["status"].items())


def _cordon(node: str, cordoned: bool) -> None:
    ask_api("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": cordoned or None}})


def _is_well() -> bool:
    """Whether the application runs, so that no rule refuses the next drain for the one before."""
    found = ask_api("GET", "/apis/apps/v1/namespaces/default/deployments")["items"]
    return all(each["status"].get("readyReplicas") == each["spec"]["replicas"] for each in found)


def _node_of_web() -> str:
    """Return a node that a pod of ratings-web runs on."""
    pods = ask_api("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dratings-web")["items"]
    return next(str(each["spec"]["nodeName"]) for each in pods if "deletionTimestamp" not in each["metadata"])


def _cordoned(name: str = NODE) -> bool:
    return bool(ask_api("GET", f"/api/v1/nodes/{name}")["spec"].get("unschedulable"))


def test_the_plan_says_what_becomes_of_every_pod() -> None:
    found = do("drain", NODE, "--stamp", "orlando")
    assert found.code == 3
    assert f"drain node {NODE} on orlando" in found.out.splitlines()[0]
    assert "refuse" in found.out and "local-data" in found.out and "wants --delete-emptydir-data" in found.out
    assert "evict default/ratings-web-" in found.out and "budget ratings-web allows it" in found.out
    assert "keep kube-system/kube-proxy-" in found.out and "+  unschedulable: true" in found.out
    assert f"drain {NODE} --ignore-daemonsets --timeout=1800s" in found.out
    assert not _cordoned()


def test_a_node_is_drained_and_given_back() -> None:
    found = do(*DRAIN, "--write", "--yes", "--timeout", "5m")
    assert found.code == 0, found.err
    assert f"\ndone: {NODE} is drained: 5 of 5 pods are gone" in found.out
    assert "gone" in found.err and f"{NODE} is cordoned: no new pod is placed on it" in found.err
    assert _cordoned()
    assert audited()[0]["action"] == "drain" and audited()[0]["result"] == "done"
    back = do("uncordon", NODE, "--stamp", "orlando", "--write", "--yes")
    assert back.code == 0 and not _cordoned()


def test_a_cordon_is_planned_and_done() -> None:
    assert do("cordon", NODE, "--stamp", "orlando").code == 0 and not _cordoned()
    assert do("cordon", NODE, "--stamp", "orlando", "--write", "--yes").code == 0 and _cordoned()
    code, change = do_json("uncordon", NODE, "--stamp", "orlando")
    assert (code, change["impact"], change["outcome"]) == (0, "none", None)


def test_a_signal_stops_it_and_says_what_is_left() -> None:
    _need(3)
    node = _node_of_web()
    options = ("--stamp", "orlando", "--delete-emptydir-data")
    words = command(
        "do", "drain", node, *options, "--write", "--yes", "--override", "disruption-budgets", "--reason", "ticket 4711"
    )
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as drain:
        assert drain.stderr is not None and drain.stdout is not None
        for line in drain.stderr:
            if "is blocked: " in line:
                break
        drain.send_signal(signal.SIGINT)
        out, _ = drain.communicate(timeout=30)
    assert drain.returncode == 1
    assert f"cancelled: stopped draining {node}: " in out and "default/ratings-web-" in out
    assert f"stampdeck do uncordon {node} --stamp orlando --write" in out
    assert _cordoned(node)
    assert audited()[0]["result"] == "cancelled"


def test_a_budget_that_never_allows_refuses() -> None:
    _need(3)
    node = _node_of_web()
    found = do("drain", node, "--stamp", "orlando", "--delete-emptydir-data", "--write", "--yes")
    assert found.code == 1 and "disruption-budgets: budget ratings-web wants 3 of 3 pods healthy" in found.out
    assert not _cordoned(node)


def test_several_nodes_are_drained_in_turn_until_one_is_refused() -> None:
    _cordon(POOL[2], True)
    found = do("drain", *POOL, "--stamp", "orlando", "--delete-emptydir-data", "--write", "--yes")
    assert found.code == 1
    assert f"done: {POOL[0]} is drained" in found.out
    # What the first one did to the stamp counts for the second.
    assert f"last-ready-node: without {POOL[1]} no ready node takes pods" in found.out
    assert f"halted at {POOL[1]}; not begun: {POOL[2]}" in found.err
    assert not _cordoned(POOL[1])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("drain", "no-such-node", "--stamp", "orlando"), 1),
        (("drain", NODE, "--stamp", "orlando", "--disable-eviction"), 2),
        (("drain", NODE, "--stamp", "orlando", "--grace-period", "-2"), 2),
        (("drain", "--stamp", "orlando"), 2),
        (("drain", NODE, POOL[0], "--stamp", "orlando", "-o", "json"), 2),
        (("cordon", NODE), 2),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], code: int) -> None:
    found = do(*words)
    assert found.code == code and found.err.strip()
    assert stampdeck("audit", "verify").code == 0
