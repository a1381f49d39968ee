"""How much work a run is, how much of it is done, and how long the rest may take.

A master is the unit. The shares and seconds are estimates that sum up to the 12 to 15 minutes for each machine of the
release notes: drain 2 min, delete 2.5, deploy 8, ready 1.5.
"""

from __future__ import annotations

from collections.abc import Mapping

from backends.aks_engine.log.nodes import Kind, Machine
from backends.aks_engine.log.run_state import Pool, RunState
from backends.aks_engine.log.steps.rotation import ROTATION
from backends.model.engine.progress import NodeStep

UNIT_S = 780.0
"""Seconds for one unit before anything of the run was seen."""
_SURGE = 0.65
_LAST = 0.35
_WEIGHTS = {Kind.MASTER: 1.0, Kind.OLD: 1.0, Kind.LAST: _LAST, Kind.SURGE: _SURGE, Kind.LEAVING: _LAST}
_Shares = Mapping[NodeStep, float]
_DONE = {NodeStep.READY: 1.0, NodeStep.GONE: 1.0}
_MASTER_SHARES = {NodeStep.DEPLOYING: 0.2, NodeStep.JOINING: 0.88, **_DONE}
_OLD_SHARES = {
    NodeStep.DRAINING: 0.02, NodeStep.DELETING: 0.15, NodeStep.DEPLOYING: 0.33, NodeStep.JOINING: 0.9, **_DONE
}  # fmt: skip
_LAST_SHARES = {NodeStep.DRAINING: 0.05, NodeStep.DELETING: 0.45, **_DONE}
_SURGE_SHARES = {NodeStep.JOINING: 0.85, **_DONE}
_SHARES: Mapping[Kind, _Shares] = {
    Kind.MASTER: _MASTER_SHARES,
    Kind.OLD: _OLD_SHARES,
    Kind.LAST: _LAST_SHARES,
    Kind.SURGE: _SURGE_SHARES,
    Kind.LEAVING: _LAST_SHARES,
}
_DEPLOYED_S = {"deploy": 1800.0, "addpool": 600.0, "scale": 600.0}
"""Seconds of the one deployment that the other commands make: `deploy` makes a whole cluster."""
_DEPLOYED_SHARE = 0.95
_LEAVING_S = 300.0
"""Seconds for draining and deleting: those that scaling down takes away go all at once."""


def units(state: RunState) -> tuple[float, float]:
    """Return the work done and all of the work in units; zero in all while nothing is known of it."""
    if state.command == "rotate-certs":
        return _rotated(state), 1.0
    if state.command in _DEPLOYED_S and not _leaving(state):
        return _deployed(state), 1.0
    total = _total(state)
    if state.is_succeeded:
        return total, total
    return min(total, sum(_weight(each) * _share(each) for each in state.machines)), total


def eta_s(state: RunState, done: float, total: float) -> float | None:
    """Return how many seconds the rest may take by the log's clock, None while that cannot be told."""
    if not total or state.is_over:
        return None
    rest = max(0.0, total - done)
    if state.command == "rotate-certs":
        return rest * sum(each.lasts_s for each in ROTATION)
    if _leaving(state):
        return rest / total * _LEAVING_S
    if state.command in _DEPLOYED_S:
        return rest * _DEPLOYED_S[state.command]
    return rest * _unit_s(state)


def _leaving(state: RunState) -> bool:
    return any(each.kind is Kind.LEAVING for each in state.machines)


def _deployed(state: RunState) -> float:
    if state.is_succeeded:
        return 1.0
    return _DEPLOYED_SHARE if state.work_step == 2 else 0.0


def _rotated(state: RunState) -> float:
    """The present step counts as not done."""
    if state.is_succeeded:
        return 1.0
    passed = sum(each.lasts_s for each in ROTATION[: max(0, state.work_step - 1)])
    return passed / sum(each.lasts_s for each in ROTATION)


def _total(state: RunState) -> float:
    if state.command == "scale":
        return sum(_weight(each) for each in state.machines)
    agents = sum(map(_pool_units, state.pools.values())) if state.takes_agents else 0.0
    return (state.masters_todo or 0) + agents


def _pool_units(pool: Pool) -> float:
    kept_count = pool.todo - 1 + _LAST if pool.todo else 0.0
    return pool.created * _SURGE + kept_count


def _weight(machine: Machine) -> float:
    return _WEIGHTS.get(machine.kind, 0.0)


def _share(machine: Machine) -> float:
    return _SHARES.get(machine.kind, {}).get(machine.step, 0.0)


def _unit_s(state: RunState) -> float:
    """The observed seconds for a unit, of the machines that are done; the usual ones before the first."""
    done = [each for each in state.machines if _weight(each) and each.step in _DONE and each.ended_at is not None]
    began = [each.began_at for each in done if each.began_at is not None]
    work = sum(map(_weight, done))
    if not began or work < _LAST:
        return UNIT_S
    spent = max(each.ended_at for each in done if each.ended_at is not None) - min(began)
    return spent / work if spent > 0 else UNIT_S
