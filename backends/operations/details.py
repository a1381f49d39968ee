"""One object in depth: its description, its YAML, its containers, and the pods behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backends.clock import Clock
from backends.operations.ports import ClusterReader
from backends.operations.sources import asked

if TYPE_CHECKING:
    from backends.model.detail import ContainerDetail, Detail
    from backends.model.scope import PodScope

# A table has the details at hand before anyone asks for one: what they are made with is imported then.


class Details:
    """Reads whole objects when someone looks at one; raises only `SourceError` of the object itself."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    async def describe(self, stamp: str, kind: str, name: str, namespace: str | None = None) -> Detail:
        """Describe one object; what belongs to it but cannot be read is named in `gaps`."""
        from backends.model.describe import describe
        from backends.operations.surroundings import Surroundings

        cluster = self._cluster(stamp)
        obj = await cluster.get(kind, name, namespace)
        around = Surroundings(cluster, self._clock, obj)
        facts, children = await around.read()
        return describe(stamp, facts, children=children, gaps=around.gaps)

    async def yaml(
        self, stamp: str, kind: str, name: str, namespace: str | None = None, reveal_secrets: bool = False
    ) -> str:
        """Return the object as YAML without managed fields; what looks like a secret is masked unless revealed."""
        from backends.model.manifest import to_yaml

        return to_yaml(await self._cluster(stamp).get(kind, name, namespace), reveal_secrets=reveal_secrets)

    async def containers(self, stamp: str, namespace: str, pod: str) -> tuple[ContainerDetail, ...]:
        """Return the containers of a pod: init, app, then ephemeral ones."""
        from backends.model.describe.containers import containers_of

        return containers_of(await self._cluster(stamp).get("pods", pod, namespace))

    async def pods_of(self, stamp: str, kind: str, name: str, namespace: str | None = None) -> PodScope | None:
        """Return how to ask for the pods behind an object, or None when its kind has none."""
        from backends.model.scope import scope_of

        return scope_of(await self._cluster(stamp).get(kind, name, namespace))

    def _cluster(self, stamp: str) -> ClusterReader:
        return asked(self._clusters, (stamp,))[0]
