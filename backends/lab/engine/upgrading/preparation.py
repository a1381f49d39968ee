"""The lines about templates that come before the control plane and before each pool: noise to an operator."""

from __future__ import annotations

from backends.lab.engine.session import Session

_NAMES = "copyIndex(variables('{pool}Offset'))"


def _machine(pool: str) -> str:
    return f"[concat(variables('{pool}VMNamePrefix'), {_NAMES.format(pool=pool)})]"


def _resources(masters: int, pools: int) -> int:
    """Return how many resources a whole template has; an internal load balancer comes with the second master."""
    return (15 if masters > 1 else 14) + 4 * (pools - 1)


def prepare_masters(session: Session, masters: int, pools: list[str]) -> None:
    """Log what becomes of a template that is to make masters."""
    log = session.streams.operation
    log.info("Prepping master nodes for upgrade...")
    _count(session, "before", _resources(masters, len(pools)))
    for pool in [*pools, "master"]:
        _cut_dependency(session, pool)
    _count(session, "after", 4)


def prepare_pool(session: Session, pool: str, masters: int, pools: list[str]) -> None:
    """Log what becomes of a template that is to make machines of one pool."""
    log = session.streams.operation
    log.info(f"Prepping agent pool '{pool}' for upgrade...")
    log.info("Running NormalizeResourcesForK8sMasterUpgrade....")
    _count(session, "before", _resources(masters, len(pools)))
    for each in pools:
        number = _NAMES.format(pool=each)
        nic = f"[concat(variables('{each}VMNamePrefix'), 'nic-', {number})]"
        extension = f"[concat(variables('{each}VMNamePrefix'), {number},'/cse', '-agent-', {number})]"
        log.info(f"Evaluating if NIC: {nic} needs to be removed")
        _preserve(session, pool)
        _cut_dependency(session, each)
        log.info(f"Evaluating if agent pool: {each}, resource: {_machine(each)} needs to be removed")
        _preserve(session, pool)
        log.info(f"Evaluating if extension: {extension} needs to be removed")
        _preserve(session, pool)
    _cut_dependency(session, "master")
    _count(session, "after", 7)
    log.info("Running NormalizeForK8sVMASScalingUp....")


def _count(session: Session, when: str, number: int) -> None:
    session.streams.operation.info(f"Resource count {when} running NormalizeResourcesForK8sMasterUpgrade: {number}")


def _cut_dependency(session: Session, pool: str) -> None:
    session.streams.operation.info(f"Removing Microsoft.Compute/availabilitySets dependency from {_machine(pool)}")


def _preserve(session: Session, pool: str) -> None:
    session.streams.operation.info(f"agentPoolsToPreserve: map[{pool}:true]...")
