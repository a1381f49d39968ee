"""What an upgrade finds in the resource group: which machines have the wanted version and which have not.

Linux machines only: the lab has no Windows pools.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.lab.engine.arm import Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.kube import Kube, KubeFailure
from backends.lab.engine.machines import Machine, list_machines
from backends.lab.engine.session import Session
from backends.lab.engine.stack import trace

_PACKAGE = "pkg/operations/kubernetesupgrade"
_FRAMES = (
    (f"{_PACKAGE}.(*UpgradeCluster).upgradable", f"{_PACKAGE}/upgradecluster.go:241"),
    (f"{_PACKAGE}.(*UpgradeCluster).setNodesToUpgrade", f"{_PACKAGE}/upgradecluster.go:211"),
    (f"{_PACKAGE}.(*UpgradeCluster).UpgradeCluster", f"{_PACKAGE}/upgradecluster.go:85"),
    ("cmd.(*upgradeCmd).run", "cmd/upgrade.go:454"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PoolMachines:
    """The machines of a pool; `identifier` is the pool's name in theirs."""

    identifier: str
    name: str
    old: list[Machine] = field(default_factory=list)
    upgraded: list[Machine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Topology:
    """The machines of the cluster, in ARM's order within each list."""

    masters: list[Machine] = field(default_factory=list)
    upgraded_masters: list[Machine] = field(default_factory=list)
    pools: dict[str, PoolMachines] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the upgrade is for: the target, whether versions are ignored, the suffix and the pools of the cluster."""

    version: str
    is_forced: bool
    suffix: str
    pools: frozenset[str]


def find_machines(session: Session, arm: Arm, kube: Kube, group: str, wanted: Wanted) -> Topology:
    """List the group's machines and tell them apart, line by line; raises `EngineFailure`."""
    topology = Topology()
    log = session.streams.operation
    try:
        machines = list_machines(arm, group)
    except ArmFailure as error:
        raise EngineFailure(f"Error while querying ARM for resources: {error.text}") from error
    for machine in machines:
        if wanted.suffix not in machine.name:
            _skip_foreign(session, machine, wanted)
            continue
        version = machine.version or _ask_version(session, kube, machine)
        if not version and not wanted.is_forced:
            log.info(f"Skipping VM: {machine.name} for upgrade as the orchestrator version could not be determined.")
            continue
        is_old = wanted.is_forced or version != wanted.version
        if is_old and not wanted.is_forced:
            _check_path(session, version, wanted.version)
        _sort_in(session, topology, machine, version or "Unknown", wanted, is_old=is_old)
    return topology


def _ask_version(session: Session, kube: Kube, machine: Machine) -> str:
    log = session.streams.operation
    name = machine.name.lower()
    log.warn(
        f'Expected tag "orchestrator" not found for VM: {name}. Using Kubernetes API to retrieve Kubernetes version.'
    )
    try:
        node = kube.get_node(name)
    except KubeFailure as error:
        log.warn(f"Failed to get node {name}: {error.text}")
        return ""
    return str(node["status"]["nodeInfo"]["kubeletVersion"]).removeprefix("v")


def _check_path(session: Session, version: str, target: str) -> None:
    release = session.release
    problem = ""
    if version not in release.known:
        problem = "Missing Orchestrator Version"
    elif target not in release.upgrades(version):
        problem = f"{version} cannot be upgraded to {target}"
    if problem:
        raise EngineFailure(f"Error while querying ARM for resources: {problem}\n{trace(_FRAMES)}")


def _sort_in(
    session: Session, topology: Topology, machine: Machine, version: str, wanted: Wanted, *, is_old: bool
) -> None:
    log = session.streams.operation
    if "master-" in machine.name:
        found = "MasterVMs" if is_old else "UpgradedMasterVMs"
        log.info(f"Master VM name: {machine.name}, orchestrator: {version} ({found})")
        (topology.masters if is_old else topology.upgraded_masters).append(machine)
        return
    name = _pool_name(session, machine, wanted)
    if not name:
        return
    log.info(f"Evaluating VM: {machine.name} in pool: {name}...")
    if name not in wanted.pools:
        log.info(f"Skipping upgrade of VM: {machine.name} in pool: {name}.")
        return
    if machine.suffix != wanted.suffix:
        _skip_foreign(session, machine, wanted)
        return
    pool = topology.pools.setdefault(machine.pool, PoolMachines(machine.pool, name))
    orchestrator = machine.tags.get("orchestrator", "unknown")
    log.info(
        f"Adding Agent VM: {machine.name}, orchestrator: {orchestrator} to pool: {machine.pool} "
        f"({'AgentVMs' if is_old else 'UpgradedAgentVMs'})"
    )
    (pool.old if is_old else pool.upgraded).append(machine)


def _skip_foreign(session: Session, machine: Machine, wanted: Wanted) -> None:
    session.streams.operation.info(
        f"Skipping VM: {machine.name} for upgrade as it does not belong to cluster with expected name suffix: "
        f"{wanted.suffix}"
    )


def _pool_name(session: Session, machine: Machine, wanted: Wanted) -> str:
    """Return the pool of a machine by its tag; without one it can only be the single pool there is."""
    if tag := machine.tags.get("poolName"):
        return tag
    log = session.streams.operation
    log.info(f"poolName tag not found for VM: {machine.name}.")
    if len(wanted.pools) == 1:
        return next(iter(wanted.pools))
    log.warn(f"Couldn't determine agent pool membership for VM: {machine.name}.")
    return ""
