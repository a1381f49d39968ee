"""The helper VM of one stamp: its folder, its SSH server, and what can go wrong with both."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncssh

from backends.lab.clock import LabClock
from backends.lab.faults import Fault, FaultBoard
from backends.lab.folder import LabFolder
from backends.lab.ssh.keys import (
    MFA_USER,
    USER,
    OperatorKeys,
    SharedKeys,
    known_hosts_line,
    make_host_keys,
    write_operator_keys,
)
from backends.lab.ssh.login import SecondFactor
from backends.lab.ssh.marked import kill_marked, limit_files
from backends.lab.ssh.nodes import FindNode, LabNodes
from backends.lab.ssh.programs import install_engine
from backends.lab.ssh.sandbox import Sandbox
from backends.lab.ssh.server import SshServer
from backends.lab.ssh.session import FULL_DISK_BYTES
from backends.lab.tasks import keep_running

_RESET_EVERY_S = 0.25
_BOOT_S = 45.0
_ENGINE = "engine-"

# Any of these in force decides what the port does; what refuses wins.
_REFUSE = ("ssh-down", "link-cut")
_HANG = ("ssh-hang", "link-black-hole")


class LabHelperVm:
    """A machine to log in to with `ssh`; `start` makes it, `stop` ends everything that runs on it."""

    def __init__(
        self, stamp: str, clock: LabClock, faults: FaultBoard, seed: int, find_node: FindNode = lambda host: None
    ) -> None:
        self.stamp = stamp
        self._clock = clock
        self._faults = faults
        self._seed = seed
        self._factor = SecondFactor(secrets.token_urlsafe(9), f"{secrets.randbelow(1_000_000):06}")
        self._find_node = find_node
        self._server: SshServer
        self._nodes: LabNodes
        self._changed = asyncio.Event()
        self._boot_is_over = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self._boot: asyncio.Task[None] | None = None
        self.sandbox: Sandbox
        self.keys: OperatorKeys
        self.host_keys: tuple[asyncssh.SSHKey, ...] = ()

    async def start(self, folder: LabFolder, shared: SharedKeys, authorities: Sequence[Path], *, version: str) -> None:
        """Make the folder and take connections; programs on the VM trust the authorities.

        `version` is the cluster's, which says what engine is installed. OSError when the folder cannot be written.
        """
        path = folder.path / "vm" / self.stamp
        what = f"Helper VM of {self.stamp}"
        self.sandbox = Sandbox(path, f"helper-{self.stamp}", what, self._clock, self._seed)
        if self.sandbox.path.exists():  # of a lab that was killed
            await asyncio.to_thread(kill_marked, self.sandbox.mark_of_folder, any_beginning=True)
        self.keys = write_operator_keys(self.stamp, shared, folder.write)
        self.sandbox.make(self.keys.authorized)
        self.sandbox.trust(authorities)
        install_engine(self.sandbox, version)
        self.host_keys = make_host_keys(shared.rsa_host_key)
        self._nodes = LabNodes(self.sandbox, self._clock, self._find_node)
        await self._nodes.forget()
        self._server = SshServer(self.stamp, self.sandbox, self._factor, self._nodes.reach)
        await self._server.start(self.host_keys)
        self._faults.listen(self._hear)
        self._follower = keep_running(f"ssh-faults-{self.stamp}", self._follow)

    async def stop(self) -> None:
        """Refuse everybody and end every process of the VM."""
        for task in (self._follower, self._boot):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._follower is not None:
            self.sandbox.is_up = False
            await self._server.stop()
            await self._nodes.stop()
            if self.sandbox.was_used:
                await asyncio.to_thread(kill_marked, self.sandbox.mark)

    @property
    def port(self) -> int:
        """Port of the SSH server on 127.0.0.1."""
        return self._server.wire.port

    @property
    def host_key(self) -> str:
        """Fingerprint of the host key to compare (ed25519), as `ssh-keygen -l` shows it."""
        return self.host_keys[0].get_fingerprint()

    @property
    def known_hosts(self) -> bytes:
        """The lines by which OpenSSH's clients know this machine."""
        return b"".join(known_hosts_line(self.port, key) for key in self.host_keys)

    @property
    def url(self) -> str:
        """Where to log in, and as whom."""
        return f"ssh://{USER}@127.0.0.1:{self.port}"

    @property
    def ssh_config(self) -> str:
        """What OpenSSH's clients need to know, so that `ssh -F DIR/ssh/config STAMP` logs in."""
        lines = (
            f"HostName 127.0.0.1\nPort {self.port}\nUser {USER}\nIdentityFile {_quoted(self.keys.plain)}\n"
            "IdentitiesOnly yes\nStrictHostKeyChecking yes\n"
            f"UserKnownHostsFile {_quoted(self.keys.plain.with_name('known_hosts'))}\nGlobalKnownHostsFile none\n"
        )
        return f"Host {self.stamp}\n" + textwrap.indent(lines, "    ")

    def section(self) -> dict[str, Any]:
        """Return the helper_vm of fleet.yaml."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "key_files": [f"ssh/{self.keys.plain.name}"],
            "agent": False,
            "host_key": self.host_key,
            "api_model": f"~/_output/k8s-{self.stamp}/apimodel.json",
        }

    def description(self) -> dict[str, Any]:
        """Return how to log in, as lab.json lists it."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "key_file": str(self.keys.plain),
            "host_key": self.host_key,
            "host_keys": {key.get_algorithm(): key.get_fingerprint() for key in self.host_keys},
            "encrypted_key": {"file": str(self.keys.encrypted), "passphrase": self.keys.passphrase},
            "certified_key_file": str(self.keys.certified),
            "two_factors": {"user": MFA_USER, "password": self._factor.password, "code": self._factor.code},
            "home": str(self.sandbox.home),
        }

    # Faults

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name == "vm-reboot":
            self._hear_of_reboot(fault, begins)
        elif fault.name == "ssh-cut" and begins:
            self._server.wire.cut(reset=True)
            asyncio.get_running_loop().call_soon(self._faults.clear, "ssh-cut")
        elif fault.name in ("ssh-host-key", "link-reset"):
            self._server.shows_other_keys = self._faults.active("ssh-host-key") is not None
            self._server.wire.cut(reset=True)
        elif fault.name == "vm-disk-full":
            self.sandbox.fill(begins)
            limit_files(self.sandbox.mark, FULL_DISK_BYTES if begins else None)
        elif fault.name.startswith(_ENGINE):
            self.sandbox.tell_engine(self._engine_faults())
        self._settle()
        self._changed.set()

    def _engine_faults(self) -> Mapping[str, str]:
        current = (fault for fault in self._faults.current if fault.name.startswith(_ENGINE))
        return {fault.name.removeprefix(_ENGINE): fault.argument for fault in current}

    async def _follow(self) -> None:
        while True:
            self._changed.clear()
            resets = self._faults.active("link-reset") is not None
            try:
                async with asyncio.timeout(_RESET_EVERY_S if resets else None):
                    await self._changed.wait()
            except TimeoutError:
                self._server.wire.cut(reset=True)

    def _settle(self) -> None:
        if not self.sandbox.is_up or any(self._faults.active(name) for name in _REFUSE):
            self._server.wire.refuse()
            self._server.wire.cut()
        else:
            self._server.wire.listen()
        self._server.wire.hang(any(self._faults.active(name) is not None for name in _HANG))

    def _hear_of_reboot(self, fault: Fault, begins: bool) -> None:
        if not begins:
            self._boot_is_over.set()
        elif self.sandbox.is_up:
            self.sandbox.is_up = False
            self._boot_is_over.clear()
            self._boot = asyncio.create_task(self._reboot(float(fault.argument or _BOOT_S)), name="vm-reboot")

    async def _reboot(self, away_s: float) -> None:
        """Go down with all that runs, stay away for some simulated time, and come up with another boot id."""
        await asyncio.to_thread(kill_marked, self.sandbox.mark)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._boot_is_over.wait(), away_s / self._clock.speed)
        self.sandbox.renew_boot_id()
        self.sandbox.is_up = True
        self._faults.clear("vm-reboot")
        self._settle()


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("%", "%%") + '"'
