"""The api model of a cluster as the console may know it: never a secret, never a key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of the api model; the control plane is a pool named `master`."""

    name: str
    count: int
    vm_size: str = ""
    distro: str = ""
    os: str = "Linux"
    availability: str = "AvailabilitySet"


@dataclass(frozen=True, slots=True)
class ApiModel:
    """What apimodel.json says that an operator decides by; `text` is the whole of it, redacted and indented.

    `suffix` is the cluster's eight digits, `api_server` the name clients reach it by, `sha256` of the file's bytes;
    `modes` are what is wrong with permissions of it and its folder, in words.
    """

    path: str
    version: str
    dns_prefix: str
    location: str
    suffix: str
    masters: Pool
    pools: tuple[Pool, ...]
    api_server: str = ""
    identity_system: str = ""
    portal: str = ""
    sha256: str = ""
    text: str = ""
    modes: tuple[str, ...] = ()

    def pool(self, name: str) -> Pool | None:
        """Return the agent pool of this name."""
        return next((each for each in self.pools if each.name == name), None)
