"""Annotations, labels and taints of an old node put on the new one that takes its work."""

from __future__ import annotations

from backends.lab.engine.drain import DrainFailed, drain
from backends.lab.engine.go_text import duration
from backends.lab.engine.kube import KubeFailure
from backends.lab.engine.upgrading.work import HEARTBEAT_S, Work

_COPY_WITHIN_S = 5 * 60.0
_GONE_WITHIN_S = 10.0


def copy_properties(work: Work, old: str, new: str) -> None:
    """Empty the new node, which had no taints till now, copy what the old one has, and let pods come.

    Nothing that goes wrong is a failure: the upgrade goes on.
    """
    log = work.session.streams.operation
    pair = f"custom annotations, labels, taints from old node {old} to new node {new}"
    log.info(f"Copying {pair}...")
    try:
        drain(work.session, work.kube, new, work.drain_timeout_s, _GONE_WITHIN_S)
    except DrainFailed as error:
        log.warn(f"Error draining agent VM {new}. Proceeding with copying node properties. Error: {error.text}")
    clock = work.session.clock
    deadline = clock.spent() + _COPY_WITHIN_S
    while True:
        try:
            _copy(work, old, new)
        except KubeFailure:
            if clock.spent() + HEARTBEAT_S < deadline:
                clock.sleep(HEARTBEAT_S)
                continue
            clock.sleep(deadline - clock.spent())
            reason = f"Copying {pair} can't complete within {duration(_COPY_WITHIN_S)}"
            log.error(reason)
            log.warn(f"Failed to copy {pair}: {reason}")
            return
        log.info(f"Successfully copied {pair}.")
        return


def _copy(work: Work, old: str, new: str) -> None:
    old_node, new_node = work.kube.get_node(old), work.kube.get_node(new)
    for part in ("annotations", "labels"):
        kept = new_node["metadata"].setdefault(part, {})
        for key, value in (old_node["metadata"].get(part) or {}).items():
            kept.setdefault(key, str(value).replace(old, new))
    taints = old_node["spec"].get("taints")
    if taints is not None:
        new_node["spec"]["taints"] = [
            {**each, "value": str(each["value"]).replace(old, new)} if "value" in each else dict(each)
            for each in taints
        ]
    updated = work.kube.update_node(new_node)
    updated["spec"]["unschedulable"] = False
    try:
        work.kube.update_node(updated)
    except KubeFailure as error:
        if error.status != 409:
            raise
        # A controller puts the taint of a cordoned node back that was just overwritten. The real one is slower than
        # the engine's second write; the lab's is quicker.
        current = work.kube.get_node(new)
        current["spec"]["unschedulable"] = False
        work.kube.update_node(current)
