"""What fleet.yaml may say. Every field's docstring is its reference text: editors show it from the JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from backends.model.azure_stack import IdentitySystem
from backends.model.stamp import Protection
from console.durations import PATTERN, parse_duration

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


def _read_duration(found: Any) -> Any:
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError("not a duration: write 90s, 15m, 2h or 1h30m")
    return parse_duration(str(found))


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole address, such as https://10.0.0.1/")
    if parts.username or parts.password:
        raise ValueError("no user name or password in an address: it would be shown on screens and in logs")
    return url


def _check_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError("a stamp's name is 1 to 63 lower-case letters, digits and inner hyphens")
    return name


Duration = Annotated[
    float,
    BeforeValidator(_read_duration),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number", "minimum": 0}]}),
]
"""Seconds, written `90s`, `15m`, `2h`, or as a number of seconds."""

Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")]
Url = Annotated[str, AfterValidator(_check_url), WithJsonSchema({"type": "string", "format": "uri"})]
StampName = Annotated[str, AfterValidator(_check_name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]


class Section(BaseModel):
    """A mapping of fleet.yaml: unknown keys are refused, values are not converted from other types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True, validate_default=False
    )


class ClusterSection(Section):
    """How the stamp's Kubernetes API is reached: one context of one kubeconfig, whose current-context never matters."""

    kubeconfig: str = Field(min_length=1)
    """File with the cluster and the credentials; relative to fleet.yaml, `~` is the home directory."""
    context: str = Field(min_length=1)
    """Name of the context in that file."""
    request_timeout: Annotated[Duration, Field(gt=0, le=300)] = 10.0
    """How long one request may take before it counts as failed (watches are not meant)."""
    requests_per_second: float = Field(default=20.0, gt=0, le=1000)
    """Our own ceiling for requests to this API; a watch counts once."""
    watch_pods_up_to: int = Field(default=5000, ge=0)
    """With more pods, those that run are counted about once a minute unless a table shows them; 0 counts always."""
    via: Literal["direct", "helper"] = "direct"
    """`helper`: only the helper VM reaches the API, and it is reached through it."""


class ApplicationSection(Section):
    """How the stamp's application is asked directly, past Traffic Manager."""

    url: Url
    """Address asked, such as `https://10.0.0.1/healthz`; the answer's first 64 KiB are read."""
    host: str = ""
    """Host header and TLS name, when they differ from the address's."""
    ca_file: str | None = Field(default=None, min_length=1)
    """Certificate authority (PEM) to trust instead of the system's; relative to fleet.yaml."""
    interval: Annotated[Duration, Field(ge=0.5, le=3600)] = 5.0
    """Time between two questions."""
    timeout: Annotated[Duration, Field(gt=0, le=60)] = 3.0
    """How long an answer may take."""
    expect_status: int = Field(default=200, ge=100, le=599)
    """The HTTP status that means "well"; redirects are not followed, so 302 can be expected too."""
    expect_text: str = ""
    """Text the answer must contain, if any."""


class SshHostSection(Section):
    """An SSH server and the account to log in with."""

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")
    """Name or address of the machine."""
    user: str = Field(default="azureuser", min_length=1, pattern=r"^[A-Za-z_][A-Za-z0-9._@-]*$")
    """Account to log in with."""
    port: int = Field(default=22, ge=1, le=65535)
    """Port of its SSH server."""
    key_files: tuple[str, ...] = Field(default=(), strict=False)
    """Private keys to try, relative to fleet.yaml; none: the agent's and the usual files of ~/.ssh."""
    agent: bool = True
    """Whether the running ssh-agent (SSH_AUTH_SOCK) is asked too."""
    host_key: str = Field(default="", pattern=r"^(SHA256:[A-Za-z0-9+/]{43})?$")
    """Fingerprint of its host key, as `ssh-keygen -lf` prints it: then no other is accepted, and nobody is asked."""


class HelperVmSection(SshHostSection):
    """The stamp's helper VM, from which aks-engine works on the cluster. Paths below are the machine's own."""

    jump: tuple[SshHostSection, ...] = Field(default=(), strict=False)
    """Hosts to go through, the first one first."""
    engine: str = Field(default="aks-engine-azurestack", min_length=1, pattern=r"^[A-Za-z0-9_./~-]+$")
    """Name or path of the engine: aks-engine-azurestack, or aks-engine up to v0.73."""
    api_model: str = Field(default="", pattern=r"^[^\x00-\x1f]*$")
    """Path of the cluster's apimodel.json; `~/` is the account's home directory."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables the engine needs, such as SSL_CERT_FILE or HTTPS_PROXY; never a secret."""


class EngineCredentialsSection(Section):
    """The service principal aks-engine logs in with. Its files are on the helper VM; the console never reads them."""

    client_id: Guid
    """Application (client) ID."""
    certificate: str = ""
    """Path of its certificate on the VM; preferred to a secret."""
    private_key: str = ""
    """Path of the certificate's private key on the VM."""
    secret_file: str = ""
    """Path of a 0600 file on the VM with the client secret; aks-engine shows it to the VM's accounts while it runs."""

    @model_validator(mode="after")
    def _one_kind(self) -> EngineCredentialsSection:
        if bool(self.certificate) != bool(self.private_key):
            raise ValueError("certificate and private_key go together")
        if bool(self.certificate) == bool(self.secret_file):
            raise ValueError("give either certificate and private_key, or secret_file")
        return self


class ReaderCredentialsSection(Section):
    """What the console itself reads the stamp's ARM with: an application with the Reader role is enough."""

    client_id: Guid
    """Application (client) ID."""
    secret_file: str | None = Field(default=None, min_length=1)
    """File with its client secret, 0600; relative to fleet.yaml."""
    certificate_file: str | None = Field(default=None, min_length=1)
    """PEM file with certificate and private key, 0600; relative to fleet.yaml."""

    @model_validator(mode="after")
    def _one_kind(self) -> ReaderCredentialsSection:
        if (self.secret_file is None) == (self.certificate_file is None):
            raise ValueError("give either secret_file or certificate_file")
        return self


class AzureStackSection(Section):
    """The stamp's own Azure Resource Manager, and what of it belongs to the cluster."""

    management: Url
    """Address of its Resource Manager, such as `https://management.orlando.azurestack.external`."""
    subscription: Guid
    """Subscription the cluster is in."""
    resource_group: str = Field(min_length=1, pattern=r"^[A-Za-z0-9._()-]+$")
    """Resource group that holds the cluster's machines."""
    location: str = Field(min_length=1, pattern=r"^[A-Za-z0-9-]+$")
    """Name of the region, as the api model has it."""
    identity_system: Annotated[IdentitySystem, Field(strict=False)] = IdentitySystem.AZURE_AD
    """`azure_ad` (Entra ID) or `adfs`."""
    tenant: str = ""
    """Tenant of the Entra ID directory; empty: as the stamp's ARM names it."""
    ca_file: str | None = Field(default=None, min_length=1)
    """Certificate authority (PEM) to trust besides the system's; relative to fleet.yaml."""
    engine: EngineCredentialsSection | None = None
    """What aks-engine logs in with."""
    reader: ReaderCredentialsSection | None = None
    """What the console reads ARM with; without it, checks that need ARM say that they could not be made."""


class StampSection(Section):
    """One stamp: an Azure Stack Hub with its cluster and its copy of the application."""

    name: StampName
    """Short name shown everywhere and typed on command lines."""
    location: str = ""
    """Where it is, in words."""
    description: str = ""
    """What a colleague should know about it."""
    protection: Annotated[Protection, Field(strict=False)] = Protection.CONFIRM
    """What a write asks for: `open` one confirmation for several, `confirm` one each, `typed` the stamp's name."""
    cluster: ClusterSection
    """How its Kubernetes API is reached."""
    application: ApplicationSection | None = None
    """How its application is asked directly; without it, nothing says whether the service is up there."""
    helper_vm: HelperVmSection | None = None
    """The machine aks-engine runs on."""
    azure_stack: AzureStackSection | None = None
    """The stamp's own Azure Resource Manager."""

    @model_validator(mode="after")
    def _has_way(self) -> StampSection:
        if self.cluster.via == "helper" and self.helper_vm is None:
            raise ValueError("cluster.via is helper, but there is no helper_vm")
        return self


class WriteSection(Section):
    """How writing is armed. The console always starts read-only."""

    armed_for: Annotated[Duration, Field(ge=10, le=86400)] = 900.0
    """How long writing stays armed before it disarms itself."""
    record_shells: bool = False
    """Whether what every shell shows is recorded (asciicast, in the state folder); what is typed never is."""


class IntendedSection(Section):
    """A difference between stamps that is meant to be: `stampdeck drift` shows it and does not complain."""

    what: str = Field(min_length=1, pattern=r"^[^/\s]+(/[^/\s]+)?$")
    """The object, as drift names it: `deployment/ratings-web`, `configmap/*`, `cluster`, `nodes`."""
    path: str = "*"
    """What of it: a path such as `spec.replicas`, or an aspect such as `replicas`; * and ? stand for anything."""
    reason: str = Field(min_length=1)
    """Why, for whoever looks at it next."""


class DriftSection(Section):
    """What may differ between stamps."""

    intended: tuple[IntendedSection, ...] = Field(default=(), strict=False)
    """Differences that are meant to be; the first that fits counts."""


class FleetFile(Section):
    """The whole of fleet.yaml: the stamps of one team, and how its console behaves."""

    stamps: tuple[StampSection, ...] = Field(strict=False, json_schema_extra={"minItems": 1})
    """Every stamp, in the order shown."""
    write: WriteSection = WriteSection()
    """How writing is armed."""
    drift: DriftSection = DriftSection()
    """How `stampdeck drift` compares stamps."""
    theme: str = ""
    """Name of the colour theme; empty for the default."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Other keys for actions: the action's id, as the help shows it, and its keys separated by commas."""
