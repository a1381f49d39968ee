"""The machine with SSH that the cluster's nodes are reached through, as rotate-certs and get-logs use it.

Simulated: no node of the lab listens where a program of the VM could connect to. A node counts as reached when the
Kubernetes API knows it. What can go wrong before is real: the key's file, whether it is the nodes' key, and the
connection to any host which is not the cluster's. Names are not looked up; the lab has no name service.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import socket
from pathlib import Path

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import file_doing, file_problem, network_error
from backends.lab.engine.kube import Kube, KubeFailure
from backends.lab.engine.model import ApiModel, dict_at
from backends.lab.engine.session import Session

_PORT = 22
_TIMEOUT_S = 10.0
_REFUSED = (
    "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], "
    "no supported methods remain"
)


class Jumpbox:
    """The host of --ssh-host, with the key of --linux-ssh-private-key."""

    def __init__(self, session: Session, model: ApiModel) -> None:
        self._session = session
        self._model = model
        self.host = session.call.text("ssh-host")
        self._key_path = Path(session.call.text("linux-ssh-private-key"))
        self._known = Path(session.home, ".aks-engine-azurestack", "known_hosts")
        self._is_new = False

    def check(self) -> None:
        """Connect once, to see that it works; raises `EngineFailure`."""
        fits = self._fits("creating ssh client config")
        try:
            self._dial(fits)
        except ConnectionError as error:
            raise EngineFailure(f"dialing ssh ({self.host}): {error}") from error

    def reach(self, node: str, kube: Kube) -> None:
        """Connect to a node through it, trying for ten seconds; raises `EngineFailure`."""
        fits = self._fits(": creating SSH client: creating jumpbox client config")
        for attempt in (1, 2):
            try:
                self._dial(fits)
                break
            except ConnectionError as error:
                if attempt == 2:
                    raise EngineFailure(
                        f": creating SSH client: dialing jumpbox ({self.host}): {error}", hides_usage=True
                    ) from error
                self._session.clock.sleep(_TIMEOUT_S)
        try:
            kube.get_node(node)
        except KubeFailure as error:
            if error.status == 404:
                cause = "ssh: rejected: connect failed (Temporary failure in name resolution)"
                raise EngineFailure(
                    f": creating SSH client: dialing host ({node}): {cause}", hides_usage=True
                ) from error

    def _meet(self) -> None:
        """Add the host's key to the engine's known hosts, with a line of the log, unless it is there.

        Raises ConnectionError when another key is.
        """
        digest = hashlib.sha512(f"{self._model.cluster_id} host key".encode()).digest()
        key = f"ssh-rsa {base64.b64encode(digest).decode()}"
        self._known.parent.mkdir(mode=0o700, exist_ok=True)
        held = self._known.read_text() if self._known.exists() else ""
        known = [line.partition(" ")[2] for line in held.splitlines() if line.startswith(f"{self.host} ")]
        if key in known:
            return
        if known:
            log = self._session.streams
            log.error("Strict host key check failed. Remote host identification has changed.")
            log.error(f"Key '{key}' does not match a key known for host {self.host}.")
            raise ConnectionError("ssh: handshake failed: knownhosts: key mismatch")
        try:
            with self._known.open("a") as file:
                file.write(f"\n{self.host} {key}")
        except OSError as error:
            where = file_doing(error, str(self._known))
            raise ConnectionError(f"ssh: handshake failed: writing known_hosts file: {where}") from error
        self._is_new = True
        self._welcome()

    def meet_again(self) -> None:
        """Tell again of a host that was new, as the real one does at the first copy to a node."""
        if self._is_new:
            self._welcome()

    def _welcome(self) -> None:
        self._session.streams.warn(
            f"Permanently added '{self.host}' (ssh-rsa) to the list of known hosts ({self._known})"
        )

    def _dial(self, fits: bool) -> None:
        """Raise ConnectionError, in Go's words, when there is no way in."""
        if self.host.lower() in (self._model.fqdn.lower(), *self._masters()):
            self._meet()
            if not fits:
                raise ConnectionError(_REFUSED)
            return
        try:
            ipaddress.ip_address(self.host)
        except ValueError as error:
            raise ConnectionError(f"dial tcp: lookup {self.host} on 127.0.0.53:53: no such host") from error
        try:
            with socket.create_connection((self.host, _PORT), self._session.clock.real_timeout_s(_TIMEOUT_S)):
                # Somebody's SSH server, but not this cluster's.
                raise ConnectionError(_REFUSED)
        except ConnectionRefusedError as error:
            raise ConnectionError(network_error(error, self.host, _PORT)) from error
        except ConnectionError:
            raise
        except OSError as error:
            raise ConnectionError(network_error(error, self.host, _PORT)) from error

    def _masters(self) -> list[str]:
        count = int(self._model.masters.get("count", 0))
        return [f"k8s-master-{self._model.cluster_id}-{index}" for index in range(count)]

    def _fits(self, doing: str) -> bool:
        """Tell whether the private key is that of the nodes; raises `EngineFailure` when it cannot be read."""
        # 60 ms that only these two commands pay for.
        from cryptography.hazmat.primitives import serialization

        method = f"{doing}: creating public key authentication method"
        try:
            content = self._key_path.read_bytes()
        except OSError as error:
            cause = file_problem(error)
            raise EngineFailure(
                f"{method}: reading ssh private key file: open {self._key_path}: {cause}", hides_usage=doing[0] == ":"
            ) from error
        try:
            is_openssh = b"BEGIN OPENSSH" in content
            load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
            public = load(content, None).public_key()
            line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        except (ValueError, TypeError) as error:
            needs = "encrypted" in str(error)
            cause = "this private key is passphrase protected" if needs else "no key found"
            raise EngineFailure(
                f"{method}: parsing ssh private key content: ssh: {cause}", hides_usage=doing[0] == ":"
            ) from error
        keys = dict_at(dict_at(self._model.properties, "linuxProfile"), "ssh").get("publicKeys") or []
        return any(str(each.get("keyData", "")).split()[:2] == line.decode().split()[:2] for each in keys)
