"""Throw-away SSH keys: what a helper VM shows of itself, and what an operator logs in with."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

USER = "azureuser"
"""The account that logs in with a key."""
MFA_USER = "azureuser-mfa"
"""The account that logs in with a password and then a code (keyboard-interactive) and has no key."""
_RSA_BITS = 2048
_KDF_ROUNDS = 4  # a quarter of what ssh-keygen takes: it protects nothing, and each costs 10 ms
_VALID = "-1d", "+30d"

Write = Callable[[str, bytes], Path]


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """What is dear to make, or the same for every stamp of one lab: made once, in a thread."""

    rsa_host_key: asyncssh.SSHKey
    authority: asyncssh.SSHKey
    """Signs the operators' certificates."""
    encrypted: bytes
    """A private key in OpenSSH's format, encrypted."""
    encrypted_public: bytes
    passphrase: str


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """Files an operator logs in with; each has its public half beside it (`NAME.pub`)."""

    plain: Path
    encrypted: Path
    passphrase: str
    certified: Path
    """Not in authorized_keys: its certificate (`NAME-cert.pub`) lets it in."""
    authorized: bytes
    """The authorized_keys of the account that lets all three in."""


def make_shared_keys() -> SharedKeys:
    """Make what all stamps of a lab share. Takes a tenth of a second: not for the event loop."""
    passphrase = secrets.token_urlsafe(12)
    private = ed25519.Ed25519PrivateKey.generate()
    encryption = serialization.PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(_KDF_ROUNDS)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return SharedKeys(
        asyncssh.generate_private_key("ssh-rsa", key_size=_RSA_BITS),
        asyncssh.generate_private_key("ssh-ed25519", comment="operators of the lab"),
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption.build(passphrase.encode())
        ),
        public + b" encrypted\n",
        passphrase,
    )


def make_host_keys(rsa: asyncssh.SSHKey | None = None) -> tuple[asyncssh.SSHKey, ...]:
    """Return the host keys of one machine, the one to compare first (ed25519) at the head."""
    cheap = tuple(asyncssh.generate_private_key(name) for name in ("ssh-ed25519", "ecdsa-sha2-nistp256"))
    return (*cheap, rsa) if rsa is not None else cheap


def write_operator_keys(name: str, shared: SharedKeys, write: Write) -> OperatorKeys:
    """Write the keys of one stamp's operator (0600) as `ssh/NAME-azureuser` and its like."""
    plain = asyncssh.generate_private_key("ssh-ed25519", comment=f"{USER} of {name}")
    certified = asyncssh.generate_private_key("ssh-ed25519", comment=f"{USER} of {name}, by certificate")
    certificate = shared.authority.generate_user_certificate(
        certified, f"operator of {name}", principals=[USER], valid_after=_VALID[0], valid_before=_VALID[1]
    )
    write(f"ssh/{name}-certified-cert.pub", certificate.export_certificate("openssh"))
    write(f"ssh/{name}-encrypted.pub", shared.encrypted_public)
    lines = (
        plain.export_public_key("openssh"),
        shared.encrypted_public,
        b"cert-authority " + shared.authority.export_public_key("openssh"),
    )
    return OperatorKeys(
        _write_pair(f"ssh/{name}-{USER}", plain, write),
        write(f"ssh/{name}-encrypted", shared.encrypted),
        shared.passphrase,
        _write_pair(f"ssh/{name}-certified", certified, write),
        b"".join(lines),
    )


def known_hosts_line(port: int, key: asyncssh.SSHKey) -> bytes:
    """Return the line by which OpenSSH's clients know a host key of this machine."""
    return f"[127.0.0.1]:{port} ".encode() + key.export_public_key("openssh")


def _write_pair(name: str, key: asyncssh.SSHKey, write: Write) -> Path:
    write(f"{name}.pub", key.export_public_key("openssh"))
    return write(name, key.export_private_key("openssh"))
