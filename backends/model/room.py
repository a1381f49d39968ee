"""What pods ask of nodes and what nodes offer: requests against allocatable, as the scheduler counts them.

Source: Kubernetes documentation, "Resource Management for Pods and Containers", "Taints and Tolerations".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class PodRequest:
    """A pod that is not over: what it asks for, and where it runs (`node` empty while it waits for one)."""

    namespace: str
    name: str
    cpu_millicores: int
    memory_bytes: int
    node: str = ""
    owner_kind: str = ""
    """Such as `ReplicaSet`, `DaemonSet`, `Node` (a mirror pod); empty for a pod nobody manages."""


@dataclass(frozen=True, slots=True)
class NodeOffer:
    """What a node has for pods in all, and whether it takes any that tolerate nothing special."""

    name: str
    cpu_millicores: int
    memory_bytes: int
    pods: int = 110
    takes_pods: bool = True
    """Ready, not cordoned, and without a taint that keeps ordinary pods away."""


@dataclass(frozen=True, slots=True)
class Room:
    """All nodes and pods of a stamp."""

    nodes: tuple[NodeOffer, ...]
    pods: tuple[PodRequest, ...]


@dataclass(slots=True)
class _Free:
    cpu_millicores: int
    memory_bytes: int
    pods: int

    def fits(self, pod: PodRequest) -> bool:
        return self.pods > 0 and pod.cpu_millicores <= self.cpu_millicores and pod.memory_bytes <= self.memory_bytes

    def take(self, pod: PodRequest) -> None:
        self.cpu_millicores -= pod.cpu_millicores
        self.memory_bytes -= pod.memory_bytes
        self.pods -= 1


def application_pods(pods: Iterable[PodRequest]) -> list[PodRequest]:
    """Return the pods that serve: those outside Kubernetes' own namespaces that other stamps do not have anyway.

    DaemonSets and mirror pods belong to their nodes, jobs end by themselves.
    """
    return [
        each
        for each in pods
        if not each.namespace.startswith("kube-") and each.owner_kind not in ("DaemonSet", "Node", "Job")
    ]


def without_place(pods: Iterable[PodRequest], rooms: Sequence[Room]) -> list[PodRequest]:
    """Return the pods that find no place on the free nodes of these stamps, the biggest placed first.

    A sum would say yes where no single node has room for a big pod. Pods of one size are looked at together: where
    one of them found no room, none of the same size does, and ten thousand pods have a few dozen sizes.
    """
    free = [each for room in rooms for each in _free(room)]
    homeless: list[PodRequest] = []
    for _, alike in groupby(sorted(pods, key=_size, reverse=True), key=_size):
        places = iter(free)
        place = next(places, None)
        for pod in alike:
            while place is not None and not place.fits(pod):
                place = next(places, None)
            if place is None:
                homeless.append(pod)
            else:
                place.take(pod)
    return homeless


def _size(pod: PodRequest) -> tuple[int, int]:
    return pod.cpu_millicores, pod.memory_bytes


def left(rooms: Iterable[Room]) -> tuple[int, int]:
    """Return the CPU millicores and memory bytes that are allocatable and not requested on nodes that take pods."""
    free = [each for room in rooms for each in _free(room)]
    return sum(max(0, each.cpu_millicores) for each in free), sum(max(0, each.memory_bytes) for each in free)


def _free(room: Room) -> list[_Free]:
    free = {
        each.name: _Free(each.cpu_millicores, each.memory_bytes, each.pods) for each in room.nodes if each.takes_pods
    }
    for pod in room.pods:
        if pod.node in free:
            free[pod.node].take(pod)
    return list(free.values())
