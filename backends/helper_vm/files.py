"""Files taken from a helper VM and brought there, with progress, whole or not at all, and proved by SHA-256.

SFTP where it works; where it is absent, or broken by a shell that prints something at its start, `cat` on a channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shlex
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backends.errors import Conflict, Forbidden, Malformed, NotFound, ServerFailed, SourceError
from backends.helper_vm import failures
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.local_files import LocalFile, all_of, measured, pieces
from backends.helper_vm.transfer import NoSftp
from backends.model import inert
from backends.model.helper_vm import Finished

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are."""
_HASHED_WITHIN_S = 600.0
_NAMES_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the VM: its whole path there and its size in bytes."""

    path: str
    size: int


class VmFiles:
    """Moves files between here and one helper VM; raises SourceError, and LocalDiskFailed for files of our own."""

    def __init__(self, vm: HelperVmConnection) -> None:
        self._vm = vm

    async def find(self, path: str) -> RemoteFile:
        """Return a file's whole path (`~/` is the account's home directory) and size; NotFound, Forbidden."""
        script = 'cd "$HOME" && test -f "$1" && test -r "$1" && p=$(readlink -f "$1") && stat -Lc "%s %n" "$p"'
        found = await self._ask(script, _from_home(path))
        size, _, whole = found.output.decode(errors="surrogateescape").rstrip("\n").partition(" ")
        if found.status != 0 or not size.isdecimal():
            raise await self._why_not(path, found.errors)
        return RemoteFile(whole, int(size))

    async def names(self, folder: str) -> Sequence[str]:
        """Return the plain names in a folder; what would lead out of it, or act on a terminal, is left out."""
        script = 'cd "$HOME" && cd "$1" && find . -maxdepth 1 -type f -print0'
        found = await self._ask(script, _from_home(folder))
        if found.status != 0:
            raise await self._why_not(folder, found.errors)
        names = (each.decode(errors="surrogateescape").removeprefix("./") for each in found.output.split(b"\0"))
        return sorted(each for each in names if is_plain_name(each))[:_NAMES_LIMIT]

    async def get(self, path: str, target: Path, progress: Progress | None = None) -> None:
        """Copy a file from the VM to `target`, 0600; Conflict when it changed meanwhile, then nothing is kept."""
        file = await self.find(path)
        digest, done = hashlib.sha256(), 0
        async with LocalFile(target) as local:
            async for piece in self._read(file):
                await local.write(piece)
                digest.update(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, max(file.size, done))
            if await self._sha256(file.path) != digest.hexdigest():
                why = f"{inert.name(file.path)} is not what was read: it is being written to"
                raise Conflict("not copied", why=why, todo="try again when it is finished", stamp=self._vm.stamp)
            await local.keep()

    async def put(self, source: Path, path: str, progress: Progress | None = None) -> None:
        """Copy a file of ours to a path on the VM, 0600; it takes that name when its hash is proved, or not at all."""
        expected, size = await asyncio.to_thread(measured, source)
        name = path.rpartition("/")[2]
        if not is_plain_name(name):
            what = f"cannot copy to {inert.name(path)}"
            raise NotFound(what, why="it names no file", todo="give a path that ends in a name", stamp=self._vm.stamp)
        script = 'cd "$HOME" && d=$(dirname -- "$1") && cd -- "$d" && pwd -P'
        found = await self._ask(script, _from_home(path))
        if found.status != 0:
            raise await self._why_not(path.rpartition("/")[0] or "~", found.errors)
        folder = found.output.decode(errors="surrogateescape").rstrip("\n")
        temporary = f"{folder}/.{name}.{secrets.token_hex(6)}.part"
        try:
            await self._write(source, temporary, size, progress)
            if await self._sha256(temporary) != expected:
                why = "what arrived there is not what was sent"
                raise Malformed("not copied", why=why, todo="is its disk full? try again", stamp=self._vm.stamp)
            await self._must('test ! -d "$2" || exit 6; sync; mv -f -- "$1" "$2"', temporary, f"{folder}/{name}")
        except BaseException:
            with contextlib.suppress(SourceError):
                await asyncio.shield(self._ask('rm -f -- "$1"', temporary))
            raise

    async def _read(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes, over SFTP or else from `cat`."""
        try:
            async with self._vm.open_transfer() as transfer:
                async for piece in transfer.read(file.path):
                    yield piece
            return
        except NoSftp:
            pass
        marker = _new_marker()
        async with self._vm.stream(_sh(f'echo {marker}; exec cat -- "$1"', file.path)) as output:
            before = b""
            while marker.encode() + b"\n" not in before:
                piece = await output.read()
                if not piece:
                    raise self._cut_short(file)
                before += piece
            yield before.partition(marker.encode() + b"\n")[2]
            while piece := await output.read():
                yield piece

    async def _write(self, source: Path, temporary: str, size: int, progress: Progress | None) -> None:
        told = progress or (lambda done, total: None)
        try:
            async with self._vm.open_transfer() as transfer:
                await transfer.write(pieces(source), temporary, lambda done: told(done, size))
        except NoSftp:
            data = await asyncio.to_thread(all_of, source)
            await self._must('umask 077; set -C; cat > "$1"', temporary, data=data)
            told(size, size)

    async def _sha256(self, path: str) -> str:
        found = await self._ask('sha256sum < "$1"', path, timeout_s=_HASHED_WITHIN_S)
        if found.status != 0:
            raise await self._why_not(path, found.errors)
        return found.output.decode(errors="replace").partition(" ")[0]

    async def _ask(self, script: str, *arguments: str, data: bytes = b"", timeout_s: float = 30.0) -> Finished:
        """Run a script; its output begins after what a shell prints at its start."""
        marker = _new_marker()
        found = await self._vm.run(_sh(f"echo {marker}; {script}", *arguments), data, timeout_s=timeout_s)
        return Finished(found.status, found.output.partition(marker.encode() + b"\n")[2], found.errors)

    async def _must(self, script: str, *arguments: str, data: bytes = b"") -> None:
        found = await self._ask(script, *arguments, data=data, timeout_s=_HASHED_WITHIN_S)
        if found.status != 0:
            raise await self._why_not(arguments[-1], found.errors)

    async def _why_not(self, path: str, errors: bytes) -> SourceError:
        """Look why a path cannot be used and return it as an error."""
        what = f"cannot use {inert.name(path)} on {failures.shown(self._vm.access.hop)}"
        seen = await self._ask('cd "$HOME"; test -e "$1" || exit 4; test -r "$1" || exit 5', _from_home(path))
        said = failures.clean(errors.decode(errors="replace").strip().rpartition("\n")[2])
        if seen.status == 4:
            return NotFound(what, why=said or "it is not there", todo="correct the path", stamp=self._vm.stamp)
        if seen.status == 5:
            return Forbidden(what, why=said or "its mode forbids it", todo="look at its owner", stamp=self._vm.stamp)
        return ServerFailed(what, why=said or "it is no file", todo="look at it on the VM", stamp=self._vm.stamp)

    def _cut_short(self, file: RemoteFile) -> Malformed:
        what = f"cannot read {inert.name(file.path)}"
        return Malformed(what, why="the shell there ended early", todo="look at its start files", stamp=self._vm.stamp)


def is_plain_name(name: str) -> bool:
    """Whether a name from the VM can be used as a file's name here: it leads nowhere else and hides nothing."""
    return bool(name) and name not in (".", "..") and name == Path(name).name and name == inert.name(name)


def _new_marker() -> str:
    """Return a line nobody could know: what comes before it is not ours."""
    return secrets.token_hex(16)


def _sh(script: str, *arguments: str) -> str:
    """Return a command line for any login shell; arguments are never read as part of the script."""
    return shlex.join(("sh", "-c", script, "sh", *arguments))


def _from_home(path: str) -> str:
    """Return a path as seen from the home directory; one that begins with a hyphen cannot be taken for an option."""
    if path == "~":
        return "."
    path = path.removeprefix("~/")
    return path if path.startswith("/") else f"./{path}"
