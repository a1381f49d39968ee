"""Our own file of host keys, in OpenSSH's format: read, matched and added to, line by line.

Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". A port other than 22 is part of the name (`[host]:port`), and only
lines for exactly that count, as with OpenSSH. Addresses are not looked up: an address is given to another VM when
one is built anew.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from backends.errors import HostKeyRejected, LocalDiskFailed
from backends.model.helper_vm import HostKey

_SPOKEN = ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one line says about a host: a key that is its own, signs its keys (`authority`), or must not be used."""

    key: asyncssh.SSHKey
    file: Path
    line: int
    authority: bool = False
    revoked: bool = False

    @property
    def place(self) -> str:
        """`FILE line N`."""
        return f"{self.file} line {self.line}"

    def __str__(self) -> str:
        return f"{host_key_of(self.key)} ({self.place})"


def host_key_of(key: asyncssh.SSHKey) -> HostKey:
    """Return a key as a person compares it."""
    return HostKey(key.get_algorithm(), key.get_fingerprint())


def wire_name(host: str, port: int) -> str:
    """Return how the file names a server."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


class KnownHosts:
    """The file, read anew at each question: another console may have added to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def about(self, host: str, port: int) -> tuple[Remembered, ...]:
        """Return what is known of a server; HostKeyRejected names the line that cannot be understood."""
        found = []
        name = wire_name(host, port)
        for number, line in enumerate(self._lines(), start=1):
            found += self._read_line(line, number, name)
        return tuple(found)

    def add(self, host: str, port: int, keys: Sequence[asyncssh.SSHKey], who: str) -> None:
        """Append keys of a server under its hashed name; LocalDiskFailed when the file cannot be written.

        The file is replaced as a whole, 0600, after its content has reached the disk.
        """
        name = _hashed(wire_name(host, port))
        comment = "".join(each if each.isalnum() or each in "@._-" else "_" for each in who)[:64]
        try:
            before = self._text()
            added = "".join(f"{name} {_wire(key)} trusted-by={comment}\n" for key in keys)
            _replace(self.path, before + ("\n" if before and not before.endswith("\n") else "") + added)
        except OSError as error:
            why = f"{self.path} cannot be written ({error.strerror or type(error).__name__})"
            todo = "make room, or give the file to yourself: nothing was remembered"
            raise LocalDiskFailed("the host key was not remembered", why=why, todo=todo) from None

    def _lines(self) -> list[str]:
        try:
            return self._text().split("\n")
        except OSError as error:
            why = f"{self.path} cannot be read ({error.strerror or type(error).__name__})"
            raise HostKeyRejected("no host key can be checked", why=why, todo="make the file readable") from None

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return ""

    def _read_line(self, line: str, number: int, name: str) -> list[Remembered]:
        """Return what a line says about a server; lines of other servers are checked too, as OpenSSH does not."""
        if not line.strip() or line.lstrip().startswith("#"):
            return []
        marker, _, rest = line.strip().partition(" ") if line.lstrip().startswith("@") else ("", "", line.strip())
        words = rest.split(None, 1)
        if len(words) != 2 or marker not in ("", "@cert-authority", "@revoked"):
            raise self._broken(number)
        try:
            key = asyncssh.import_public_key(words[1])
            matched = asyncssh.import_known_hosts(f"{marker} {rest}".strip()).match(name, "", None)
        except (ValueError, asyncssh.Error):
            if _is_of_another_kind(words[1]):
                return []
            raise self._broken(number) from None
        if not any(matched[:3]):
            return []
        return [Remembered(key, self.path, number, marker == "@cert-authority", marker == "@revoked")]

    def _broken(self, number: int) -> HostKeyRejected:
        return HostKeyRejected(
            "no host key can be checked",
            why=f"{self.path} line {number} is not a line of known_hosts",
            todo="correct or remove that line; no connection is made until then",
        )


def _is_of_another_kind(written: str) -> bool:
    """Whether this is a whole key of an algorithm we do not speak, such as DSA: it can never be shown to us."""
    algorithm, _, data = written.partition(" ")
    try:
        decoded = base64.b64decode(data.split()[0], validate=True)
    except (ValueError, IndexError):
        return False
    named = decoded[4 : 4 + int.from_bytes(decoded[:4], "big")]
    return named == algorithm.encode() and not algorithm.startswith(_SPOKEN)


def _wire(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode("ascii").split()[:2])


def _hashed(name: str) -> str:
    salt = os.urandom(20)
    found = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(found).decode()}"


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
