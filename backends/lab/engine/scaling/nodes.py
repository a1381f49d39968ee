"""The pool's nodes as the Kubernetes API has them, and the table that shows them."""

from __future__ import annotations

from backends.lab.engine.kube import KubeFailure, Object, is_ready
from backends.lab.engine.scaling.pool import PoolWork

_WITHIN_S = 5 * 60.0
_AGAIN_AFTER_S = 3.0


class PoolNodes:
    """Nodes of one pool; `found` is None until they could be read."""

    def __init__(self, work: PoolWork) -> None:
        self._work = work
        self.found: list[Object] | None = None

    def read(self, count: int | None = None) -> bool:
        """Read the nodes, for up to 5 minutes until the API answers, and with `count` until there are that many.

        Returns whether that came true; what was found before is kept when not.
        """
        clock = self._work.session.clock
        deadline = clock.spent() + _WITHIN_S
        while True:
            try:
                nodes = [each for each in self._work.kube.list_nodes() if self._work.name in each["metadata"]["name"]]
                if count is None or len(nodes) == count:
                    self.found = nodes
                    return True
            except KubeFailure:
                pass  # asked again, as after a wrong number
            left_s = deadline - clock.spent()
            clock.sleep(min(left_s, _AGAIN_AFTER_S))
            if left_s < _AGAIN_AFTER_S:
                return False

    def show(self) -> None:
        """Print the table."""
        rows = [("NODE", "STATUS", "VERSION", "OS", "KERNEL")]
        for node in self.found or []:
            machine = node["status"]["nodeInfo"]
            rows.append((
                node["metadata"]["name"], "Ready" if is_ready(node) else "NotReady", machine["kubeletVersion"],
                machine["osImage"], machine["kernelVersion"],
            ))  # fmt: skip
        self._work.session.streams.table(rows)
