"""Rolling a workload back to a revision it had. Source: what `kubectl rollout undo` does.

A Deployment gets the pod template of an old ReplicaSet; a StatefulSet or DaemonSet is patched with an old
ControllerRevision's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from backends.clock import Clock
from backends.errors import Invalid, NotFound
from backends.model.change import Change, Impact, Permission, Target
from backends.model.fields import mapping, text
from backends.model.kubectl_line import kubectl_line
from backends.model.proposal import Preview
from backends.model.rollout import Revision, revisions
from backends.operations.ports import ClusterReader, ClusterWriter, KubernetesObject, PatchKind
from backends.operations.workload_works.patching import PatchWork
from backends.operations.workload_works.restart import demand_rollout
from backends.operations.workload_works.scale import kind_word

HASH_LABEL = "pod-template-hash"


async def revisions_of(cluster: ClusterReader, obj: KubernetesObject) -> list[Revision]:
    """Read the revisions a workload had, oldest first; the last one is what it has now."""
    kind = "replicasets" if text(obj, "kind") == "Deployment" else "controllerrevisions"
    owned = await cluster.list_objects(kind, namespace=text(obj, "metadata", "namespace"), limit=2_000)
    return revisions(obj, owned)


class RollbackWork(PatchWork):
    """Gives a workload back what it was at a revision; parameters: `patch`, `uid`, `revision`, and `template`."""

    ACTION = "rollback"

    @classmethod
    async def plan(
        cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, clock: Clock, revision: int = 0
    ) -> Self:
        """Read the workload and its revisions and return the work; `revision` 0 is the one before the present.

        Raises NotFound, naming the revisions there are, for one that is not kept.
        """
        obj = await cluster.get(kind, name, namespace)
        demand_rollout(obj, "roll back", cluster.stamp.name)
        known = await revisions_of(cluster, obj)
        chosen = _choose(known, revision, obj, cluster.stamp.name)
        target, stamp = Target(kind_word(obj, kind), name, namespace), cluster.stamp
        words = ("rollout", "undo", f"{target.kind}/{name}", f"--to-revision={chosen.number}")
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"roll {target.kind}/{name} back to revision {chosen.number} on {stamp.name}",
            command=kubectl_line(stamp, *words, namespace=namespace),
            impact=Impact.DISRUPTIVE,
            needs=(
                Permission("get", target.kind, namespace),
                Permission("list", "replicasets" if _is_deployment(obj) else "controllerrevisions", namespace),
                Permission("patch", target.kind, namespace),
            ),
            parameters={
                "patch": _patch(obj, chosen),
                "uid": text(obj, "metadata", "uid"),
                "revision": chosen.number,
                "made": chosen.made,
            },
        )
        return cls(change, cluster, clock)

    async def preview(self) -> Preview:
        """Have the server try it, and say what the revision was."""
        made = await super().preview()
        number, at = self._change.parameters["revision"], self._change.parameters.get("made", "")
        return Preview(made.diff, (f"revision {number} was made {at}", *made.notes))

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        return _template(self._patch) == _bare(mapping(obj, "spec", "template"))

    def patch_kind(self) -> PatchKind:
        """A Deployment's template is replaced as a whole, the others are patched with what was kept of them."""
        return PatchKind.JSON if isinstance(self._patch, list) else PatchKind.STRATEGIC


def _is_deployment(obj: KubernetesObject) -> bool:
    return text(obj, "kind") == "Deployment"


def _choose(known: Sequence[Revision], wanted: int, obj: KubernetesObject, stamp: str) -> Revision:
    what = f"cannot roll back {text(obj, 'kind')} {text(obj, 'metadata', 'name')}"
    if len(known) < 2 and not wanted:
        raise Invalid(what, why="no earlier revision is kept", todo="set what it should be by hand", stamp=stamp)
    if not wanted:
        return known[-2]
    for each in known:
        if each.number == wanted:
            if each is known[-1]:
                raise Invalid(what, why=f"revision {wanted} is what it has now", todo="choose another", stamp=stamp)
            return each
    numbers = ", ".join(str(each.number) for each in known)
    raise NotFound(what, why=f"no revision {wanted} is kept", todo=f"choose from {numbers or 'none'}", stamp=stamp)


def _patch(obj: KubernetesObject, revision: Revision) -> Any:
    if _is_deployment(obj):
        return [{"op": "replace", "path": "/spec/template", "value": _bare(revision.template)}]
    return revision.template


def _bare(template: KubernetesObject) -> KubernetesObject:
    """Return a template as its workload has it.

    A ReplicaSet's carries the label its Deployment tells it apart by, a ControllerRevision's an empty time.
    """
    metadata = dict(mapping(template, "metadata"))
    labels = {key: value for key, value in mapping(metadata, "labels").items() if key != HASH_LABEL}
    named = {key: value for key, value in metadata.items() if value is not None}
    return {**template, "metadata": {**named, **({"labels": labels} if labels else {})}}


def _template(patch: Any) -> KubernetesObject:
    if isinstance(patch, list):
        value = patch[0]["value"]
        return dict(value)
    found = dict(mapping(patch, "spec", "template"))
    found.pop("$patch", None)
    return _bare(found)
