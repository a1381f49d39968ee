"""Creating or editing a workload's HorizontalPodAutoscaler: limits and a CPU target.

On autoscaling/v2 where the server has it, else v1, which says the same of CPU.
Source: what `kubectl autoscale` does, and the API reference of HorizontalPodAutoscaler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from backends.clock import Clock
from backends.errors import Conflict, Invalid, NotFound
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference
from backends.model.fields import amount, items, mapping, text
from backends.model.kinds import find_kind
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.autoscaling import autoscale_findings
from backends.model.proposal import Finding, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterReader, ClusterWriter, KubernetesObject, PatchKind
from backends.operations.work import Progress, Verified
from backends.operations.workload_works.scale import kind_word

KIND = "horizontalpodautoscalers"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an autoscaler is to keep: replicas from `least` to `most`, CPU at `cpu_percent` of what is requested."""

    least: int
    most: int
    cpu_percent: int

    def problem(self) -> str:
        """Return why these cannot be limits, or nothing."""
        if self.least < 1:
            return "the least number of replicas is 1"
        if self.most < self.least:
            return f"at most {self.most} replicas is less than at least {self.least}"
        return "" if 1 <= self.cpu_percent <= 1000 else "the CPU target is a percentage from 1 to 1000"

    def __str__(self) -> str:
        return f"{self.least} to {self.most} replicas at {self.cpu_percent} % CPU"


class AutoscaleWork:
    """Makes or changes one autoscaler; parameters: `object` as it is to be made, or `patch` and `uid`, and `limits`."""

    ACTION = "autoscale"

    def __init__(self, change: Change, cluster: ClusterWriter) -> None:
        self._change = change
        self._cluster = cluster
        self._limits = Limits(**change.parameters["limits"])
        self._body: dict[str, Any] | None = change.parameters.get("object")
        self._patch: dict[str, Any] | None = change.parameters.get("patch")
        self._kind = kind_of(str(change.parameters["version"]))
        self._name = str(change.parameters["name"])
        self._uid = str(change.parameters.get("uid", ""))

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster)

    @classmethod
    async def plan(cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, limits: Limits) -> Self:
        """Read the workload and its autoscaler, if it has one; Invalid for limits that are none."""
        stamp = cluster.stamp
        if problem := limits.problem():
            raise Invalid(f"cannot autoscale {kind}/{name}", why=problem, todo="correct the limits", stamp=stamp.name)
        obj = await cluster.get(kind, name, namespace)
        target = Target(kind_word(obj, kind), name, namespace)
        version = await _served_version(cluster)
        existing = await autoscaler_of(cluster, obj, version)
        have = amount(obj, "spec", "replicas", default=1)
        parameters: dict[str, Any] = {
            "version": version,
            "limits": {"least": limits.least, "most": limits.most, "cpu_percent": limits.cpu_percent},
            "replicas": have,
        }
        if existing is None:
            verb, parameters["name"] = "create", name
            parameters["object"] = _object(obj, limits, version)
        else:
            verb, parameters["name"] = "patch", text(existing, "metadata", "name")
            parameters["uid"] = text(existing, "metadata", "uid")
            parameters["patch"] = {"spec": _spec(existing, limits, version)}
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"autoscale {target.kind}/{name} on {stamp.name}: {limits}",
            command=_command(stamp, target, limits, parameters),
            impact=Impact.DISRUPTIVE if limits.most < have else Impact.CAREFUL,
            needs=(Permission("get", target.kind, namespace), Permission(verb, KIND, namespace)),
            parameters=parameters,
        )
        return cls(change, cluster)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try it without keeping it."""
        before = None if self._body is not None else await self._read()
        with hear_warnings() as warnings:
            after = await self._send(dry_run=True)
        return Preview(difference(before, after), tuple(warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say whether it could work: metrics served, CPU requested, replicas within the limits."""
        target, stamp = self._change.target, self._change.stamp
        obj = await self._cluster.get(target.kind, target.name, target.namespace)
        metrics = any(kind.group == "metrics.k8s.io" for kind in await self._cluster.kinds())
        limits = (self._limits.least, self._limits.most)
        return autoscale_findings(obj, target, limits, metrics_served=metrics, stamp=stamp)

    async def act(self, progress: Progress) -> str:
        """Write it once; one that is there already as wanted is left alone."""
        found = await self._find()
        if found is not None and limits_of(found) == self._limits:
            return f"the autoscaler {self._name} is as wanted already"
        await self._send()
        return f"{self._change.target} is kept at {self._limits} by autoscaler {self._name}"

    async def verify(self) -> Verified:
        """Read the limits back; what it has measured so far is told."""
        found = await self._find()
        if found is None:
            return Verified(False, f"there is no autoscaler {self._name}")
        have = limits_of(found)
        return Verified(have == self._limits, f"autoscaler {self._name} keeps {have or 'something else than CPU'}")

    async def _find(self) -> KubernetesObject | None:
        try:
            return await self._cluster.get(self._kind, self._name, self._change.target.namespace)
        except NotFound:
            return None

    async def _read(self) -> KubernetesObject:
        found = await self._find()
        if found is None or text(found, "metadata", "uid") != self._uid:
            why = "its autoscaler was deleted, or made again, since it was planned"
            what, todo = f"cannot {self._change.summary}", "look at it, and plan it again"
            raise Conflict(what, why=why, todo=todo, stamp=self._change.stamp)
        return found

    async def _send(self, dry_run: bool = False) -> KubernetesObject:
        namespace = self._change.target.namespace
        if self._body is not None:
            return await self._cluster.create(self._kind, self._body, namespace=namespace, dry_run=dry_run)
        await self._read()
        return await self._cluster.patch(
            self._kind, self._name, self._patch, namespace=namespace, patch=PatchKind.MERGE, dry_run=dry_run
        )


def kind_of(version: str) -> str:
    """Return the name by which a version of the kind is asked for: the plain name may mean v1."""
    return f"{KIND}.{version}.autoscaling"


async def autoscaler_of(cluster: ClusterReader, workload: KubernetesObject, version: str) -> KubernetesObject | None:
    """Return the autoscaler that keeps a workload's replicas in the form of a version, or None."""
    kind, name = text(workload, "kind"), text(workload, "metadata", "name")
    for each in await cluster.list_objects(
        kind_of(version), namespace=text(workload, "metadata", "namespace"), limit=5_000
    ):
        wants = mapping(each, "spec", "scaleTargetRef")
        if text(wants, "kind") == kind and text(wants, "name") == name:
            return each
    return None


def limits_of(scaler: KubernetesObject) -> Limits | None:
    """Return what an autoscaler keeps, of any API version; None when it does not go by CPU alone."""
    spec = mapping(scaler, "spec")
    cpu = amount(spec, "targetCPUUtilizationPercentage")
    metrics = items(spec, "metrics")
    if metrics:
        cpu = _cpu_target(metrics[0]) if len(metrics) == 1 else 0
    if not cpu:
        return None
    return Limits(amount(spec, "minReplicas", default=1), amount(spec, "maxReplicas"), cpu)


def _cpu_target(metric: dict[str, Any]) -> int:
    if text(metric, "type") != "Resource" or text(metric, "resource", "name") != "cpu":
        return 0
    return amount(metric, "resource", "target", "averageUtilization")


async def _served_version(cluster: ClusterReader) -> str:
    kind = find_kind(await cluster.kinds(), f"{KIND}.autoscaling")
    if kind is None:
        stamp = cluster.stamp.name
        raise NotFound("cannot autoscale", why="the API serves no HorizontalPodAutoscaler", stamp=stamp)
    return kind.version


def _object(workload: KubernetesObject, limits: Limits, version: str) -> dict[str, Any]:
    named = {"name": text(workload, "metadata", "name"), "namespace": text(workload, "metadata", "namespace")}
    reference = {"apiVersion": text(workload, "apiVersion"), "kind": text(workload, "kind"), "name": named["name"]}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": named,
        "spec": {"scaleTargetRef": reference, **_spec({}, limits, version)},
    }


def _spec(existing: KubernetesObject, limits: Limits, version: str) -> dict[str, Any]:
    """What is set; of several metrics the others are kept."""
    spec: dict[str, Any] = {"minReplicas": limits.least, "maxReplicas": limits.most}
    if version == "v1":
        return spec | {"targetCPUUtilizationPercentage": limits.cpu_percent}
    target = {"type": "Utilization", "averageUtilization": limits.cpu_percent}
    others = [each for each in items(existing, "spec", "metrics") if text(each, "resource", "name") != "cpu"]
    return spec | {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}, *others]}


def _command(stamp: Any, target: Target, limits: Limits, parameters: dict[str, Any]) -> str:
    if "object" in parameters:
        words = [f"--cpu-percent={limits.cpu_percent}", f"--min={limits.least}", f"--max={limits.most}"]
        return kubectl_line(stamp, "autoscale", f"{target.kind}/{target.name}", *words, namespace=target.namespace)
    import json

    body = json.dumps(parameters["patch"], separators=(",", ":"))
    words = ["patch", "hpa", str(parameters["name"]), "--type=merge", "-p", body]
    return kubectl_line(stamp, *words, namespace=target.namespace)
