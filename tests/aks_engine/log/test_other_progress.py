"""How far the other commands came."""

from __future__ import annotations

import pytest

from backends.model.engine.progress import NodeStep, Phase
from tests.aks_engine.log.samples import sample
from tests.aks_engine.log.writer import LogWriter, machine

_STARTING = "Starting ARM Deployment g-859328327 in resource group g. This will take some time..."
_FINISHED = "Finished ARM Deployment (g-859328327). Succeeded"
_HEAD = "NODE                        STATUS    VERSION     OS                    KERNEL"


def _row(name: str, status: str = "Ready") -> str:
    return f"{machine(name)}    {status}    v1.33.10    Ubuntu 22.04.5 LTS    5.15.0-1075-azure"


def test_scaling_up() -> None:
    run = LogWriter("scale")
    run.out("Writing cloud profile to: /tmp/x")
    run.say("Nodes in pool 'pool' before scaling:\\n")
    run.raw(_HEAD, _row("pool-0"))
    assert (run.progress.phase, run.progress.pool) == (Phase.PLANNING, "pool")
    run.out(_STARTING)
    assert run.phase() is Phase.DEPLOYING
    assert run.progress.step == "deploying machines of pool pool"
    assert run.progress.eta_s == 600.0
    run.wait(300)
    run.out(_FINISHED)
    assert not run.progress.is_succeeded
    assert run.progress.step == "waiting for the nodes to be listed"
    run.say("Nodes in pool 'pool' after scaling:\\n")
    run.raw(_HEAD, _row("pool-0"), _row("pool-1", "NotReady"), _row("pool-2", "Ready,SchedulingDisabled"))
    assert (run.progress.phase, run.progress.is_succeeded, run.progress.share) == (Phase.DONE, True, 1.0)
    assert [(each.name, each.step) for each in run.progress.nodes] == [
        (machine("pool-1"), NodeStep.JOINING),
        (machine("pool-2"), NodeStep.READY),
    ]
    assert run.node("pool-1").note == "made; aks-engine does not wait until it is ready"


def test_scaling_up_without_the_api_says_only_that_it_deployed() -> None:
    run = LogWriter("scale")
    run.out("Writing cloud profile to: /tmp/x", _STARTING)
    assert run.progress.step == "deploying machines"
    run.out(_FINISHED)
    assert run.progress.is_succeeded


def test_scaling_to_the_same_count() -> None:
    run = LogWriter("scale")
    run.out("Node pool pool is already at the desired count 3.")
    assert (run.progress.phase, run.progress.is_succeeded, run.progress.nodes) == (Phase.DONE, True, ())


def test_nodes_that_cannot_be_listed_after_scaling() -> None:
    run = LogWriter("scale")
    run.out(_STARTING, _FINISHED)
    run.say("Unable to get nodes in pool pool after scaling:\\n")
    assert run.progress.is_succeeded
    assert run.progress.alarms == ("pool pool: its nodes could not be listed after the scaling",)


def _draining_two() -> LogWriter:
    run = LogWriter("scale")
    run.say("There are 3 nodes in pool pool before scaling down to 1:\\n", "2 nodes will be deleted\\n")
    run.say("Node <pool-2> will be cordoned and drained\\n", "Node <pool-1> will be cordoned and drained\\n")
    for name in ("pool-2", "pool-1"):
        run.say(f"Node <{name}> has been marked unschedulable.")
        run.say("2 pods will be deleted", fields=f" node=<{name}> prefix=drain")
    return run


def test_scaling_down_drains_all_at_once() -> None:
    run = _draining_two()
    assert run.phase() is Phase.DRAINING
    assert run.progress.units_total == pytest.approx(0.7)
    assert run.progress.step == f"draining {machine('pool-2')}, {machine('pool-1')}"
    run.say("web-1 pod successfully evicted", "web-2 pod successfully evicted", "web-3 pod successfully evicted")
    assert {each.note for each in run.progress.nodes} == {"2 pods to evict"}
    run.say("Node <pool-2>'s VM will be deleted\\n", "Node <pool-1>'s VM will be deleted\\n")
    assert run.phase() is Phase.DELETING
    assert run.progress.step.startswith("deleting the machine")
    assert run.progress.eta_s == pytest.approx(0.55 * 300)
    for name in ("pool-1", "pool-2"):
        run.delete(name, 60)
    run.say("Nodes in pool pool after scaling:\\n")
    run.raw(_HEAD, _row("pool-0"))
    assert {each.step for each in run.progress.nodes} == {NodeStep.GONE}
    assert (run.progress.is_succeeded, run.progress.share) == (True, 1.0)


def test_a_drain_that_fails_ends_scaling_down() -> None:
    run = _draining_two()
    run.raw(
        f'Error: Got error while draining the nodes to be deleted: Node "{machine("pool-2")}" failed to drain with '
        "error: Drain did not complete within 1h0m0s",
        "Usage:",
    )
    run.raw(
        f"ERRO[0310] Failed to drain node {machine('pool-2')}, got error Drain did not complete within 1h0m0s",
    )
    assert {each.step for each in run.progress.nodes} == {NodeStep.FAILED}
    assert run.node("pool-2").note == "its drain failed: it stays, cordoned"
    assert [each.id for each in run.progress.failures] == ["drain-blocked"]


def test_alarms_of_scaling() -> None:
    run = LogWriter("scale")
    run.say('There are 3 VMs named \\"*pool*\\" in the resource group g, but there are 4 nodes named \\"*pool*\\"')
    for _ in range(10):
        run.out("Found no VMs in resource group g that match pool name pool")
        run.wait(30)
    disagree, none = run.progress.alarms
    assert disagree.startswith("machines and nodes do not agree")
    assert none.startswith("no machine of pool pool in g")


@pytest.mark.parametrize(
    ("word", "words"), [("deploy", "deploying the cluster"), ("addpool", "deploying the new pool")]
)
def test_one_deployment_is_all_of_it(word: str, words: str) -> None:
    run = LogWriter(word)
    run.out("Writing cloud profile to: /tmp/x", _STARTING)
    assert run.progress.step.startswith(words)
    assert run.progress.eta_s is not None
    run.out(_FINISHED)
    assert (run.progress.phase, run.progress.is_succeeded, run.progress.share) == (Phase.DONE, True, 1.0)


def test_rotating_certificates_step_by_step() -> None:
    """Several steps say the same: each is told by its place."""
    taken = sample("92-rotate-certs-ok")
    run = LogWriter(taken.word)
    steps: list[str] = []
    shares: list[float] = []
    for line in taken.lines:
        run.raw(line)
        if run.progress.step and (not steps or steps[-1] != run.progress.step):
            steps.append(run.progress.step)
            shares.append(run.progress.units_done)
    assert len(steps) == 23
    assert steps.count("waiting for the nodes to be ready") == 4
    assert "restarting the masters: the API is away" in steps
    assert shares == sorted(shares)
    assert run.phase() is Phase.DONE


def test_a_rotation_that_stops_half_way() -> None:
    run = LogWriter("rotate-certs")
    run.out("Backing up artifacts to directory x", "Generating new certificates", "Rebooting control plane nodes")
    assert run.phase() is Phase.ROTATING
    assert run.progress.step_lasts_s == (120.0, 480.0)
    share = run.progress.share
    assert share is not None and 0.1 < share < 0.5
    run.raw("Error: rebooting node m0: exit status 1")
    assert (run.progress.phase, run.progress.share) == (Phase.FAILED, share)


def test_collecting_logs() -> None:
    run = LogWriter("get-logs")
    run.out("Processing node: <master-0>")
    assert run.progress.step == f"collecting the logs of {machine('master-0')}"
    assert run.progress.current is not None
    run.out("Processing node: <pool-0>")
    assert run.node("master-0").note == "its logs are collected"
    assert run.progress.share is None
    run.out("Logs downloaded to _output/a/_logs")
    assert run.progress.is_succeeded
    assert {each.step for each in run.progress.nodes} == {NodeStep.READY}


def test_a_word_nobody_knows_still_has_lines_and_failures() -> None:
    """A process somebody started by hand may do anything."""
    run = LogWriter("")
    run.out(_STARTING, _FINISHED)
    assert run.phase() is Phase.DEPLOYING
    run.raw("Error: odd")
    assert [each.id for each in run.progress.failures] == ["unknown"]
