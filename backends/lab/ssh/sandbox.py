"""The folder a helper VM lives in: a home directory, its programs, its boot id, and the environment of its sessions.

It is a folder and no container: the shell runs as the account of the lab and may go wherever that account may.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from backends.lab.clock import LabClock
from backends.lab.ssh.keys import USER
from backends.lab.ssh.marked import MARK

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

_PROFILE = """\
# Read by login shells.
case $- in *i*)
    PS1='{user}@{name}:$PWD\\$ '
    echo "{what}, of a lab: a real shell, whose home is a folder of this machine."
esac
"""

# What this machine says of its disks, unless the lab says that the VM's is full.
_DF = """\
#!/bin/sh
if [ -e {flag} ]; then
    echo "Filesystem     1024-blocks     Used Available Capacity Mounted on"
    echo "/dev/sda1         30298176 30298176         0     100% /"
    exit 0
fi
PATH={path} exec df "$@"
"""


class Sandbox:
    """One machine's folder, such as `vm/STAMP` in the lab's. `make` it anew before anything else.

    `name` is the machine's in its prompt, `what` is said to who logs in.
    """

    def __init__(self, path: Path, name: str, what: str, clock: LabClock, seed: int) -> None:
        self.path = path
        self._name = name
        self._what = what
        self._clock = clock
        self._seed = seed
        self.is_up = True
        """Whether the machine runs: nothing is started on one that is down."""
        self.was_used = False
        """Whether anything was ever started here, which may have left something running."""
        self.home = path / "home"
        self.programs = path / "bin"
        self.temporary = path / "tmp"
        self._boot_id = path / "boot_id"
        self._trusted = path / "ca.pem"
        self._faults = path / "engine-faults.json"
        self._full = path / "disk-full"
        self.mark_of_folder = f"{path}:"
        """How the marks of every lab that ran in this folder begin."""
        self.mark = f"{self.mark_of_folder}{uuid.uuid4().hex}"
        """What is in the environment of every process of this VM."""

    def make(self, authorized_keys: bytes) -> None:
        """Make the folder and an empty home with the keys of who may log in; an earlier lab's is thrown away."""
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in (self.path, self.home, self.programs, self.temporary, self.home / ".ssh"):
            folder.mkdir(mode=0o700)
        self.write_private(self.authorized_keys, authorized_keys)
        profile = _PROFILE.format(user=USER, name=self._name, what=self._what)
        self.write_private(self.home / ".profile", profile.encode())
        self.add_program("df", _DF.format(flag=shlex.quote(str(self._full)), path=_SYSTEM_PATH))
        self.renew_boot_id()
        self.tell_engine({})

    @property
    def authorized_keys(self) -> Path:
        """The keys that may log in; read anew for each who tries."""
        return self.home / ".ssh" / "authorized_keys"

    def write_private(self, path: Path, content: bytes) -> None:
        """Write one file that only its owner can read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

    def add_program(self, name: str, script: str) -> Path:
        """Put a script where the VM's shell finds it before the machine's own programs."""
        path = self.programs / name
        self.write_private(path, script.encode())
        path.chmod(0o700)
        return path

    def trust(self, authorities: Sequence[Path]) -> None:
        """Let programs that heed SSL_CERT_FILE trust these authorities."""
        self.write_private(self._trusted, b"".join(authority.read_bytes() for authority in authorities))

    def renew_boot_id(self) -> None:
        """Give the VM a boot id it never had, as a start of the machine does."""
        draft = self._boot_id.with_name("boot_id.new")
        self.write_private(draft, f"{uuid.uuid4()}\n".encode())
        draft.replace(self._boot_id)

    def tell_engine(self, faults: Mapping[str, str]) -> None:
        """Tell the engine which of its own faults are in force."""
        draft = self._faults.with_name("engine-faults.new")
        self.write_private(draft, json.dumps(dict(faults)).encode())
        draft.replace(self._faults)

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits on the VM's disk."""
        return self._full.exists()

    def fill(self, full: bool) -> None:
        """Have the disk full from now on, or not."""
        if full:
            self._full.touch(mode=0o600)
        else:
            self._full.unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """Return the environment of a session, as sshd and the machine's settings would make it."""
        return {
            "HOME": str(self.home),
            "USER": USER,
            "LOGNAME": USER,
            "SHELL": "/bin/sh",
            "PATH": f"{self.programs}:{_SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.temporary),
            "SSL_CERT_FILE": str(self._trusted),
            "STAMPDECK_BOOT_ID": str(self._boot_id),
            MARK: self.mark,
            "AKSE_SIM_SPEED": f"{self._clock.speed:g}",
            "AKSE_SIM_EPOCH": f"{self._clock.started_wall_s!r}",
            "AKSE_SIM_SEED": str(self._seed),
            "AKSE_SIM_FAULTS": str(self._faults),
        }
