"""One simulated cluster's API server: an aiohttp application over TLS on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from aiohttp import web

from backends.lab.clock import LabClock
from backends.lab.faults import Fault, FaultBoard
from backends.lab.kubernetes.access import Account, Authentication, ServingFiles
from backends.lab.kubernetes.api_services import ensure_api_services, set_metrics_available
from backends.lab.kubernetes.authorization import Authorization
from backends.lab.kubernetes.bootstrap import ensure_defaults
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.dispatch import Dispatch
from backends.lab.kubernetes.faults_http import FaultGate
from backends.lab.kubernetes.hub import WatchHub
from backends.lab.kubernetes.link import LinkState
from backends.lab.kubernetes.listener import Listener
from backends.lab.kubernetes.node_services import NodeServices
from backends.lab.kubernetes.served import Served
from backends.lab.kubernetes.snapshots import Snapshots
from backends.lab.objects import ObjectStore
from backends.lab.tasks import keep_running

# These change the answers to requests; who only watches would not notice for as long as half an hour.
_MET_BY_NEW_REQUESTS = ("token-revoked", "forbidden", "api-429", "api-500", "api-html")


class KubernetesApi:
    """Serves `store` as a kube-apiserver of `version` (such as `v1.20.2`) would.

    `start` creates the default namespaces and cluster roles when they are missing, binds, and returns when
    connections are taken. HPAs are stored as autoscaling/v2, events as core/v1, everything else in the
    preferred version of its group, always with apiVersion and kind. While `up` says that no control plane is there,
    connections are refused.
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
        bookmark_every_s: float = 60.0,
        up: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.faults = faults
        self._context = ApiContext(
            name=name,
            store=store,
            clock=clock,
            faults=faults,
            nodes=backends,
            served=Served(store, version),
            authentication=Authentication(accounts),
            authorization=Authorization(store),
            hub=WatchHub(store),
            snapshots=Snapshots(),
            bookmark_every_s=bookmark_every_s,
        )
        self._files = files
        self._up = up
        self._listener: Listener | None = None
        self._runner: web.AppRunner | None = None
        self._link: LinkState | None = None
        self._pump: asyncio.Task[None] | None = None
        faults.listen(self._hear)

    def adopt_version(self, version: str) -> None:
        """Be of another Kubernetes version from the next request on: the control plane was upgraded."""
        self._context.served.version = version

    def look_again(self) -> None:
        """Ask anew whether there is a control plane that answers."""
        if self._link is not None:
            self._link.changed()

    @property
    def port(self) -> int:
        """The bound TCP port; it stays the same through faults."""
        return self._listener.port if self._listener else 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind and serve; OSError when the port is taken."""
        ensure_defaults(self._context.store)
        ensure_api_services(self._context.store, self._context.version)
        application = web.Application(client_max_size=16 * 2**20)
        dispatch = Dispatch(self._context, FaultGate(self.faults))
        application.router.add_route("*", "/{path:.*}", dispatch.serve)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=600,
            # A watch or log whose caller went away must end at once, not at its next write.
            handler_cancellation=True,
            shutdown_timeout=2.0,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = Listener(self._files, self._runner.server)
        self._listener.open(host, port)
        self._context.address[0] = f"{host}:{self.port}"
        self._link = LinkState(self.name, self._listener, self.faults, up=self._up)
        self._link.follow()
        self._pump = keep_running(f"watch-hub-{self.name}", self._context.hub.run)

    async def stop(self) -> None:
        """Stop serving and cut what is open."""
        if self._link is not None:
            await self._link.close()
        if self._listener is not None:
            await self._listener.close()
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        if self._runner is not None:
            await self._runner.cleanup()

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name == "metrics-down":
            set_metrics_available(self._context.store, not begins)
        if fault.name == "watch-410" and begins:
            self._context.store.compact()
            self._context.snapshots.forget()
        if begins and fault.name in _MET_BY_NEW_REQUESTS:
            self._context.hub.end_all()
        self._context.hub.wake_all()
        if self._link is not None:
            self._link.changed()
