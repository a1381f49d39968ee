"""Which host key is accepted from a server, and what is said about one that is not. There is no way past it.

The SSH library calls back when it sees a key that is not trusted, also when another one is remembered; it is never
told to go on. What it saw is judged here, after it gave up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncssh

from backends.errors import HostKeyChanged, HostKeyRejected, HostKeyUnknown
from backends.helper_vm.failures import Place, clean, shown
from backends.helper_vm.known_hosts import KnownHosts, Remembered, host_key_of
from backends.model.helper_vm import HostKey

_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_ELLIPTIC = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
PROBED = (("ssh-ed25519",), _ELLIPTIC, _RSA)
"""The algorithms of the keys a server is asked for, one key of each group, the preferred one first."""
_ALL = tuple(each for group in PROBED for each in group)
_CERTIFIED = tuple(f"{each}-cert-v01@openssh.com" for each in _ALL)
_COMPARE = "compare with what the VM's console or its owner says (ssh-keygen -lf), then trust it, or do not"
_NEVER = "find out why before anything else: was the VM built anew, or is someone in between? Nothing was sent"


class HostKeyRule:
    """What is accepted from one server, as of now; raises HostKeyRejected when our file cannot be understood."""

    def __init__(self, place: Place, known_hosts: KnownHosts) -> None:
        self._place = place
        self._file = known_hosts.path
        self._pin = place.hop.host_key
        about = () if self._pin else known_hosts.about(place.hop.host, place.hop.port)
        self._own = tuple(each for each in about if not each.authority and not each.revoked)
        self._authorities = tuple(each for each in about if each.authority and not each.revoked)
        self._revoked = tuple(each for each in about if each.revoked)

    def accepts(self, key: asyncssh.SSHKey) -> bool:
        """Whether a key may be accepted though the library does not know it: only the pinned one."""
        return bool(self._pin) and key.get_fingerprint() == self._pin

    def algorithms(self) -> list[str]:
        """The algorithms to ask for: those of remembered keys first, certificates where an authority is known.

        The others follow, so that a server that has only another key now is told as that, and not as one too old.
        """
        known = {each.key.get_algorithm() for each in self._own}
        first = [each for each in _ALL if each in known or (each in _RSA and "ssh-rsa" in known)]
        certified = list(_CERTIFIED) if self._authorities else []
        return [*certified, *first, *(each for each in _ALL if each not in first)]

    def trusted(self, *_server: Any) -> tuple[list[asyncssh.SSHKey], ...]:
        """Return own keys, authorities' and revoked ones, in the shape the library asks for them."""
        own = [each.key for each in self._own]
        authorities = [each.key for each in self._authorities]
        return own, authorities, [each.key for each in self._revoked], [], [], [], []

    def judge(self, key: asyncssh.SSHKey | None, said: str) -> HostKeyRejected:
        """Return why a key was not accepted; `said` is the library's reason. HostKeyUnknown at first contact."""
        if self._pin:
            return self._changed(key, f"fleet.yaml pins {self._pin}")
        if "revoked" in said.lower():
            return self._is_revoked(key)
        if key is not None and self._own:
            same = [each for each in self._own if each.key.get_algorithm() == key.get_algorithm()]
            remembered = ", ".join(str(each) for each in same or self._own)
            kind = "remembered is" if same else "of that algorithm none is remembered, but"
            return self._changed(key, f"{kind} {remembered}")
        if key is None:
            return self._not_certified(said)
        return self.unknown((host_key_of(key),))

    def unknown(self, offered: Sequence[HostKey]) -> HostKeyUnknown:
        """Return the error of the first contact, with the keys the server has."""
        texts = tuple(str(each) for each in offered)
        why = f"none is remembered; it shows {', '.join(texts)}"
        if self._authorities:
            why += f", none of them certified by {_places(self._authorities)}"
        return HostKeyUnknown(
            f"the host key of {self._place.where} is not known",
            why=why,
            todo=_COMPARE,
            stamp=self._place.stamp,
            offered=texts,
        )

    def contradicts(self, keys: Sequence[asyncssh.SSHKey]) -> HostKeyChanged | None:
        """Return the error for keys that must not be remembered, because other ones are or one is revoked."""
        for key in keys:
            if key in [each.key for each in self._revoked]:
                return self._is_revoked(key)
        if self._own and any(key not in [each.key for each in self._own] for key in keys):
            return self._changed(keys[0], f"remembered is {', '.join(str(each) for each in self._own)}")
        if self._pin and not any(self.accepts(key) for key in keys):
            return self._changed(keys[0], f"fleet.yaml pins {self._pin}")
        return None

    def is_remembered(self, key: asyncssh.SSHKey) -> bool:
        """Whether the file has this key as the server's own, or it is the pinned one."""
        return self.accepts(key) or key in [each.key for each in self._own]

    def _changed(self, key: asyncssh.SSHKey | None, remembered: str) -> HostKeyChanged:
        now = str(host_key_of(key)) if key is not None else "a certificate of another authority"
        return HostKeyChanged(
            f"THE HOST KEY OF {self._place.where} HAS CHANGED",
            why=f"it shows {now}; {remembered}",
            todo=_NEVER,
            stamp=self._place.stamp,
        )

    def _is_revoked(self, key: asyncssh.SSHKey | None) -> HostKeyChanged:
        lines = [each for each in self._revoked if key is None or each.key == key] or list(self._revoked)
        return HostKeyChanged(
            f"the host key of {self._place.where} is revoked",
            why=f"revoked by {', '.join(str(each) for each in lines)}",
            todo=_NEVER,
            stamp=self._place.stamp,
        )

    def _not_certified(self, said: str) -> HostKeyRejected:
        return HostKeyRejected(
            f"the certificate of the host key of {shown(self._place.hop)} is not accepted",
            why=f"{clean(said)}; its authority is in {_places(self._authorities)}",
            todo="let the VM's owner renew the certificate",
            stamp=self._place.stamp,
        )


def _places(lines: Sequence[Remembered]) -> str:
    return ", ".join(each.place for each in lines)
