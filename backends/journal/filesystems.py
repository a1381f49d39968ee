"""Whether a folder is on a network filesystem, where SQLite's shared memory does not work (sqlite.org/wal.html)."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre", "beegfs", "gpfs"),
        *("gfs", "gfs2", "ocfs2", "glusterfs", "vboxsf", "davfs", "virtiofs"),
    )
)
_NETWORK_FUSE = ("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.davfs", "fuse.juicefs")


def is_on_network(folder: Path) -> bool:
    """Whether the folder is on a filesystem shared with other machines; False where it cannot be told."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return is_network(filesystem_of(folder.resolve(), mounts))


def filesystem_of(folder: Path, mounts: str) -> str:
    """Return the type of the filesystem a folder is on, by the text of /proc/self/mountinfo (proc(5)), or nothing."""
    found, depth = "", -1
    for mount in mounts.splitlines():
        place, separator, source = mount.partition(" - ")
        fields = place.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # Of several mounts on one place the last one is seen.
        if folder.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = source.split(" ", 1)[0], len(point.parts)
    return found


def is_network(filesystem: str) -> bool:
    """Whether a filesystem type is shared with other machines."""
    return filesystem in _NETWORK or filesystem.startswith(_NETWORK_FUSE)
