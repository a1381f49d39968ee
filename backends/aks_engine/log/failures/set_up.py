"""Set-up scripts of a machine (the "custom script extension") end with a number that says what failed."""

from __future__ import annotations

_MEANINGS = {
    11: "etcd did not come up in time",
    13: "etcd's disk could not be mounted",
    14: "etcd could not be started",
    30: "Kubernetes did not come up in time",
    31: "the Kubernetes binaries could not be fetched",
    33: "a container image could not be pulled",
    34: "the kubelet could not be started",
    35: "a container image could not be pulled",
    41: "the network plug-in could not be fetched",
    50: "the machine does not get out to the internet: on a disconnected stamp the base image is the wrong one",
    51: "the machine does not reach the API server",
    52: "the machine cannot resolve the API server's name",
    99: "apt could not update its lists",
    100: "the provisioning script failed",
    120: "the machine gets no token for the stamp's ARM: the service principal of the api model is refused",
    121: "the stamp's network could not be set up on the machine",
    122: "the stamp's subnet could not be set up on the machine",
    123: "the stamp's software-defined network could not be set up on the machine",
    186: "a file is missing in the base image: it is not the one this release needs",
}
"""From the engine's own list of exit codes (v0.85.0)."""


def meaning(status: str) -> str:
    """Return what an exit status of the set-up says."""
    known = _MEANINGS.get(int(status)) if status.isdecimal() and len(status) < 5 else None
    return known or "its own log on the machine says why"
