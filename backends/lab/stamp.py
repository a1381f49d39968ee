"""One stamp of the lab: its store, world and servers."""

from __future__ import annotations

import random
import secrets

from backends.lab.application import ApplicationServer
from backends.lab.certificates import Authority
from backends.lab.clock import LabClock
from backends.lab.estate import StampPlan, build_estate
from backends.lab.faults import FaultBoard
from backends.lab.folder import READER, LabFolder, StampFiles
from backends.lab.kubernetes.access import Account
from backends.lab.kubernetes.bootstrap import ensure_defaults
from backends.lab.kubernetes.server import KubernetesApi
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.world import World

_RBAC = "rbac.authorization.k8s.io"
_SHOWN = ("nodes", "pods", "deployments.apps", "events")


class LabStamp:
    """A simulated stamp; built at once, answers after `start`."""

    def __init__(
        self,
        plan: StampPlan,
        clock: LabClock,
        faults: FaultBoard,
        dice: random.Random,
        *,
        incidents: bool = True,
        changes_per_s: float = 0.0,
    ) -> None:
        self.plan = plan
        self.clock = clock
        self.faults = faults
        self._dice = dice
        # Long enough that a watcher of 1,000 changes a second may be away for half a minute.
        history = 60_000 if changes_per_s else 20_000
        self.store = ObjectStore(clock, dice, history=history)
        build_estate(plan, self.store)
        ensure_defaults(self.store)
        _let_reader_look(self.store)
        self.world = World(
            plan.name, self.store, clock, faults, version=plan.version, network=plan.network, incidents=incidents,
            changes_per_s=changes_per_s,
        )  # fmt: skip
        self.application = ApplicationServer(plan.name, self.world, faults, random.Random(dice.random()))
        self.api: KubernetesApi | None = None
        self.files: StampFiles

    async def start(self, folder: LabFolder, authority: Authority) -> None:
        """Start the API server and the application, and write the stamp's files."""
        accounts = (
            Account("admin", ("system:masters",), secrets.token_urlsafe(24)),
            Account(READER, (), secrets.token_urlsafe(24)),
        )
        self.files = folder.write_stamp(self.plan.name, authority, accounts)
        self.api = KubernetesApi(
            self.plan.name, self.store, self.clock, self.faults, self.world, self.plan.version, self.files.serving,
            accounts,
        )  # fmt: skip
        await self.api.start()
        self.world.root_certificates.publish(self.files.authority.read_text())
        await self.application.start(self.files.serving.certificate, self.files.serving.key)
        self.world.application_address = ("127.0.0.1", self.application.port)
        folder.write_kubeconfig(self.plan.name, self.files, self.api_url)

    async def stop(self) -> None:
        """Stop both servers."""
        if self.api is not None:
            await self.api.stop()
        await self.application.stop()

    @property
    def api_url(self) -> str:
        """Address of the Kubernetes API."""
        return f"https://127.0.0.1:{self.api.port if self.api else 0}"

    @property
    def application_url(self) -> str:
        """Address of the application."""
        return f"http://127.0.0.1:{self.application.port}"

    @property
    def application_tls_url(self) -> str:
        """Address of the application over TLS."""
        return f"https://127.0.0.1:{self.application.tls_port}"

    def counts(self) -> dict[str, int]:
        """Return how many objects there are of what an operator looks at first."""
        return {resource: self.store.count(resource) for resource in _SHOWN}


def _let_reader_look(store: ObjectStore) -> None:
    """Bind the reader to `view`, and let it see nodes and their metrics, which `view` leaves out."""
    role: Object = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "node-viewer"},
        "rules": [
            {"apiGroups": ["", "metrics.k8s.io"], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        ],
    }
    store.create(f"clusterroles.{_RBAC}", role)
    for name in ("view", "node-viewer"):
        binding: Object = {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{READER}-{name}"},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": READER}],
        }
        store.create(f"clusterrolebindings.{_RBAC}", binding)
