"""Rules about versions: what the engine can do, and what Kubernetes forbids."""

from __future__ import annotations

from collections.abc import Iterator

from backends.model.engine.command import Scale, Upgrade
from backends.model.engine.releases import parse_version, step_is_whole
from backends.model.preflight.facts import PreflightFacts, Unread
from backends.model.proposal import Finding, Level


def version_findings(facts: PreflightFacts) -> Iterator[Finding]:
    """Answer whether the engine is there, knows the way, and the way skips no minor version."""
    stamp, engine = facts.stamp, facts.engine
    if isinstance(engine, Unread):
        yield Finding("engine", Level.REFUSE, f"it does not answer: {engine.why}", stamp, False)
    else:
        yield Finding("engine", Level.PASS, f"it is {engine}", stamp)
    yield _model(facts)
    if isinstance(facts.command, Upgrade) and not isinstance(facts.model, Unread):
        yield from _upgrade(facts, facts.command, facts.model.version)


def _model(facts: PreflightFacts) -> Finding:
    model = facts.model
    if isinstance(model, Unread):
        return Finding("api-model", Level.REFUSE, f"it could not be read: {model.why}", facts.stamp, False)
    if facts.location and model.location.lower() != facts.location.lower():
        evidence = f"{model.path} is of location {model.location}, fleet.yaml says {facts.location}"
        return Finding("api-model", Level.REFUSE, evidence, facts.stamp, False)
    if isinstance(facts.command, Scale) and model.pool(facts.command.pool) is None:
        pools = ", ".join(each.name for each in model.pools)
        return Finding("api-model", Level.REFUSE, f"it has no pool {facts.command.pool}: {pools}", facts.stamp, False)
    if model.modes:
        return Finding("api-model", Level.WARN, f"{'; '.join(model.modes)}: will be mended", facts.stamp)
    return Finding("api-model", Level.PASS, f"{model.dns_prefix} at {model.version}, {model.path}", facts.stamp)


def _upgrade(facts: PreflightFacts, command: Upgrade, current: str) -> Iterator[Finding]:
    stamp, offered = facts.stamp, facts.offered
    yield _step(current, command, stamp)
    if isinstance(offered, Unread):
        yield Finding("target-offered", Level.REFUSE, f"what it offers could not be read: {offered.why}", stamp)
    elif command.version in offered:
        yield Finding("target-offered", Level.PASS, f"the engine upgrades {current} to {command.version}", stamp)
    elif command.force and command.version == current:
        yield Finding("target-offered", Level.WARN, "a new base image for the same version, by --force", stamp)
    else:
        said = f"it offers {', '.join(offered)}" if offered else "it offers nothing"
        yield Finding("target-offered", Level.REFUSE, f"{current} to {command.version}: {said}", stamp)
    if command.force:
        evidence = "--force replaces every node, also those already done: a run that stops cannot be resumed"
        yield Finding("resumable", Level.WARN, evidence, stamp)
    if command.control_plane_only:
        evidence = "the version is written down at once: upgrading the agents then needs --force"
        yield Finding("control-plane-only", Level.WARN, evidence, stamp)


def _step(current: str, command: Upgrade, stamp: str) -> Finding:
    rule, here, there = "no-minor-skipped", parse_version(current), parse_version(command.version)
    way = f"{current} to {command.version}"
    if here is None or there is None:
        return Finding(rule, Level.REFUSE, f"{way}: not versions", stamp, False)
    if there < here:
        return Finding(rule, Level.REFUSE, f"{way} goes back: Kubernetes cannot be downgraded", stamp, False)
    if not step_is_whole(current, command.version):
        evidence = f"{way} skips a minor version, which Kubernetes forbids whatever the engine offers: go hop by hop"
        return Finding(rule, Level.REFUSE, evidence, stamp, False)
    return Finding(rule, Level.PASS, way, stamp)
