"""Whether a node's kubelet is there: without it, pods that are being deleted stay."""

from __future__ import annotations

from backends.clock import Clock
from backends.errors import NotFound, SourceError
from backends.model.fields import condition, text
from backends.model.fleet import Severity
from backends.operations.ports import ClusterReader
from backends.operations.work import Progress

_LOOK_S = 15.0


class KubeletWatch:
    """Looks at a node now and then, when asked to; tells once what is wrong, and keeps it in `trouble`."""

    def __init__(self, cluster: ClusterReader, node: str, progress: Progress, clock: Clock) -> None:
        self._cluster = cluster
        self._node = node
        self._progress = progress
        self._clock = clock
        self._looked_at = float("-inf")
        self.trouble = ""
        """What the API says of a kubelet that is not ready; empty while it is."""

    async def look(self) -> None:
        """Look, unless that was a short while ago; what cannot be read changes nothing."""
        now = self._clock.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        before, self.trouble = self.trouble, await self._ask()
        if self.trouble and not before:
            todo = "they go when it is back, or when the node's object is deleted"
            why = f"the kubelet of {self._node} does not end its pods: {self.trouble}"
            self._progress.say(f"{why}; {todo}", Severity.BAD)

    async def _ask(self) -> str:
        try:
            ready = condition(await self._cluster.get("nodes", self._node), "Ready")
        except NotFound:
            return "the node was deleted"
        except SourceError:
            return self.trouble
        if ready.get("status") == "True":
            return ""
        return text(ready, "message") or text(ready, "reason") or "it never reported"
