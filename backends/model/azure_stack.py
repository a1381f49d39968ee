"""The stamp's own Azure Resource Manager: how it is reached, and what is read of it. Only ever read by the console."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec


class IdentitySystem(StrEnum):
    """Who signs tokens for the stamp, by the words of `--identity-system`."""

    AZURE_AD = "azure_ad"
    ADFS = "adfs"


class EngineCredentials(msgspec.Struct, frozen=True):
    """The service principal the engine logs in with; its files are on the helper VM and are never read by us.

    A certificate is preferred: `certificate` and `private_key` are paths. With `secret_file` the engine's own
    command line shows the secret to every account of the VM while it runs.
    """

    client_id: str
    certificate: str = ""
    private_key: str = ""
    secret_file: str = ""


class ReaderCredentials(msgspec.Struct, frozen=True):
    """What the console itself reads the stamp's ARM with: a secret's or a certificate's file on this machine, 0600."""

    client_id: str
    secret_file: Path | None = None
    certificate_file: Path | None = None
    """PEM with certificate and private key."""


class AzureStackAccess(msgspec.Struct, frozen=True):
    """A stamp's ARM and what of it belongs to the cluster."""

    management: str
    """Address of its Resource Manager, such as `https://management.orlando.azurestack.external`."""
    subscription: str
    resource_group: str
    location: str
    identity_system: IdentitySystem = IdentitySystem.AZURE_AD
    tenant: str = ""
    """Tenant of the Entra ID directory; empty: as the stamp's ARM names it."""
    ca_file: Path | None = None
    """Certificate authority (PEM) to trust besides the system's."""
    engine: EngineCredentials | None = None
    reader: ReaderCredentials | None = None


class MachineState(StrEnum):
    """A virtual machine's power state, or that its ARM resource is not whole."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    UNKNOWN = "unknown"


class VirtualMachine(msgspec.Struct, frozen=True):
    """A virtual machine of the resource group with the tags that aks-engine writes.

    `orchestrator` is the tag's version without `Kubernetes:`, `suffix` the cluster's eight digits; empty when the tag
    is missing.
    """

    name: str
    size: str
    state: MachineState
    pool: str = ""
    orchestrator: str = ""
    suffix: str = ""
    engine: str = ""
    """Version of the engine that made it."""
    image: str = ""
    """`publisher:offer:sku:version`."""
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Whether it is of the control plane, by the name aks-engine gives it."""
        return "-master-" in self.name


class Usage(msgspec.Struct, frozen=True):
    """A quota of the subscription at the stamp, such as `cores`."""

    name: str
    used: int
    limit: int


class BaseImage(msgspec.Struct, frozen=True):
    """An image of the stamp's marketplace."""

    publisher: str
    offer: str
    sku: str
    version: str

    def __str__(self) -> str:
        return f"{self.publisher}:{self.offer}:{self.sku}:{self.version}"


class Deployment(msgspec.Struct, frozen=True):
    """An ARM deployment of the resource group: the engine's traces; `at` seconds of the Unix epoch."""

    name: str
    state: str
    at: float
    error: str = ""
