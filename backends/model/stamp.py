"""What the configuration says about a stamp, as the backends need it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from backends.model.azure_stack import AzureStackAccess
from backends.model.helper_vm import HelperVmAccess


class Protection(StrEnum):
    """What the write gate asks before it acts on a stamp."""

    OPEN = "open"
    """A plan and one confirmation for several actions."""
    CONFIRM = "confirm"
    """A plan and a confirmation for each action."""
    TYPED = "typed"
    """The stamp's name has to be typed."""


class ClusterAccess(msgspec.Struct, frozen=True):
    """How a stamp's Kubernetes API is reached: one context of one kubeconfig, never the current-context."""

    kubeconfig: Path
    context: str
    request_timeout_s: float = 10.0
    requests_per_second: float = 20.0
    """Our own ceiling for requests to this API; watches count once."""
    watch_pods_up_to: int = 5000
    """A stamp with more pods is not watched pod by pod for the fleet's numbers: those that run are counted."""
    via_helper: bool = False
    """Whether only the helper VM reaches the API: then it is reached through it."""


class ApplicationAccess(msgspec.Struct, frozen=True):
    """How the application of a stamp is asked directly, past Traffic Manager."""

    url: str
    host: str = ""
    """The Host header and TLS name, when they differ from the URL's."""
    ca_file: Path | None = None
    interval_s: float = 5.0
    timeout_s: float = 3.0
    expect_status: int = 200
    expect_text: str = ""


class Stamp(msgspec.Struct, frozen=True):
    """One site: its name, its cluster, and what is known of the application on it."""

    name: str
    cluster: ClusterAccess
    protection: Protection = Protection.CONFIRM
    application: ApplicationAccess | None = None
    location: str = ""
    description: str = ""
    helper_vm: HelperVmAccess | None = None
    azure_stack: AzureStackAccess | None = None
