"""Setting images of a workload's containers. Source: what `kubectl set image` does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.change import Change, Impact, Permission, Target
from backends.model.fields import items, text
from backends.model.kubectl_line import kubectl_line
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.workload_works.patching import PatchWork
from backends.operations.workload_works.restart import demand_rollout
from backends.operations.workload_works.scale import kind_word

_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]{0,510}", re.ASCII)


class SetImageWork(PatchWork):
    """Sets the images of named containers; parameters: `patch`, `uid`, and `images` by container."""

    ACTION = "set-image"

    @classmethod
    async def plan(
        cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, images: Mapping[str, str], clock: Clock
    ) -> Self:
        """Read the workload and return the work; Invalid for a container it has not, or what is no image."""
        obj = await cluster.get(kind, name, namespace)
        demand_rollout(obj, "set images of", cluster.stamp.name)
        _demand_containers(obj, images, cluster.stamp.name)
        target, stamp = Target(kind_word(obj, kind), name, namespace), cluster.stamp
        pairs = [f"{container}={image}" for container, image in images.items()]
        template: dict[str, object] = {}
        for part in ("initContainers", "containers"):
            known = {text(each, "name") for each in items(obj, "spec", "template", "spec", part)}
            if chosen := [{"name": each, "image": image} for each, image in images.items() if each in known]:
                template[part] = chosen
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"set image {', '.join(pairs)} of {target.kind}/{name} on {stamp.name}",
            command=kubectl_line(stamp, "set", "image", f"{target.kind}/{name}", *pairs, namespace=namespace),
            impact=Impact.DISRUPTIVE,
            needs=(Permission("get", target.kind, namespace), Permission("patch", target.kind, namespace)),
            parameters={
                "patch": {"spec": {"template": {"spec": template}}},
                "uid": text(obj, "metadata", "uid"),
                "images": dict(images),
            },
        )
        return cls(change, cluster, clock)

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        have = images_of(obj)
        return all(have.get(name) == image for name, image in self._change.parameters["images"].items())


def images_of(obj: KubernetesObject) -> dict[str, str]:
    """Return the image of every container of a workload's template by name, init containers included."""
    parts = ("containers", "initContainers")
    found = [each for part in parts for each in items(obj, "spec", "template", "spec", part)]
    return {text(each, "name"): text(each, "image") for each in found}


def _demand_containers(obj: KubernetesObject, images: Mapping[str, str], stamp: str) -> None:
    what = f"cannot set images of {text(obj, 'kind')} {text(obj, 'metadata', 'name')}"
    known = images_of(obj)
    if not images:
        raise Invalid(what, why="no image was named", todo="write CONTAINER=IMAGE", stamp=stamp)
    for container, image in images.items():
        if container not in known:
            why = f"it has no container {container}"
            raise Invalid(what, why=why, todo=f"name one of {', '.join(known)}", stamp=stamp)
        if not _IMAGE.fullmatch(image):
            raise Invalid(what, why=f"{image!r} is no image", todo="write [REGISTRY/]NAME[:TAG|@DIGEST]", stamp=stamp)
