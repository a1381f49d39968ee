"""From what an operator asks to the work of the gate, on any stamp: the one list of what can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from backends.clock import Clock
from backends.errors import UsageError
from backends.model.drain import DrainOptions
from backends.operations.batch import BatchWork
from backends.operations.node_works.cordon import CordonWork, UncordonWork
from backends.operations.node_works.drain import DrainWork
from backends.operations.object_works.delete import DeleteWork
from backends.operations.object_works.edit import EditWork
from backends.operations.object_works.evict import EvictWork
from backends.operations.object_works.label import AnnotateWork, LabelWork
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.work import Work
from backends.operations.workload_works.autoscale import AutoscaleWork, Limits
from backends.operations.workload_works.image import SetImageWork, images_of
from backends.operations.workload_works.pausing import PauseWork, ResumeWork
from backends.operations.workload_works.restart import RestartWork
from backends.operations.workload_works.rollback import RollbackWork, revisions_of
from backends.operations.workload_works.scale import ScaleWork


class Planner:
    """Makes works; every call reads what the change starts from and raises only StampdeckError."""

    def __init__(self, clusters: Mapping[str, ClusterWriter], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    def cluster(self, stamp: str) -> ClusterWriter:
        """Return a stamp's cluster; UsageError when there is no such stamp."""
        try:
            return self._clusters[stamp]
        except KeyError:
            known = ", ".join(self._clusters)
            raise UsageError(f"no stamp named {stamp}", why=f"there are {known}", todo="name one of them") from None

    async def scale(self, stamp: str, kind: str, name: str, namespace: str, replicas: int) -> Work:
        """Another number of replicas."""
        return await ScaleWork.plan(self.cluster(stamp), kind, name, namespace, replicas)

    async def restart(self, stamp: str, kind: str, name: str, namespace: str) -> Work:
        """New pods of the same template."""
        return await RestartWork.plan(self.cluster(stamp), kind, name, namespace, self._clock)

    async def set_images(self, stamp: str, kind: str, name: str, namespace: str, images: Mapping[str, str]) -> Work:
        """Other images, by container."""
        return await SetImageWork.plan(self.cluster(stamp), kind, name, namespace, images, self._clock)

    async def pause(self, stamp: str, kind: str, name: str, namespace: str) -> Work:
        """No rollout from now on."""
        return await PauseWork.plan(self.cluster(stamp), kind, name, namespace, self._clock)

    async def resume(self, stamp: str, kind: str, name: str, namespace: str) -> Work:
        """Rollouts again."""
        return await ResumeWork.plan(self.cluster(stamp), kind, name, namespace, self._clock)

    async def rollback(self, stamp: str, kind: str, name: str, namespace: str, revision: int = 0) -> Work:
        """What it was at a revision; 0 is the one before the present."""
        return await RollbackWork.plan(self.cluster(stamp), kind, name, namespace, self._clock, revision)

    async def autoscale(self, stamp: str, kind: str, name: str, namespace: str, limits: Limits) -> Work:
        """Let the cluster keep the replicas between limits."""
        return await AutoscaleWork.plan(self.cluster(stamp), kind, name, namespace, limits)

    async def cordon(self, stamp: str, node: str) -> Work:
        """No new pods on a node."""
        return await CordonWork.plan(self.cluster(stamp), node)

    async def uncordon(self, stamp: str, node: str) -> Work:
        """New pods on a node again."""
        return await UncordonWork.plan(self.cluster(stamp), node)

    async def drain(self, stamp: str, node: str, options: DrainOptions) -> Work:
        """No pod on a node but those that belong to it."""
        return await DrainWork.plan(self.cluster(stamp), node, options, self._clock)

    async def delete(
        self,
        stamp: str,
        kind: str,
        name: str,
        namespace: str | None,
        *,
        propagation: str = "Background",
        grace_s: int | None = None,
    ) -> Work:
        """No object of this name."""
        return await DeleteWork.plan(
            self.cluster(stamp), kind, name, namespace, self._clock, propagation=propagation, grace_s=grace_s
        )

    async def evict(self, stamp: str, name: str, namespace: str) -> Work:
        """No pod of this name, as far as its budgets allow."""
        return await EvictWork.plan_eviction(self.cluster(stamp), name, namespace, self._clock)

    async def label(
        self, stamp: str, kind: str, name: str, namespace: str | None, values: Mapping[str, str | None]
    ) -> Work:
        """Other labels; None removes one."""
        return await LabelWork.plan(self.cluster(stamp), kind, name, namespace, values, self._clock)

    async def annotate(
        self, stamp: str, kind: str, name: str, namespace: str | None, values: Mapping[str, str | None]
    ) -> Work:
        """Other annotations; None removes one."""
        return await AnnotateWork.plan(self.cluster(stamp), kind, name, namespace, values, self._clock)

    async def edit(self, stamp: str, before: KubernetesObject, edited: KubernetesObject) -> Work:
        """The object as it was edited."""
        return await EditWork.plan(self.cluster(stamp), before, edited)

    async def read(self, stamp: str, kind: str, name: str, namespace: str | None) -> KubernetesObject:
        """Return an object as it is, to be edited."""
        return await self.cluster(stamp).get(kind, name, namespace)

    async def images(self, stamp: str, kind: str, name: str, namespace: str) -> dict[str, str]:
        """Return the image of each container of a workload."""
        return images_of(await self.cluster(stamp).get(kind, name, namespace))

    async def revisions(self, stamp: str, kind: str, name: str, namespace: str) -> list[str]:
        """Return the revisions a workload can be rolled back to, newest first, each as a line."""
        cluster = self.cluster(stamp)
        known = await revisions_of(cluster, await cluster.get(kind, name, namespace))
        return [f"{each.number} ({', '.join(each.images)}, {each.made})" for each in reversed(known[:-1])]

    async def together(self, plans: Sequence[Callable[[], Awaitable[Work]]]) -> Work:
        """Return the works of all plans as one; a single one stays itself."""
        works = [await plan() for plan in plans]
        return works[0] if len(works) == 1 else BatchWork.of(works)
