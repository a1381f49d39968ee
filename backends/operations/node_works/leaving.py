"""Where a pod stands on its way off a node, and how the whole of them is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from backends.model.age import format_duration
from backends.model.diagnosis import Object
from backends.model.drain import DrainedPod
from backends.model.fields import mapping
from backends.model.run import ItemState

_OVERDUE_S = 15.0
"""How long after its grace period a pod is still thought to end by itself."""
_NAMED = 20


class Standing(Enum):
    """Where a pod stands, with how a run shows it."""

    WAITING = "waiting", ItemState.WAITING
    BLOCKED = "blocked", ItemState.BLOCKED
    ASKED = "asked", ItemState.WORKING
    """Its eviction was sent and is not answered yet."""
    ENDING = "ending", ItemState.WORKING
    GONE = "gone", ItemState.DONE
    LEFT = "left", ItemState.FAILED
    """It cannot be evicted: it stays."""

    @property
    def item_state(self) -> ItemState:
        """The state of its item."""
        return self.value[1]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will be done about it."""
        return self in (Standing.GONE, Standing.LEFT)

    @property
    def may_be_tried(self) -> bool:
        """Whether it waits to be evicted."""
        return self in (Standing.WAITING, Standing.BLOCKED)


@dataclass(slots=True)
class Leaving:
    """One pod on its way: `tried` counts evictions sent, times are of the monotonic clock."""

    pod: DrainedPod
    standing: Standing = Standing.WAITING
    words: str = ""
    tried: int = 0
    retry_at: float = 0.0
    ending_since: float | None = None
    blocked_by: str = ""
    """What held it up last, which was told."""

    @property
    def is_busy(self) -> bool:
        """Whether it takes one of the places of those that leave at one time."""
        return self.standing in (Standing.ASKED, Standing.ENDING)

    def is_overdue(self, now: float) -> bool:
        """Whether it should have ended by now."""
        since = self.ending_since
        return since is not None and now - since > self.pod.grace_s + _OVERDUE_S

    def ending_words(self, pod: Object, now: float, kubelet: str) -> str:
        """Say how long a pod that is being deleted takes, and what keeps it when it is overdue."""
        for_s = 0.0 if self.ending_since is None else now - self.ending_since
        grace = format_duration(self.pod.grace_s)
        if not self.is_overdue(now):
            return f"evicted: ends within {grace}" if self.tried else f"being deleted already: ends within {grace}"
        finalizers = mapping(pod, "metadata").get("finalizers")
        late = f"stuck: not gone after {format_duration(for_s)}, its grace period is {grace}"
        if isinstance(finalizers, list) and finalizers:
            return f"{late}: waits for the finalizers {', '.join(map(str, finalizers))}"
        if kubelet:
            return f"{late}: its kubelet does not answer ({kubelet})"
        return late


def told(pods: Iterable[Leaving]) -> str:
    """Say how many are gone, which are ending, and exactly which are left."""
    listed = list(pods)
    gone = [each for each in listed if each.standing is Standing.GONE]
    parts = [f"{len(gone)} of {_pods(len(listed))} {'is' if len(listed) == 1 else 'are'} gone"]
    ending = [each for each in listed if each.standing is Standing.ENDING]
    if ending:
        parts.append(f"still ending: {_names(ending)}")
    if asked := [each for each in listed if each.standing is Standing.ASKED]:
        parts.append(f"eviction sent, not answered: {_names(asked)}")
    if waiting := [each for each in listed if each.standing.may_be_tried]:
        parts.append(f"not evicted: {_names(waiting, words=Standing.BLOCKED)}")
    if left := [each for each in listed if each.standing is Standing.LEFT]:
        parts.append(f"cannot be evicted: {_names(left, words=Standing.LEFT)}")
    return "; ".join(parts)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"


def _names(pods: Sequence[Leaving], words: Standing | None = None) -> str:
    shown = [f"{each.pod.key} ({each.words})" if each.standing is words else each.pod.key for each in pods[:_NAMED]]
    more = f" and {len(pods) - _NAMED} more" if len(pods) > _NAMED else ""
    return ", ".join(shown) + more
