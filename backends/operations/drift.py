"""What is not the same on all stamps: one object in every detail, or the images, sizes and versions of everything."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from backends.errors import NotFound, SourceError
from backends.model.diagnosis import Object
from backends.model.difference import intended
from backends.model.drift import ABSENT, Difference, differences
from backends.model.fields import amount, items, mapping, text
from backends.model.intended import Intended
from backends.operations.ports import ClusterReader

T = TypeVar("T")
_Key = tuple[str, str, str]
_Found = dict[_Key, str]
"""Values by object (`kind/name`), namespace and aspect."""
MOST = 2_000
"""Objects of one kind read from one stamp; a stamp with more is said to be known in part."""
SURVEYED = ("deployments", "statefulsets", "daemonsets", "configmaps", "ingresses", "horizontalpodautoscalers")
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
_PER_NODE = "kube-root-ca.crt"
"""A ConfigMap that every namespace has, with the stamp's own certificate in it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One object over the stamps: how it differs, where it is missing, and which stamps could not be asked."""

    what: str
    namespace: str | None
    compared: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: Mapping[str, str] | None = None

    @property
    def drifts(self) -> bool:
        """Whether something differs that nobody declared."""
        return bool(self.missing and self.compared) or any(not each.is_intended for each in self.differences)


@dataclass(frozen=True, slots=True)
class Aspect:
    """One row of a survey: what, of which object, with the value of each stamp (None: not known)."""

    what: str
    namespace: str
    aspect: str
    values: Mapping[str, str | None]
    reason: str = ""
    """Why a difference is meant to be."""

    @property
    def same(self) -> bool:
        """Whether all stamps that are known have the same value."""
        return len({value for value in self.values.values() if value is not None}) < 2

    @property
    def drifts(self) -> bool:
        """Whether it differs and nobody declared it."""
        return not self.same and not self.reason


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that was looked at, what drifts first; `unknown` says which stamps could not be asked, and why."""

    stamps: tuple[str, ...]
    aspects: tuple[Aspect, ...]
    unknown: Mapping[str, str]

    @property
    def drifting(self) -> tuple[Aspect, ...]:
        """Only what differs and was not declared."""
        return tuple(each for each in self.aspects if each.drifts)


class Drift:
    """Compares stamps; no call raises for what a stamp does not answer: it is named as not known."""

    def __init__(self, clusters: Mapping[str, ClusterReader], declared: Sequence[Intended] = ()) -> None:
        self._clusters = clusters
        self._declared = declared

    async def compare(
        self, kind: str, name: str, namespace: str | None, stamps: Sequence[str] | None = None
    ) -> Comparison:
        """Compare one object on all stamps, or on those named."""
        chosen = tuple(stamps or self._clusters)
        answers = await self._each(chosen, lambda cluster: cluster.get(kind, name, namespace))
        found = {stamp: answer for stamp, answer in answers.items() if not isinstance(answer, SourceError)}
        missing = tuple(stamp for stamp, answer in answers.items() if isinstance(answer, NotFound))
        unknown = {
            stamp: str(answer)
            for stamp, answer in answers.items()
            if isinstance(answer, SourceError) and not isinstance(answer, NotFound)
        }
        word = next((text(obj, "kind").lower() for obj in found.values()), kind.lower())
        what = f"{word}/{name}"
        differing = tuple(differences(what, found, self._declared)) if len(found) > 1 else ()
        return Comparison(what, namespace, tuple(found), differing, missing, unknown)

    async def survey(self, namespace: str | None = None, stamps: Sequence[str] | None = None) -> Survey:
        """Compare versions, and images, sizes and contents of what every stamp should have.

        Without a namespace all but the system's own are looked at.
        """
        chosen = tuple(stamps or self._clusters)
        answers = await self._each(chosen, lambda cluster: _read(cluster, namespace))
        unknown = {stamp: str(answer) for stamp, answer in answers.items() if isinstance(answer, SourceError)}
        known = {stamp: answer for stamp, answer in answers.items() if not isinstance(answer, SourceError)}
        keys = dict.fromkeys(key for found in known.values() for key in found)
        aspects = [self._aspect(key, {stamp: _of(known, stamp, key) for stamp in chosen}) for key in keys]
        aspects.sort(key=lambda each: (not each.drifts, each.same, each.namespace, each.what, each.aspect))
        return Survey(chosen, tuple(aspects), unknown)

    def _aspect(self, key: _Key, values: Mapping[str, str | None]) -> Aspect:
        what, namespace, aspect = key
        covering = (each for each in self._declared if each.covers(what, aspect))
        differs = len({value for value in values.values() if value is not None}) > 1
        reason = next((each.reason or "declared in fleet.yaml" for each in covering), "") if differs else ""
        return Aspect(what, namespace, aspect, values, reason)

    async def _each(
        self, stamps: Sequence[str], ask: Callable[[ClusterReader], Awaitable[T]]
    ) -> dict[str, T | SourceError]:
        async def one(stamp: str) -> T | SourceError:
            try:
                return await ask(self._clusters[stamp])
            except SourceError as error:
                return error

        return dict(zip(stamps, await asyncio.gather(*(one(stamp) for stamp in stamps)), strict=True))


def _of(known: Mapping[str, _Found], stamp: str, key: _Key) -> str | None:
    """A stamp that answered and has not got it has nothing; of one that did not answer nothing is known."""
    return known[stamp].get(key, ABSENT) if stamp in known else None


async def _read(cluster: ClusterReader, namespace: str | None) -> _Found:
    found: _Found = {("cluster", "", "Kubernetes version"): await cluster.version()}
    nodes = await cluster.list_objects("nodes", limit=MOST)
    for role, versions in _kubelets(nodes).items():
        found["nodes", "", f"kubelet versions ({role})"] = ", ".join(sorted(versions))
    for kind in SURVEYED:
        try:
            listed = await cluster.list_objects(kind, namespace=namespace, limit=MOST)
        except NotFound:
            continue
        for obj in listed:
            place = text(obj, "metadata", "namespace")
            if (namespace is None and place in _SYSTEM) or text(obj, "metadata", "name") == _PER_NODE:
                continue
            what = f"{text(obj, 'kind').lower()}/{text(obj, 'metadata', 'name')}"
            for aspect, value in _aspects(obj).items():
                found[what, place, aspect] = value
    return found


def _kubelets(nodes: Sequence[Object]) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for node in nodes:
        labels = mapping(node, "metadata", "labels")
        role = labels.get("agentpool") or ("master" if labels.get("kubernetes.io/role") == "master" else "others")
        versions.setdefault(str(role), set()).add(text(node, "status", "nodeInfo", "kubeletVersion"))
    return versions


def _aspects(obj: Object) -> dict[str, str]:
    """What of an object is compared at a glance."""
    kind, spec = text(obj, "kind"), mapping(obj, "spec")
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        containers = items(obj, "spec", "template", "spec", "containers")
        found = {f"image of {text(each, 'name')}": text(each, "image") for each in containers}
        if kind != "DaemonSet":
            found["replicas"] = str(amount(spec, "replicas", default=1))
        if kind == "Deployment":
            found["rollout"] = "paused" if spec.get("paused") else "not paused"
        found["rest of the template"] = _digest(_without_images(mapping(spec, "template", "spec")))
        return found
    if kind == "HorizontalPodAutoscaler":
        return {"limits": f"{amount(spec, 'minReplicas', default=1)} to {amount(spec, 'maxReplicas')}"}
    if kind == "Ingress":
        hosts = [text(each, "host") or "*" for each in items(obj, "spec", "rules")]
        return {"hosts": ", ".join(hosts), "content": _digest(spec)}
    content = {key: value for key, value in intended(obj).items() if key in ("data", "binaryData")}
    return {"content": _digest(content)}


def _without_images(template: Object) -> Object:
    """What is left of a pod's template when its images, compared by themselves, are not looked at."""
    parts = {
        part: [{key: value for key, value in each.items() if key != "image"} for each in items(template, part)]
        for part in ("containers", "initContainers")
    }
    return {**template, **parts}


def _digest(value: object) -> str:
    """A short name of a content: equal contents have equal names."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
