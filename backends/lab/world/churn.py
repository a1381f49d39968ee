"""Pods that change all the time, at a set rate, for measurements under load."""

from __future__ import annotations

import asyncio
import gc
import time

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.shapes import with_status

_TICK_S = 0.02


async def churn(cluster: Cluster, changes_per_s: float, label: str = "lab.stampdeck/filler") -> None:
    """Change the status of pods that carry `label`, so many times per real second, until cancelled.

    Nineteen of twenty changes are a restart counted, the other a container that turns ready or not ready, which
    its ReplicaSet and Deployment then count too.
    """
    keys = [
        (pod["metadata"]["namespace"], pod["metadata"]["name"])
        for pod in cluster.store.each("pods")
        if label in (pod["metadata"].get("labels") or {})
    ]
    if not keys:
        raise ValueError("there are no filler pods to change: ask for some with pods=N")
    owed, last, tidied = 0.0, time.monotonic(), time.monotonic()
    while True:
        await asyncio.sleep(_TICK_S)
        now = time.monotonic()
        owed = min(owed + (now - last) * changes_per_s, changes_per_s)
        last = now
        for _ in range(int(owed)):
            key = keys[cluster.rng.randrange(len(keys))]
            pod = cluster.store.find("pods", *key)
            if pod is not None and pod["status"].get("containerStatuses"):
                cluster.store.replace("pods", _changed(cluster, pod), owned=True)
        owed -= int(owed)
        if now - tidied > 1:
            # What is written now is kept in the history: a full collection would look at all of it for a second.
            gc.collect(1)
            gc.freeze()
            tidied = now


def _changed(cluster: Cluster, pod: Object) -> Object:
    first, *others = pod["status"]["containerStatuses"]
    stamp = rfc3339(cluster.now)
    if cluster.rng.random() < 0.95:
        again = {**first, "restartCount": first["restartCount"] + 1, "state": {"running": {"startedAt": stamp}}}
        return with_status(pod, containerStatuses=[again, *others])
    ready = not first["ready"]
    conditions = [
        {**each, "status": "True" if ready else "False", "lastTransitionTime": stamp}
        if each["type"] in ("Ready", "ContainersReady")
        else each
        for each in pod["status"]["conditions"]
    ]
    return with_status(pod, containerStatuses=[{**first, "ready": ready}, *others], conditions=conditions)
