"""What the configuration says about a stamp's helper VM, and what a command run on one gives back."""

from __future__ import annotations

from pathlib import Path

import msgspec


class SshHop(msgspec.Struct, frozen=True):
    """One SSH server on the way: who logs in where, and with what.

    Without `key_files` the keys of the agent and OpenSSH's usual files are tried; certificates are found beside
    their keys (`NAME-cert.pub`).
    """

    host: str
    user: str
    port: int = 22
    key_files: tuple[Path, ...] = ()
    agent: bool = True
    """Whether the running ssh-agent (SSH_AUTH_SOCK) is asked too."""
    host_key: str = ""
    """Fingerprint (`SHA256:...`) of the only host key that is accepted from it; empty: known_hosts decides."""


class HelperVmAccess(msgspec.Struct, frozen=True):
    """The machine aks-engine runs on for a stamp, and where its things are there; paths are the machine's own."""

    hop: SshHop
    jumps: tuple[SshHop, ...] = ()
    """Hosts to go through, the first one first."""
    engine: str = "aks-engine-azurestack"
    """Name or path of the program."""
    api_model: str = ""
    """Path of the cluster's apimodel.json; `~/` is the home directory of the account."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables the engine needs, such as SSL_CERT_FILE; never a secret."""


class Finished(msgspec.Struct, frozen=True):
    """A command that ended on the VM: its exit status (-1: killed by a signal) and what it wrote, as bytes."""

    status: int
    output: bytes
    errors: bytes


class HostKey(msgspec.Struct, frozen=True):
    """A host key as an operator compares it: `SHA256:...`, with its algorithm, such as ssh-ed25519."""

    algorithm: str
    fingerprint: str
    host: str = ""
    """Which machine showed it, as `user@host:port`: the helper VM, or a host on the way to it."""

    def __str__(self) -> str:
        return f"{self.algorithm} {self.fingerprint}"
