"""Files brought to helper VMs, as changes that pass the gate: proved by SHA-256 there, and written down here."""

from __future__ import annotations

import asyncio
import hashlib
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, Self

from backends.errors import LocalDiskFailed, NotFound, SourceError, UsageError
from backends.model.change import Change, Impact, Target
from backends.model.helper_vm import Finished, HelperVmAccess
from backends.model.proposal import Finding, Preview
from backends.model.run import ItemState
from backends.model.ssh_line import scp_line, shown_hop
from backends.operations.work import PartlyDone, Progress, Verified

Told = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are."""
_HASHED_WITHIN_S = 600.0


class Remote(Protocol):
    """A file there: its whole path and its size in bytes."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...


class Files(Protocol):
    """Moves files between here and one helper VM; raises SourceError, and LocalDiskFailed for files of our own."""

    async def find(self, path: str) -> Remote: ...
    async def put(self, source: Path, path: str, progress: Told | None = None) -> None: ...


class FileHost(Protocol):
    """The helper VM itself; calls raise only SourceError."""

    @property
    def access(self) -> HelperVmAccess: ...

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished: ...


class PutWork:
    """Brings one file; parameters: both paths, its size and its SHA-256 when it was planned."""

    ACTION = "vm-put"

    def __init__(self, change: Change, host: FileHost, files: Files) -> None:
        self._change = change
        self._host = host
        self._files = files
        self._source = Path(str(change.parameters["source"]))
        self._path = str(change.parameters["path"])
        self._sha256 = str(change.parameters["sha256"])
        self._size = int(change.parameters["size"])

    @classmethod
    async def plan(cls, stamp: str, host: FileHost, files: Files, source: Path, path: str) -> Self:
        """Read the file and return the work; LocalDiskFailed when it cannot be read."""
        source = source.absolute()
        if not path or path.endswith("/"):
            path += source.name
        sha256, size = await asyncio.to_thread(_measured, source)
        where = shown_hop(host.access.hop)
        change = Change(
            action=cls.ACTION,
            stamp=stamp,
            target=Target("file", path),
            summary=f"copy {source} to {path} on the helper VM {where} of {stamp}",
            command=scp_line(host.access, str(source), path),
            impact=Impact.CAREFUL,
            parameters={"source": str(source), "path": path, "sha256": sha256, "size": size},
            takes_lock=False,
        )
        return cls(change, host, files)

    @classmethod
    def from_change(cls, change: Change, host: FileHost, files: Files) -> Self:
        """Return the work of a recorded change; KeyError, TypeError or ValueError when it is none."""
        return cls(change, host, files)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Say what it would replace."""
        try:
            there = await self._files.find(self._path)
        except NotFound:
            said = "nothing has that name there now"
        else:
            said = f"{there.path} is there, of {there.size} bytes: it is replaced"
        notes = (f"{self._size} bytes, SHA-256 {self._sha256}", said, "only its owner can read it there (0600)")
        return Preview("", notes)

    async def findings(self) -> tuple[Finding, ...]:
        """Nothing of its own."""
        return ()

    async def act(self, progress: Progress) -> str:
        """Copy it; it takes its name there when its hash is proved, or not at all."""
        shown = -1

        def tell(done: int, total: int) -> None:
            nonlocal shown
            tenths = 10 * done // total if total else 10
            if shown < tenths < 10:
                shown = tenths
                progress.item(self._path, ItemState.WORKING, f"{10 * tenths} %")

        if await asyncio.to_thread(_measured, self._source) != (self._sha256, self._size):
            what, why = "nothing was copied", f"{self._source} is not what it was when this was planned"
            raise PartlyDone(what, why=why, todo="plan it again", stamp=self._change.stamp)
        try:
            await self._files.put(self._source, self._path, tell)
        except (SourceError, LocalDiskFailed) as error:
            todo = error.todo or "try again: nothing has its name there before it is whole"
            raise PartlyDone(error.what, why=error.why, todo=todo, stamp=self._change.stamp) from None
        progress.item(self._path, ItemState.DONE, "100 %")
        return f"copied {self._size} bytes to {self._path}"

    async def verify(self) -> Verified:
        """Hash it there once more, by its name."""
        try:
            there = await self._files.find(self._path)
        except NotFound:
            return Verified(False, f"{self._path} is not there")
        found = await self._host.run(shlex.join(("sha256sum", "--", there.path)), timeout_s=_HASHED_WITHIN_S)
        # Among what a shell may print at its start: nothing prints this by chance.
        if found.status == 0 and self._sha256.encode() in found.output:
            return Verified(True, f"{there.path} has SHA-256 {self._sha256}")
        return Verified(False, f"{there.path} is there, with another content")


class VmFileWorks:
    """Plans copies to the helper VM of any stamp that has one."""

    def __init__(self, hosts: Mapping[str, FileHost], files: Mapping[str, Files]) -> None:
        self._hosts = hosts
        self._files = files

    async def plan_put(self, stamp: str, source: Path, path: str) -> PutWork:
        """Return the work; UsageError without a helper VM, LocalDiskFailed for a file that cannot be read."""
        if stamp not in self._hosts:
            todo = "add helper_vm to this stamp in fleet.yaml"
            raise UsageError("it has no helper VM", todo=todo, stamp=stamp)
        return await PutWork.plan(stamp, self._hosts[stamp], self._files[stamp], source, path)

    def rebuild(self, change: Change) -> PutWork | None:
        """Return the work of a recorded copy; None when the change is none of ours or its stamp has no helper VM."""
        if change.action != PutWork.ACTION or change.stamp not in self._hosts:
            return None
        try:
            return PutWork.from_change(change, self._hosts[change.stamp], self._files[change.stamp])
        except (KeyError, TypeError, ValueError):
            return None


def _measured(source: Path) -> tuple[str, int]:
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return digest, file.tell()
    except OSError as error:
        why = f"{source} cannot be read ({error.strerror or type(error).__name__})"
        raise LocalDiskFailed("nothing was copied", why=why, todo="name a file that can be read") from None
