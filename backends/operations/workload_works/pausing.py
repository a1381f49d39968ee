"""Pausing and resuming the rollout of a Deployment. Source: what `kubectl rollout pause` and `resume` do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.change import Change, Impact, Permission, Target
from backends.model.fields import mapping, text
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.rollouts import PAUSED
from backends.model.proposal import Finding
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.workload_works.patching import PatchWork
from backends.operations.workload_works.scale import kind_word


class PauseWork(PatchWork):
    """Keeps a Deployment from rolling out what is changed from now on; parameters: `patch` and `uid`."""

    ACTION = "pause"
    FOLLOWS = False
    PAUSED: ClassVar[bool] = True
    IMPACT: ClassVar[Impact] = Impact.CAREFUL

    @classmethod
    async def plan(cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, clock: Clock) -> Self:
        """Read the workload and return the work; Invalid when it is no Deployment."""
        obj = await cluster.get(kind, name, namespace)
        stamp = cluster.stamp
        if text(obj, "kind") != "Deployment":
            what = f"cannot {cls.ACTION} {text(obj, 'kind')} {name}"
            raise Invalid(what, why="only deployments can be paused", todo="name a deployment", stamp=stamp.name)
        target = Target(kind_word(obj, kind), name, namespace)
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"{cls.ACTION} the rollout of {target.kind}/{name} on {stamp.name}",
            command=kubectl_line(stamp, "rollout", cls.ACTION, f"{target.kind}/{name}", namespace=namespace),
            impact=cls.IMPACT,
            needs=(Permission("get", target.kind, namespace), Permission("patch", target.kind, namespace)),
            parameters={"patch": {"spec": {"paused": cls.PAUSED or None}}, "uid": text(obj, "metadata", "uid")},
        )
        return cls(change, cluster, clock)

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        return bool(mapping(obj, "spec").get("paused")) is self.PAUSED


class ResumeWork(PauseWork):
    """Lets a paused Deployment roll out what was changed meanwhile, and follows that to its end."""

    ACTION = "resume"
    FOLLOWS = True
    PAUSED = False
    IMPACT = Impact.DISRUPTIVE

    async def findings(self) -> Sequence[Finding]:
        """What a paused rollout refuses is what this mends."""
        return [each for each in await super().findings() if each.rule != PAUSED]
