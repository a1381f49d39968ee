"""What we log in with: the agent's keys, key files with their certificates, and what a person is asked for."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

from backends.clock import Clock
from backends.helper_vm.failures import clean, shown
from backends.helper_vm.questions import Prompt, Prompter, Question
from backends.model.helper_vm import SshHop

_USUAL = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
_PASSPHRASE_TRIES = 3
_FOREVER = 2**64 - 1


@dataclass
class Keyring:
    """Keys decrypted once, for the life of the console: nobody types a passphrase at every reconnection."""

    opened: dict[Path, asyncssh.SSHKey] = field(default_factory=dict)


class Identities:
    """The keys for one login at one server, in the order they are tried; `tried` tells afterwards what became of it."""

    def __init__(self, stamp: str, hop: SshHop, keyring: Keyring, prompter: Prompter | None, clock: Clock) -> None:
        self._stamp = stamp
        self._hop = hop
        self._keyring = keyring
        self._prompter = prompter
        self._clock = clock
        self._agent: asyncssh.SSHAgentClient | None = None
        self._seen: set[bytes] = set()
        self._tried: list[str] = []
        self.asked = False
        """Whether the operator was asked for anything."""
        self.declined = False
        """Whether the operator was asked for something and did not want to answer."""

    @property
    def tried(self) -> tuple[str, ...]:
        """What was tried and what could not be, for people."""
        return tuple(self._tried)

    def note(self, text: str) -> None:
        """Note that something was tried, or why not."""
        self._tried.append(text)

    def close(self) -> None:
        """Let go of the agent."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None

    async def keys(self) -> AsyncIterator[asyncssh.SSHKeyPair]:
        """Yield keys one at a time: named files the agent has, other files, the agent's other keys, encrypted files.

        Servers end a login after a few keys, so what was named comes before what happens to be in an agent; and a
        passphrase is asked for when nothing else helped.
        """
        held = await self._ask_agent()
        files = self._files()
        named = {blob for each in files if (blob := _public_blob(each)) is not None}
        for pair in (each for each in held if each.key_public_data in named):
            yield self._offered(pair, "of the agent")
        locked = []
        for path in files:
            key = self._open(path)
            if key is _LOCKED:
                locked.append(path)
            elif isinstance(key, asyncssh.SSHKey):
                for pair in self._with_certificates(path, key):
                    yield self._offered(pair, f"{path}")
        for pair in (each for each in held if each.key_public_data not in named):
            yield self._offered(pair, "of the agent")
        for path in locked:
            blob = _public_blob(path)
            if blob is not None and blob in self._seen:
                continue
            unlocked = await self._unlock(path)
            if unlocked is not None:
                for pair in self._with_certificates(path, unlocked):
                    yield self._offered(pair, f"{path}")

    def _offered(self, pair: asyncssh.SSHKeyPair, source: str) -> asyncssh.SSHKeyPair:
        self._seen.add(pair.key_public_data)
        kind = "certificate for " if pair.has_cert else ""
        fingerprint = asyncssh.import_public_key(_public_line(pair)).get_fingerprint()
        self.note(f"{kind}{pair.key_algorithm.decode()} {fingerprint} ({source})")
        return pair

    async def _ask_agent(self) -> list[asyncssh.SSHKeyPair]:
        path = os.environ.get("SSH_AUTH_SOCK", "")
        if not self._hop.agent or not path:
            return []
        try:
            self._agent = await asyncssh.connect_agent(path)
            return list(await self._agent.get_keys())
        except (OSError, ValueError, asyncssh.Error) as error:
            self.note(f"the agent at SSH_AUTH_SOCK does not answer ({clean(error) or type(error).__name__})")
            return []

    def _files(self) -> list[Path]:
        if self._hop.key_files:
            return [each.expanduser() for each in self._hop.key_files]
        usual = [Path("~/.ssh").expanduser() / each for each in _USUAL]
        return [each for each in usual if each.exists()]

    def _open(self, path: Path) -> asyncssh.SSHKey | object | None:
        """Return a file's key, `_LOCKED` when it is encrypted, None (and a note) when it cannot be used."""
        if path in self._keyring.opened:
            return self._keyring.opened[path]
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                self.note(f"{path} not used: mode {mode:04o} lets others read the key (chmod 600 {path})")
                return None
            return asyncssh.import_private_key(path.read_bytes())
        except FileNotFoundError:
            self.note(f"{path} not used: it does not exist")
        except OSError as error:
            self.note(f"{path} not used: {error.strerror or type(error).__name__}")
        except asyncssh.KeyEncryptionError as error:
            self.note(f"{path} not used: {clean(error)}")
        except asyncssh.KeyImportError as error:
            if "assphrase" in str(error):
                return _LOCKED
            self.note(f"{path} not used: it is not a private key we understand")
        return None

    async def _unlock(self, path: Path) -> asyncssh.SSHKey | None:
        if self._prompter is None:
            self.note(f"{path} not used: it is encrypted, and there is nobody to ask (load it with ssh-add)")
            return None
        said = ""
        for _ in range(_PASSPHRASE_TRIES):
            prompts = (Prompt(f"Passphrase for {path}"),)
            title = "Encrypted key"
            question = Question(self._stamp, shown(self._hop), title, said, prompts)
            self.asked = True
            answers = await self._prompter.ask(question)
            if not answers:
                self.declined = True
                self.note(f"{path} not used: its passphrase was not given")
                return None
            try:
                key = await asyncio.to_thread(asyncssh.import_private_key, path.read_bytes(), answers[0])
            except (OSError, ValueError):
                said = "That passphrase does not open it."
                continue
            self._keyring.opened[path] = key
            return key
        self.note(f"{path} not used: its passphrase was wrong {_PASSPHRASE_TRIES} times")
        return None

    def _with_certificates(self, path: Path, key: asyncssh.SSHKey) -> list[asyncssh.SSHKeyPair]:
        """Return a key with its certificate (`NAME-cert.pub`) when that is valid now, and without."""
        plain = list(asyncssh.load_keypairs(key))
        file = path.with_name(f"{path.name}-cert.pub")
        if not file.exists():
            return plain
        try:
            data = file.read_bytes()
            why_not = _why_not_valid(data, self._clock.now())
            if not why_not:
                certified = asyncssh.load_keypairs(key, certlist=[asyncssh.import_certificate(data)])
                return [each for each in certified if each.has_cert] + plain
        except (OSError, ValueError) as error:
            why_not = clean(error) or type(error).__name__
        self.note(f"{file} not used: {why_not}")
        return plain


_LOCKED = object()


def _why_not_valid(data: bytes, now: float) -> str:
    """Return why a certificate cannot be used at this time, or nothing; ValueError when it is none."""
    from datetime import UTC, datetime

    found = load_ssh_public_identity(data)
    if not isinstance(found, SSHCertificate):
        return "it is no certificate"

    def told(moment: int) -> str:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")

    if found.valid_before != _FOREVER and now >= found.valid_before:
        return f"the certificate expired at {told(found.valid_before)}: have it signed anew"
    if now < found.valid_after:
        return f"the certificate is valid from {told(found.valid_after)} on"
    return ""


def _public_blob(path: Path) -> bytes | None:
    """Return the public half of a key from `NAME.pub`, or None without that file."""
    try:
        return bytes(asyncssh.read_public_key(path.with_name(f"{path.name}.pub")).public_data)
    except (OSError, ValueError):
        return None


def _public_line(pair: asyncssh.SSHKeyPair) -> bytes:
    import base64

    algorithm = pair.key_algorithm
    return algorithm + b" " + base64.b64encode(pair.key_public_data)
