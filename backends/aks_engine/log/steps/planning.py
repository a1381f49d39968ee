"""An upgrade finds out what there is to do."""

from __future__ import annotations

from backends.aks_engine.log.nodes import MASTER_POOL, Kind
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.step import Steps, number
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep

KEPT_NOTE = "has the version already"
_LONG_CHECK_S = 60.0
"""Masters that are ready are seen at once; the engine waits up to 150 s for one that is not, and then goes on."""


def _upgrade_start(state: RunState, line: EngineLine) -> None:
    state.cluster = line.fields["cluster"]


def _plan_agent(state: RunState, line: EngineLine) -> None:
    pool = state.plan_of(line.fields["pool"])
    if line.fields["set"].startswith("Upgraded"):
        pool.upgraded += 1
        _keep(state, line, line.fields["pool"])
    else:
        pool.todo += 1
        state.machines.get(line.fields["node"], Kind.OLD, line.fields["pool"])


def _plan_master(state: RunState, line: EngineLine) -> None:
    if line.fields["set"].startswith("Upgraded"):
        _keep(state, line, MASTER_POOL)
    else:
        state.machines.get(line.fields["node"], Kind.MASTER, MASTER_POOL)
        state.masters_todo = (state.masters_todo or 0) + 1


def _keep(state: RunState, line: EngineLine, pool: str) -> None:
    machine = state.machines.get(line.fields["node"], Kind.KEPT, pool)
    machine.step, machine.note = NodeStep.READY, KEPT_NOTE


def _status_check(state: RunState, line: EngineLine) -> None:
    state.checking_since = line.at


def _scope(state: RunState, line: EngineLine) -> None:
    state.target_version = line.fields["version"]
    state.takes_agents = "all nodes" in line.fields["scope"]
    if not state.takes_agents:
        state.machines.forget_agents()
    if state.checking_since is not None and line.at is not None and line.at - state.checking_since >= _LONG_CHECK_S:
        state.alarm(
            "a master that has the new version is not ready, and the upgrade goes on: it will delete the next master,"
            " which can cost etcd its quorum"
        )
    state.checking_since = None


def _skipped(state: RunState, line: EngineLine) -> None:
    state.alarm(f"{line.fields['node']} is left out: its Kubernetes version could not be told")


def _pool_unknown(state: RunState, line: EngineLine) -> None:
    state.alarm(f"{line.fields['node']} is left out: its pool could not be told")


def _tag_missing(state: RunState, line: EngineLine) -> None:
    state.alarm(f"{line.fields['node']} has no tag `orchestrator`: its version is asked of the Kubernetes API")


def _masters_todo(state: RunState, line: EngineLine) -> None:
    state.masters_todo = max(0, number(line, "todo"))


def _masters_found(state: RunState, line: EngineLine) -> None:
    state.masters_found = number(line, "number")


def _masters_made(state: RunState, line: EngineLine) -> None:
    count = number(line, "create")
    if count <= 0:
        return
    if not state.masters_found:
        state.alarm(
            "no machine of this cluster is in the resource group: aks-engine makes masters there; is it the right one?"
        )
    else:
        state.alarm(f"{count} of {line.fields['total']} masters are missing: they are made anew first")


STEPS: Steps = {
    "upgrade_start": _upgrade_start,
    "plan_agent": _plan_agent,
    "plan_master": _plan_master,
    "cp_status_check": _status_check,
    "upgrade_scope": _scope,
    "skip_vm_unknown": _skipped,
    "pool_unknown_vm": _pool_unknown,
    "tag_missing": _tag_missing,
    "masters_todo": _masters_todo,
    "masters_in_cluster": _masters_found,
    "masters_create_n": _masters_made,
}
