"""What is left of a run nobody knows the end of: what the cluster looks like, what the tags say, what a retry does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from backends.model.engine.command import Scale, Upgrade
from backends.model.fields import mapping, text
from backends.model.job import JobStatus
from backends.model.preconditions.nodes import is_control_plane, is_ready
from backends.model.preconditions.replicas import named
from backends.model.preflight.cluster import pool_of
from backends.model.preflight.facts import PreflightFacts, Unread


def aftermath(job: JobStatus, facts: PreflightFacts) -> tuple[str, ...]:
    """Return, line by line, what was found and what the same command would do now."""
    return (*_job(job), *_model(facts), *_machines(facts), *_nodes(facts), *_retry(facts))


def _job(job: JobStatus) -> Iterator[str]:
    status = "" if job.status is None else f" with exit status {job.status}"
    yield f"job {job.number} is {job.state}{status}"


def _model(facts: PreflightFacts) -> Iterator[str]:
    if isinstance(facts.model, Unread):
        yield f"the api model could not be read: {facts.model.why}"
        return
    pools = ", ".join(f"{each.name} {each.count}" for each in facts.model.pools)
    yield f"the api model says {facts.model.version}, master {facts.model.masters.count}, {pools}"
    if isinstance(facts.command, Upgrade):
        if facts.model.version == facts.command.version:
            yield "it is written at the very end of an upgrade only: this one came to its end"
        else:
            yield "it is written at the very end of an upgrade only: this one did not come so far"


def _machines(facts: PreflightFacts) -> Iterator[str]:
    own = facts.own_machines
    if own is None:
        why = facts.machines.why if isinstance(facts.machines, Unread) else "no azure_stack.reader in fleet.yaml"
        yield f"the machines could not be read: {why}"
        return
    versions = Counter(each.orchestrator or "no version" for each in own)
    said = ", ".join(f"{count} tagged {version}" for version, count in sorted(versions.items()))
    yield f"{len(own)} machines: {said}"


def _nodes(facts: PreflightFacts) -> Iterator[str]:
    if isinstance(facts.nodes, Unread):
        yield f"the nodes could not be read: {facts.nodes.why}"
        return
    versions = Counter(text(each, "status", "nodeInfo", "kubeletVersion").lstrip("v") for each in facts.nodes)
    said = ", ".join(f"{count} at {version}" for version, count in sorted(versions.items()))
    yield f"{len(facts.nodes)} nodes: {said}"
    down = [text(each, "metadata", "name") for each in facts.nodes if not is_ready(each)]
    if down:
        yield f"not ready: {named(down)}"
    cordoned = [text(each, "metadata", "name") for each in facts.nodes if mapping(each, "spec").get("unschedulable")]
    if cordoned:
        yield f"cordoned: {named(cordoned)}"
    if (own := facts.own_machines) is not None:
        lone = sorted({each.name.lower() for each in own} ^ {text(each, "metadata", "name") for each in facts.nodes})
        if lone:
            yield f"machine without node, or node without machine: {named(lone)}"


def _retry(facts: PreflightFacts) -> Iterator[str]:
    own, command = facts.own_machines, facts.command
    if isinstance(command, Upgrade) and not isinstance(facts.model, Unread):
        yield from _retry_upgrade(facts, command, facts.model.version)
    elif isinstance(command, Scale) and not isinstance(facts.nodes, Unread):
        there = sum(pool_of(each) == command.pool for each in facts.nodes)
        has = f"pool {command.pool} has {there} nodes"
        if there == command.count:
            yield f"{has}, as it should: the same command would do nothing, nor mend the api model"
        else:
            yield f"{has}: the same command would bring it to {command.count}"
    if own is None:
        yield "before any retry look at the machines by hand: their tags decide what it would do"


def _retry_upgrade(facts: PreflightFacts, command: Upgrade, current: str) -> Iterator[str]:
    if current == command.version:
        yield "the same command would be refused: the api model has this version already"
        return
    if command.force:
        yield "the same command, with --force, would replace every node again"
        return
    own = facts.own_machines or ()
    done = {each.name for each in own if each.orchestrator == command.version}
    model = facts.model
    masters = [each.name for each in own if each.is_master]
    if not isinstance(model, Unread) and len(masters) < model.masters.count and done & set(masters):
        yield "do not retry: a master has no machine; a retry would delete the next one and not make the lost one again"
        return
    yield f"the same command would keep the {len(done)} machines that have {command.version}, and go on with the others"
    nodes = [] if isinstance(facts.nodes, Unread) else facts.nodes
    sick = [
        text(each, "metadata", "name")
        for each in nodes
        if is_control_plane(each) and not is_ready(each) and text(each, "metadata", "name") in done
    ]
    if sick:
        yield f"do not retry yet: {named(sick)} was upgraded and is not ready; a retry would delete the next master"
