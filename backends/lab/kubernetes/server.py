"""One simulated cluster's API server: an aiohttp application over TLS on loopback."""

from __future__ import annotations

from collections.abc import Sequence

from backends.lab.clock import LabClock
from backends.lab.faults import FaultBoard
from backends.lab.kubernetes.access import Account, Authentication, ServingFiles
from backends.lab.kubernetes.node_services import NodeServices
from backends.lab.objects import ObjectStore


class KubernetesApi:
    """Serves `store` as a kube-apiserver of `version` (such as `v1.20.2`) would.

    `start` creates the default namespaces and cluster roles when they are missing, binds, and returns when
    connections are taken. HPAs are stored as autoscaling/v2, events as core/v1, everything else in the
    preferred version of its group, always with apiVersion and kind.
    """

    def __init__(
        self,
        name: str,
        store: ObjectStore,
        clock: LabClock,
        faults: FaultBoard,
        backends: NodeServices,
        version: str,
        files: ServingFiles,
        accounts: Sequence[Account] = (),
    ) -> None:
        self.name = name
        self.store = store
        self.clock = clock
        self.faults = faults
        self.backends = backends
        self.version = version
        self.authentication = Authentication(accounts)
        self._files = files
        self._port = 0

    @property
    def port(self) -> int:
        """The bound TCP port; it stays the same through faults."""
        return self._port

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind and serve; OSError when the port is taken."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop serving and cut what is open."""
        raise NotImplementedError
