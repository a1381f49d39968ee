"""A stamp's Resource Manager in the lab: built on its world, started with files, described for who uses it."""

from __future__ import annotations

import difflib
import random
from pathlib import Path
from typing import Any

from backends.lab.arm.authority import ADFS, AZURE_AD, TokenAuthority
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.principals import TENANT, Credentials, known_principals, make_reader_credentials
from backends.lab.arm.server import ArmServer
from backends.lab.certificates import Authority
from backends.lab.faults import FaultBoard
from backends.lab.folder import LabFolder
from backends.lab.kubernetes.access import ServingFiles
from backends.lab.world.machine_life import MachineLife
from backends.lab.world.machines import Inventory
from backends.lab.world.node_shape import SUBSCRIPTION, NodeShape
from backends.lab.world.world import World

_NAMES = ("127.0.0.1", "localhost", "::1")
_GUID = "b1c8f6d2-2a0b-4e0e-9c62-7f3a5d1e9a10"


class LabArm:
    """One stamp's Resource Manager; built at once, answers after `start`.

    The engine's credentials come from without: they are the same on all stamps. The reader's are made here.
    """

    def __init__(
        self,
        shape: NodeShape,
        version: str,
        world: World,
        faults: FaultBoard,
        *,
        adfs: bool,
        page_size: int = 50,
    ) -> None:
        self._shape = shape
        self.reader = make_reader_credentials()
        self.identity_system = ADFS if adfs else AZURE_AD
        cluster = world.cluster
        dice = random.Random(f"arm/{shape.stamp}/{shape.cluster_id}")
        inventory = Inventory(shape, dice)
        inventory.learn(cluster.store, version)
        self.life = MachineLife(cluster, world.kubelet, world.nodes, world.node_lifecycle, inventory, faults)
        self.cloud = Cloud(cluster, inventory, self.life, faults, dice)
        host = f"management.adfs.azurestack.{shape.stamp}" if adfs else f"management.{shape.stamp}.onmicrosoft.com"
        authority = TokenAuthority(self.identity_system, f"https://{host}/{_GUID}", faults)
        self.server = ArmServer(self.cloud, authority, faults, page_size)
        self.engine: Credentials
        self.authority_file = Path()
        self.reader_secret_file = Path()

    async def start(self, folder: LabFolder, engine: Credentials) -> None:
        """Write certificates and the reader's secret, and listen; the engine logs in with `engine`."""
        self.engine = engine
        self.server.authority.know(known_principals(engine, self.reader))
        name = self._shape.stamp
        (folder.path / "arm").mkdir(mode=0o700, exist_ok=True)
        trusted = Authority(f"{name}-arm-ca")
        pairs = trusted.server(_NAMES), Authority(f"{name}-arm-strange-ca").server(_NAMES)
        files = [
            folder.write(f"pki/{name}-{kind}.{end}", content)
            for kind, pair in zip(("arm", "arm-strange"), pairs, strict=True)
            for end, content in (("crt", pair.certificate), ("key", pair.key))
        ]
        self.authority_file = folder.write(f"pki/{name}-arm-ca.crt", trusted.certificate)
        self.reader_secret_file = folder.write(f"arm/{name}-reader.secret", f"{self.reader.secret}\n".encode())
        await self.server.start(ServingFiles(files[0], files[1], None, files[2], files[3]))

    async def stop(self) -> None:
        """Stop listening."""
        await self.server.stop()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return self.server.url

    def refuse(self, name: str, argument: str) -> str:
        """Return why a fault cannot be carried out here, empty when it can.

        A machine may be named that is still to come, if it is named as this cluster's are.
        """
        if name not in ("arm-failed", "node-never-ready") or not argument:
            return ""
        node, colon, code = argument.partition(":") if name == "arm-failed" else (argument, "", "")
        if colon and not (code.isdecimal() and 0 < int(code) < 256):
            return f"{name}: {code!r} is no exit status: it is 1 to 255"
        if not node or self._shape.place(node) is not None:
            return ""
        known = [each.name for each in self.cloud.inventory.machines.of(self._shape.resource_group)]
        near = difflib.get_close_matches(node, known, 1)
        hint = f"; did you mean {near[0]}" if near else ""
        sample = self._shape.node_name("POOL", 0)[:-1]
        return f"{name}: no machine of this cluster is named {node!r}{hint}; they are named {sample}NUMBER"

    def section(self) -> dict[str, Any]:
        """Return the section azure_stack of this stamp in fleet.yaml; paths are relative to it."""
        name = self._shape.stamp
        return {
            "management": self.url,
            "subscription": SUBSCRIPTION,
            "resource_group": self._shape.resource_group,
            "location": name,
            "identity_system": self.identity_system,
            "ca_file": f"pki/{name}-arm-ca.crt",
            "engine": {
                "client_id": self.engine.client_id,
                "certificate": "~/.stampdeck-sp/client.pem",
                "private_key": "~/.stampdeck-sp/key.pem",
            },
            "reader": {"client_id": self.reader.client_id, "secret_file": f"arm/{name}-reader.secret"},
        }

    def description(self) -> dict[str, Any]:
        """Return what lab.json says of it."""
        return {
            "url": self.url,
            "certificate_authority": str(self.authority_file),
            "subscription": SUBSCRIPTION,
            "resource_group": self._shape.resource_group,
            "location": self._shape.stamp,
            "identity_system": self.identity_system,
            "login_endpoint": self.server.login_endpoint,
            "audience": self.server.audience,
            "tenant": ADFS if self.identity_system == ADFS else TENANT,
            "engine_client_id": self.engine.client_id,
            "reader": {"client_id": self.reader.client_id, "secret_file": str(self.reader_secret_file)},
        }
