"""One object in depth: its description, its YAML, its containers, and the pods behind it."""

from __future__ import annotations

from collections.abc import Mapping

from backends.clock import Clock
from backends.model.detail import ContainerDetail, Detail
from backends.model.scope import PodScope
from backends.operations.ports import ClusterReader


class Details:
    """Reads whole objects when someone looks at one; raises only `SourceError` of the object itself."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    async def describe(self, stamp: str, kind: str, name: str, namespace: str | None = None) -> Detail:
        """Describe one object; what belongs to it but cannot be read is named in `gaps`."""
        raise NotImplementedError

    async def yaml(
        self, stamp: str, kind: str, name: str, namespace: str | None = None, reveal_secrets: bool = False
    ) -> str:
        """Return the object as YAML without managed fields; Secret values are masked unless revealed."""
        raise NotImplementedError

    async def containers(self, stamp: str, namespace: str, pod: str) -> tuple[ContainerDetail, ...]:
        """Return the containers of a pod: init, app, then ephemeral ones."""
        raise NotImplementedError

    async def pods_of(self, stamp: str, kind: str, name: str, namespace: str | None = None) -> PodScope | None:
        """Return how to ask for the pods behind an object, or None when its kind has none."""
        raise NotImplementedError
