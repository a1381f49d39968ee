"""What the request functions share: one API server's store, clock, faults, nodes and the parts built on them."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.lab.clock import LabClock
from backends.lab.faults import FaultBoard
from backends.lab.kubernetes.access import Authentication
from backends.lab.kubernetes.authorization import Authorization
from backends.lab.kubernetes.hub import WatchHub
from backends.lab.kubernetes.node_services import NodeServices
from backends.lab.kubernetes.served import Served
from backends.lab.kubernetes.snapshots import Snapshots
from backends.lab.objects import ObjectStore
from backends.lab.wire_times import WireTimes


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts of one API server; `port` is a one-element holder because it is known only once bound."""

    name: str
    store: ObjectStore
    clock: LabClock
    faults: FaultBoard
    nodes: NodeServices
    served: Served
    authentication: Authentication
    authorization: Authorization
    hub: WatchHub
    snapshots: Snapshots
    address: list[str] = field(default_factory=lambda: [""])
    bookmark_every_s: float = 60.0
    times: WireTimes = field(init=False)

    @property
    def version(self) -> str:
        """The Kubernetes version it is of now."""
        return self.served.version

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", WireTimes(self.clock))
