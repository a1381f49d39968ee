"""What is left of a run whose end nobody knows, in words an operator can act on."""

from __future__ import annotations

import msgspec

from backends.model.engine.command import Scale, Upgrade
from backends.model.job import JobState, JobStatus
from backends.model.preflight.aftermath import aftermath
from backends.model.preflight.facts import PreflightFacts, Unread
from tests.support.engine_facts import TARGET, VERSION, a_model, cluster_nodes, good_facts, machines, node_name

LOST = JobStatus("upgrade-1", JobState.LOST)


def said(facts: PreflightFacts, job: JobStatus = LOST) -> str:
    return "\n".join(aftermath(job, facts))


def half_done(**changes: object) -> PreflightFacts:
    upgraded = [msgspec.structs.replace(each, orchestrator=TARGET) for each in machines()[:2]]
    nodes = [*cluster_nodes(TARGET)[:2], *cluster_nodes()[2:]]
    return good_facts(**{"machines": [*upgraded, *machines()[2:]], "nodes": nodes, **changes})


def test_a_run_that_stopped_half_way() -> None:
    found = said(half_done())
    assert "job upgrade-1 is lost" in found
    assert f"the api model says {VERSION}, master 3, linuxpool 3" in found
    assert "this one did not come so far" in found
    assert f"6 machines: 4 tagged {VERSION}, 2 tagged {TARGET}" in found
    assert f"6 nodes: 4 at {VERSION}, 2 at {TARGET}" in found
    assert f"would keep the 2 machines that have {TARGET}" in found
    assert "do not retry" not in found


def test_an_upgraded_master_that_is_not_ready_forbids_a_retry() -> None:
    nodes = [*cluster_nodes(TARGET, not_ready=(node_name("master", 1),))[:2], *cluster_nodes()[2:]]
    found = said(half_done(nodes=nodes))
    assert f"not ready: {node_name('master', 1)}" in found
    assert "do not retry yet" in found


def test_a_lost_master_forbids_a_retry() -> None:
    upgraded = [msgspec.structs.replace(machines()[1], orchestrator=TARGET), *machines()[2:]]
    assert "do not retry: a master has no machine" in said(half_done(machines=upgraded))


def test_a_machine_without_its_node_is_named() -> None:
    found = said(half_done(nodes=cluster_nodes()[:-1]))
    assert f"node without machine: {node_name('linuxpool', 2)}" in found


def test_a_run_that_came_to_its_end_would_be_refused_again() -> None:
    facts = good_facts(model=a_model(version=TARGET), machines=machines(TARGET), nodes=cluster_nodes(TARGET))
    found = said(facts, JobStatus("upgrade-1", JobState.EXITED, status=0))
    assert "exited with exit status 0" in found
    assert "this one came to its end" in found
    assert "would be refused" in found


def test_force_begins_anew() -> None:
    assert "would replace every node again" in said(half_done(command=Upgrade(TARGET, force=True)))


def test_a_pool_that_has_its_size_is_not_mended_by_a_retry() -> None:
    assert "do nothing, nor mend" in said(good_facts(command=Scale("linuxpool", 3)))
    assert "would bring it to 5" in said(good_facts(command=Scale("linuxpool", 5)))


def test_what_cannot_be_read_is_said() -> None:
    facts = half_done(machines=Unread("403"), nodes=Unread("refused"), model=Unread("no such file"))
    found = said(facts)
    for words in ("machines could not be read: 403", "nodes could not be read: refused", "no such file", "by hand"):
        assert words in found
