"""One stamp of the lab: its store, world and servers."""

from __future__ import annotations

import asyncio
import random

from backends.lab.accounts import grant_rights, make_accounts
from backends.lab.application import ApplicationServer
from backends.lab.arm.lab_arm import LabArm
from backends.lab.arm.principals import Credentials
from backends.lab.certificates import Authority
from backends.lab.clock import LabClock
from backends.lab.engine.home import Cluster, ServicePrincipal, write_home
from backends.lab.engine.output import Access
from backends.lab.estate import StampPlan, build_estate, node_shape
from backends.lab.faults import FaultBoard
from backends.lab.folder import LabFolder, StampFiles
from backends.lab.kubernetes.bootstrap import ensure_defaults
from backends.lab.kubernetes.server import KubernetesApi
from backends.lab.objects import ObjectStore
from backends.lab.ssh.helper_vm import LabHelperVm
from backends.lab.ssh.keys import SharedKeys
from backends.lab.world.world import World

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
        adfs: bool = False,
        incidents: bool = True,
        changes_per_s: float = 0.0,
        seed: int = 1,
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
        grant_rights(self.store)
        self.world = World(
            plan.name, self.store, clock, faults, version=plan.version, network=plan.network, incidents=incidents,
            changes_per_s=changes_per_s,
        )  # fmt: skip
        self.arm = LabArm(node_shape(plan), plan.version, self.world, faults, adfs=adfs)
        self.application = ApplicationServer(plan.name, self.world, faults, random.Random(dice.random()))
        self.helper_vm = LabHelperVm(plan.name, clock, faults, seed, self._find_node)
        self.api: KubernetesApi | None = None
        self.files: StampFiles

    async def start(self, folder: LabFolder, authority: Authority, ssh_keys: SharedKeys, engine: Credentials) -> None:
        """Start every server, the helper VM last, and write the stamp's files."""
        accounts = make_accounts()
        self.files = folder.write_stamp(self.plan.name, authority, accounts)
        self.api = KubernetesApi(
            self.plan.name, self.store, self.clock, self.faults, self.world, self.plan.version, self.files.serving,
            accounts, up=lambda: self.arm.life.control_plane.is_up,
        )  # fmt: skip
        self.arm.life.control_plane.listen(self._follow_control_plane)
        await self.api.start()
        await self.arm.start(folder, engine)
        self.world.root_certificates.publish(self.files.authority.read_text())
        await self.application.start(self.files.serving.certificate, self.files.serving.key)
        self.world.application_address = ("127.0.0.1", self.application.port)
        folder.write_kubeconfigs(self.plan.name, self.files, self.api_url)
        await self.helper_vm.start(
            folder, ssh_keys, [self.files.authority, self.arm.authority_file], version=self.plan.version
        )

        await asyncio.to_thread(write_home, self.helper_vm.sandbox.home, self._cluster())

    def _find_node(self, host: str) -> str | None:
        """Return the node of this name or address when its machine runs."""
        for node in self.store.each("nodes"):
            name = str(node["metadata"]["name"])
            addresses = [str(each["address"]) for each in node["status"].get("addresses", ())]
            if host in (name, *addresses) and name not in self.world.kubelet.silent:
                return name
        return None

    def _cluster(self) -> Cluster:
        """Return the stamp's cluster as its api model on the helper VM tells it."""
        engine = self.arm.engine
        return Cluster(
            location=self.plan.name,
            dns_prefix=f"k8s-{self.plan.name}",
            suffix=self.plan.cluster_id,
            version=self.plan.version.removeprefix("v"),
            masters=self.plan.masters,
            agents=self.plan.agents,
            resource_manager=self.arm.url,
            login=self.arm.server.login_endpoint,
            audience=self.arm.server.audience,
            identity_system=self.arm.identity_system,
            access=Access(
                self.api_url,
                self.files.authority.read_bytes(),
                self.files.admin_certificate.read_bytes(),
                self.files.admin_key.read_bytes(),
            ),
            principal=ServicePrincipal(engine.client_id, engine.secret, engine.certificate, engine.key),
        )

    async def stop(self) -> None:
        """Stop every server; the helper VM first, for what runs there uses the others."""
        await self.helper_vm.stop()
        await self.arm.stop()
        if self.api is not None:
            await self.api.stop()
        await self.application.stop()

    def refuse(self, name: str, argument: str) -> str:
        """Return why a fault cannot be carried out on this stamp, empty when it can."""
        return self.world.faults.refuse(name, argument) or self.arm.refuse(name, argument)

    def _follow_control_plane(self) -> None:
        """Masters came or went, or are of another version now."""
        if self.api is not None:
            self.api.adopt_version(self.world.cluster.version)
            self.api.look_again()

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
