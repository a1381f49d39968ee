"""Rules about the cluster: that it is the one meant, that all that tells of it agrees, and that it can bear a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from backends.model.engine.api_model import ApiModel, Pool
from backends.model.engine.command import AddPool, Deploy, GetLogs, Scale, Upgrade
from backends.model.fields import mapping, text
from backends.model.preconditions.budgets import disruption_budgets
from backends.model.preconditions.nodes import is_control_plane, is_ready
from backends.model.preconditions.replicas import named, single_replica
from backends.model.preflight.facts import Object, PreflightFacts, Unread
from backends.model.proposal import Finding, Level
from backends.model.room import PodRequest, Room, without_place

_MASTER = "master"


def cluster_findings(facts: PreflightFacts) -> Iterator[Finding]:
    """Answer what is known of machines and nodes; a deployment has no cluster yet."""
    if isinstance(facts.command, Deploy | GetLogs) or isinstance(facts.model, Unread):
        return
    yield _group(facts)
    if isinstance(facts.nodes, Unread):
        yield Finding("nodes", Level.REFUSE, f"they could not be read: {facts.nodes.why}", facts.stamp)
        return
    yield from _counts(facts, facts.model, facts.nodes)
    yield from _tags(facts, facts.model)
    yield from _masters(facts, facts.nodes)
    yield from _agents(facts, facts.nodes)


def pool_of(node: Object) -> str:
    """Return the pool a node is of, by its labels."""
    return _MASTER if is_control_plane(node) else text(node, "metadata", "labels", "agentpool")


def victims(nodes: Sequence[Object], command: Scale) -> list[str]:
    """Return the nodes a smaller count takes away: those of the pool with the highest indices."""
    names = [text(each, "metadata", "name") for each in nodes if pool_of(each) == command.pool]
    names.sort(key=_index)
    return names[command.count :]


def _index(name: str) -> tuple[int, str]:
    last = name.rpartition("-")[2]
    return (int(last), name) if last.isdigit() else (0, name)


def _group(facts: PreflightFacts) -> Finding:
    """The engine makes new masters in a resource group that holds none: the one mistake that must not happen."""
    rule, group, machines = "resource-group", facts.resource_group, facts.machines
    own = facts.own_machines
    if own is not None:
        if own:
            return Finding(rule, Level.PASS, f"{group} holds {len(own)} machines of this cluster", facts.stamp)
        evidence = f"{group} holds no machine of this cluster: the engine would build masters there"
        return Finding(rule, Level.REFUSE, evidence, facts.stamp, False)
    groups = set() if isinstance(facts.nodes, Unread) else {_group_of(each) for each in facts.nodes} - {""}
    why = machines.why if isinstance(machines, Unread) else "no azure_stack.reader in fleet.yaml"
    if groups == {group.lower()}:
        return Finding(rule, Level.PASS, f"the nodes name {group} as theirs (ARM not read: {why})", facts.stamp)
    if groups:
        evidence = f"the nodes are of {named(sorted(groups))}, fleet.yaml says {group}"
        return Finding(rule, Level.REFUSE, evidence, facts.stamp, False)
    return Finding(rule, Level.REFUSE, f"whose {group} is could not be read: {why}", facts.stamp)


def _group_of(node: Object) -> str:
    parts = text(node, "spec", "providerID").lower().split("/")
    return parts[parts.index("resourcegroups") + 1] if "resourcegroups" in parts[:-1] else ""


def _counts(facts: PreflightFacts, model: ApiModel, nodes: Sequence[Object]) -> Iterator[Finding]:
    seen = Counter(pool_of(each) for each in nodes)
    own = facts.own_machines
    made = Counter(_MASTER if each.is_master else each.pool for each in own) if own is not None else None
    wrong, surging = [], []
    for pool in (Pool(_MASTER, model.masters.count), *model.pools):
        counts = {"the api model": pool.count, "nodes": seen[pool.name]}
        if made is not None:
            counts["machines"] = made[pool.name]
        if len(set(counts.values())) == 1:
            continue
        if _is_resumed(facts) and pool.name != _MASTER and set(counts.values()) == {pool.count, pool.count + 1}:
            surging.append(pool.name)
        else:
            wrong.append(f"{pool.name}: {', '.join(f'{what} {count}' for what, count in counts.items())}")
    if wrong:
        evidence = f"{'; '.join(wrong)}: the run would change the size of the cluster"
        yield Finding("counts-agree", Level.REFUSE, evidence, facts.stamp)
    elif surging:
        evidence = f"{named(surging)} still has the machine more that the earlier run made: it is used"
        yield Finding("counts-agree", Level.WARN, evidence, facts.stamp)
    else:
        yield Finding("counts-agree", Level.PASS, "api model, machines and nodes have the same counts", facts.stamp)


def _is_resumed(facts: PreflightFacts) -> bool:
    """Whether some machines have the target already, by their tags, and the api model does not."""
    if not isinstance(facts.command, Upgrade) or isinstance(facts.model, Unread) or facts.command.force:
        return False
    target = facts.command.version
    return target != facts.model.version and any(each.orchestrator == target for each in facts.own_machines or ())


def _tags(facts: PreflightFacts, model: ApiModel) -> Iterator[Finding]:
    own = facts.own_machines
    if own is None or not isinstance(facts.command, Upgrade):
        return
    target = facts.command.version
    versions = Counter(each.orchestrator for each in own)
    strange = sorted(set(versions) - {model.version, target})
    if strange:
        named_ = named([each or "no version" for each in strange])
        evidence = f"machines are tagged {named_}; the api model says {model.version}: mend tag or api model first"
        yield Finding("tags-agree", Level.REFUSE, evidence, facts.stamp)
    elif versions[target] and target != model.version:
        evidence = f"{versions[target]} of {len(own)} machines have {target}: an earlier run is resumed, they are kept"
        yield Finding("tags-agree", Level.WARN, evidence, facts.stamp)
    else:
        yield Finding("tags-agree", Level.PASS, f"every machine is tagged {model.version}", facts.stamp)


def _lost_master(facts: PreflightFacts) -> Iterator[Finding]:
    """A master whose machine is gone while others are upgraded: the engine's retry makes index 0, not the lost one.

    Source: pkg/operations/kubernetesupgrade of aks-engine-azurestack, where free indices are reckoned from masters of
    the old version alone; it ends with exit status 0 and without a quorum.
    """
    own, model = facts.own_machines, facts.model
    if own is None or isinstance(model, Unread) or not isinstance(facts.command, Upgrade):
        return
    masters = [each for each in own if each.is_master]
    if len(masters) < model.masters.count and any(each.orchestrator == facts.target_version for each in masters):
        evidence = (
            f"{len(masters)} of {model.masters.count} masters have a machine and some are upgraded: a retry would not"
            " make the lost one again but delete the next; make it by hand first"
        )
        yield Finding("lost-master", Level.REFUSE, evidence, facts.stamp, False)


def _masters(facts: PreflightFacts, nodes: Sequence[Object]) -> Iterator[Finding]:
    yield from _lost_master(facts)
    masters = [each for each in nodes if is_control_plane(each)]
    down = [each for each in masters if not is_ready(each)]
    if down:
        renewed = {each.name for each in facts.own_machines or () if each.orchestrator == facts.target_version}
        names = [text(each, "metadata", "name") for each in down]
        if isinstance(facts.command, Upgrade) and renewed & set(names):
            evidence = (
                f"{named(names)} was upgraded and is not ready: a retry would delete the next master and lose the"
                " quorum; repair it, or set its orchestrator tag back"
            )
            yield Finding("masters-ready", Level.REFUSE, evidence, facts.stamp, False)
        else:
            yield Finding("masters-ready", Level.REFUSE, f"{named(names)} not ready", facts.stamp)
    else:
        yield Finding("masters-ready", Level.PASS, f"all {len(masters)} masters are ready", facts.stamp)
    if len(masters) == 1 and isinstance(facts.command, Upgrade):
        evidence = "there is one master: the cluster's API is away while it is replaced"
        yield Finding("single-master", Level.WARN, evidence, facts.stamp)


def _agents(facts: PreflightFacts, nodes: Sequence[Object]) -> Iterator[Finding]:
    command = facts.command
    if isinstance(command, AddPool):
        return
    cordoned = [text(each, "metadata", "name") for each in nodes if mapping(each, "spec").get("unschedulable")]
    if cordoned and isinstance(command, Upgrade):
        yield Finding("cordoned", Level.WARN, f"{named(cordoned)} is cordoned: its successor will not be", facts.stamp)
    leaving = _leaving(command, nodes)
    if not leaving:
        return
    if isinstance(facts.pods, Unread) or isinstance(facts.budgets, Unread):
        unread = facts.pods if isinstance(facts.pods, Unread) else facts.budgets
        why = unread.why if isinstance(unread, Unread) else ""
        yield Finding("disruption-budgets", Level.WARN, f"pods or budgets could not be read: {why}", facts.stamp)
        return
    pods = [each for each in facts.pods if text(each, "spec", "nodeName") in leaving]
    yield _held_up(disruption_budgets(pods, facts.budgets, facts.stamp), facts)
    if not isinstance(facts.workloads, Unread):
        yield single_replica(facts.workloads, facts.stamp)
    yield _capacity(facts, leaving)
    if isinstance(command, Scale):
        evidence = f"{named(sorted(leaving, key=_index))} will go, with {_counted(len(pods), 'pod')}"
        yield Finding("leaving-nodes", Level.WARN, evidence, facts.stamp)


def _held_up(found: Finding, facts: PreflightFacts) -> Finding:
    """What a budget means to the engine: an upgrade waits an hour without a word and deletes the machine anyway."""
    if found.level is Level.PASS:
        return found
    does = "the drain is given up" if isinstance(facts.command, Scale) else "the machine is deleted all the same"
    return Finding(found.rule, Level.REFUSE, f"{found.evidence}; after an hour without a word {does}", found.stamp)


def _leaving(command: object, nodes: Sequence[Object]) -> set[str]:
    if isinstance(command, Scale):
        return set(victims(nodes, command))
    if isinstance(command, Upgrade) and not command.control_plane_only:
        return {text(each, "metadata", "name") for each in nodes if not is_control_plane(each)}
    return set()


def _capacity(facts: PreflightFacts, leaving: set[str]) -> Finding:
    """Whether what runs on the nodes that go finds a place: on all others, or, one by one, beside the new node."""
    rule, room = "capacity", facts.room
    if isinstance(room, Unread):
        return Finding(rule, Level.WARN, f"what pods request could not be read: {room.why}", facts.stamp)
    if isinstance(facts.command, Scale):
        homeless = _homeless(room, leaving)
        level = Level.REFUSE
    else:
        homeless = max((_homeless(room, {name}) for name in leaving), key=len, default=[])
        level = Level.WARN
    if homeless:
        pods = _counted(len(homeless), "pod")
        evidence = f"for {pods} of what has to move there is no room on the nodes that stay, by their requests"
        return Finding(rule, level, evidence, facts.stamp)
    return Finding(rule, Level.PASS, "the nodes that stay have room for what has to move", facts.stamp)


def _homeless(room: Room, leaving: set[str]) -> list[PodRequest]:
    moving = [each for each in room.pods if each.node in leaving and each.owner_kind not in ("DaemonSet", "Node")]
    staying = Room(
        tuple(each for each in room.nodes if each.name not in leaving),
        tuple(each for each in room.pods if each.node not in leaving),
    )
    return without_place(moving, [staying])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
