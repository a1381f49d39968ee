"""Restarting a workload: its pods are replaced as by an update, because the template says when.

Source: what `kubectl rollout restart` does (annotation kubectl.kubernetes.io/restartedAt).
"""

from __future__ import annotations

from typing import Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.age import format_time
from backends.model.change import Change, Impact, Permission, Target
from backends.model.fields import text
from backends.model.kubectl_line import kubectl_line
from backends.model.rollout import ROLLED_OUT
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.workload_works.patching import PatchWork, template_annotation
from backends.operations.workload_works.scale import kind_word

ANNOTATION = "kubectl.kubernetes.io/restartedAt"


class RestartWork(PatchWork):
    """Replaces every pod of one workload; parameters: `patch`, `uid`, and `at`, the time written."""

    ACTION = "restart"

    @classmethod
    async def plan(cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, clock: Clock) -> Self:
        """Read the workload and return the work; SourceError when it cannot be read or has no rollout."""
        obj = await cluster.get(kind, name, namespace)
        demand_rollout(obj, "restart", cluster.stamp.name)
        target, stamp, at = Target(kind_word(obj, kind), name, namespace), cluster.stamp, format_time(clock.now())
        patch = {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: at}}}}}
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"restart {target.kind}/{name} on {stamp.name}",
            command=kubectl_line(stamp, "rollout", "restart", f"{target.kind}/{name}", namespace=namespace),
            impact=Impact.DISRUPTIVE,
            needs=(Permission("get", target.kind, namespace), Permission("patch", target.kind, namespace)),
            parameters={"patch": patch, "uid": text(obj, "metadata", "uid"), "at": at},
        )
        return cls(change, cluster, clock)

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        return template_annotation(obj, ANNOTATION) == str(self._change.parameters["at"])


def demand_rollout(obj: KubernetesObject, verb: str, stamp: str) -> None:
    """Raise Invalid unless the object's pods are replaced by a rollout."""
    if text(obj, "kind") not in ROLLED_OUT:
        what = f"cannot {verb} {text(obj, 'kind')} {text(obj, 'metadata', 'name')}"
        raise Invalid(what, why="it has no rollout", todo="name a deployment, stateful set or daemon set", stamp=stamp)
