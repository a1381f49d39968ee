"""A real OpenSSH server on a free port of loopback, with throw-away keys and a home directory of its own.

It runs as whoever runs the tests, who is also the only account it lets in. Everything its sessions start carries a
mark in its environment, by which it is found and ended with the server.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Self

import pytest

from tests.support.peers import require
from tests.support.waiting import wait_until

_PRIVILEGE_SEPARATION = Path("/run/sshd")
_MARK = "STAMPDECK_TEST_SSHD"
HOST_KEYS = ("ed25519", "ecdsa", "rsa")


def find_sshd() -> str | None:
    """Return the path of sshd, which lies outside the usual PATH of an account."""
    return shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


def require_sshd() -> str:
    """Return sshd's path, or skip (or fail) the test."""
    found = find_sshd()
    require(found is not None and shutil.which("ssh-keygen") is not None, "no sshd (package openssh-server)")
    assert found is not None
    return found


@cache
def new_key(kind: str, number: int = 0) -> tuple[str, str]:
    """Return a private key in OpenSSH's format and its public line, the same for the same number in one run."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        size = ["-b", "2048"] if kind == "rsa" else []
        made = ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", f"test {kind} {number}", "-f", str(path)]
        subprocess.run(made, check=True, capture_output=True)
        return path.read_text(), path.with_name("key.pub").read_text()


def write_key(path: Path, kind: str = "ed25519", number: int = 0) -> Path:
    """Write a private key, 0600, and its public half beside it; return its path."""
    private, public = new_key(kind, number)
    path.touch(mode=0o600)
    path.write_text(private)
    path.with_name(path.name + ".pub").write_text(public)
    return path


class Sshd:
    """One server; `user` may log in with `key`. `options` are lines of sshd_config, and come before our own."""

    def __init__(
        self,
        folder: Path,
        *,
        options: Sequence[str] = (),
        host_keys: Sequence[str] = HOST_KEYS,
        number: int = 0,
        user: str = "",
    ) -> None:
        self._program = require_sshd()
        self.folder = folder
        self.options = list(options)
        self.host_keys = tuple(host_keys)
        self.number = number
        self.host = "127.0.0.1"
        self.port = _free_port()
        self.user = user or getpass.getuser()
        self.home = folder / "home"
        self.key = folder / "client_key"
        self.log = folder / "sshd.log"
        self.mark = f"{_MARK}={uuid.uuid4().hex}"
        self._process: subprocess.Popen[bytes] | None = None
        self._sessions: set[int] = set()

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, mode=0o700, exist_ok=True)
        write_key(self.key, number=100 + self.number)
        (self.folder / "authorized_keys").write_text(self.key.with_name("client_key.pub").read_text())
        if self.user != getpass.getuser():
            account = pwd.getpwnam(self.user)
            os.chown(self.home, account.pw_uid, account.pw_gid)
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        self.end_jobs()

    def start(self) -> None:
        """Start it with the options and keys it has now, and wait until it answers."""
        assert self._process is None, "it runs already"
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        config = self._write_config()
        self._process = subprocess.Popen(
            [self._program, "-D", "-f", str(config), "-E", str(self.log)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(self._answers)
        except AssertionError:
            self.stop()
            raise AssertionError(f"sshd did not start: {self.log.read_text()}") from None

    def stop(self) -> None:
        """End the server alone: nobody can connect any more, sessions go on."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)  # no session is begun while they are counted
        self._sessions |= set(_children(self._process.pid))
        self._process.kill()
        self._process.wait()
        self._process = None

    def kill_sessions(self) -> None:
        """End every connection at once, as a VM that goes down does; what was detached goes on."""
        found = set(self._sessions)
        if self._process is not None:
            found |= set(_children(self._process.pid))
        for each in found:
            for process in (*_children(each), each):  # with privilege separation the connection is the child's
                if _command(process).startswith("sshd"):
                    _kill(process)
        wait_until(lambda: not any(_command(each).startswith("sshd:") for each in found))
        self._sessions.clear()

    def kill(self) -> None:
        """End the server and every connection."""
        self.stop()
        self.kill_sessions()

    def restart(self) -> None:
        """Start it again on the same port; sessions of before go on."""
        self.stop()
        self.start()

    def jobs(self) -> list[int]:
        """Processes that sessions of this server started and that still run."""
        return [pid for pid in _processes() if self.mark.encode() in _environment(pid)]

    def end_jobs(self) -> None:
        """Kill whatever sessions of this server started."""

        def none_left() -> bool:
            found = self.jobs()
            for each in found:
                _kill(each)
            return not found

        wait_until(none_left)

    def known_hosts_line(self, kind: str = "ed25519") -> str:
        """The line of known_hosts for this server."""
        _, public = new_key(kind, self.number)
        return f"[{self.host}]:{self.port} {' '.join(public.split()[:2])}\n"

    def _write_config(self) -> Path:
        lines = [
            *self.options,
            f"ListenAddress {self.host}",
            f"Port {self.port}",
            *(f"HostKey {self._host_key(kind)}" for kind in self.host_keys),
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            "PidFile none",
            # Without PAM, an account without a password counts as locked.
            f"UsePAM {'no' if self.user == getpass.getuser() else 'yes'}",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PrintMotd no",
            "LogLevel VERBOSE",
            "MaxStartups 100",
            *([] if any("Subsystem" in each for each in self.options) else [f"Subsystem sftp {_sftp_server()}"]),
            f'SetEnv HOME="{self.home}" {self.mark}',
        ]
        path = self.folder / "sshd_config"
        path.write_text("\n".join(lines) + "\n")
        return path

    def _host_key(self, kind: str) -> Path:
        return write_key(self.folder / f"host_{kind}_{self.number}", kind, self.number)

    def _answers(self) -> bool:
        assert self._process is None or self._process.poll() is None, "sshd ended"
        try:
            with socket.create_connection((self.host, self.port), timeout=5.0) as client:
                client.settimeout(5.0)
                return client.recv(4) == b"SSH-"
        except OSError:
            return False


@contextlib.contextmanager
def running_sshd(
    folder: Path, *, options: Sequence[str] = (), host_keys: Sequence[str] = HOST_KEYS, number: int = 0
) -> Iterator[Sshd]:
    """Run a server with files in `folder` until the context is left, with all it started."""
    folder.mkdir(parents=True, exist_ok=True)
    with Sshd(folder, options=options, host_keys=host_keys, number=number) as server:
        yield server


def ordinary_account() -> str:
    """Return an account without privileges that can log in, when there is one; else skip the test.

    OpenSSH does not pass signals on to the sessions of root.
    """
    if os.geteuid() != 0:
        return getpass.getuser()
    shells = ("/sh", "/bash", "/dash")
    found = [each.pw_name for each in pwd.getpwall() if each.pw_uid != 0 and each.pw_shell.endswith(shells)]
    if not found:
        pytest.skip("the tests run as root, and there is no other account with a shell")
    return found[0]


def login_shell() -> str:
    """The shell that runs the commands of the account."""
    return pwd.getpwuid(os.getuid()).pw_shell


def _sftp_server() -> str:
    usual = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
    return next((each for each in usual if Path(each).exists()), "internal-sftp")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _processes() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _children(parent: int) -> list[int]:
    return [pid for pid in _processes() if (found := _stat(pid)) and int(found[1]) == parent]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while (found := _stat(pid)) and found[0] != "Z" and time.monotonic() < deadline:
        time.sleep(0.005)
