"""The runner of jobs on a helper VM: placed there under the name of its own content, and spoken to."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

from backends.errors import Conflict, Malformed, NotFound, ServerFailed, SourceError, Unreachable
from backends.model import inert
from backends.model.helper_vm import Finished

_FOLDER = ".local/state/stampdeck/bin"
_PART = "engines_by_hand.sh"
_NOT_PLACED = 9
_CUT, _NO_JOB, _NO_ROOM, _TAKEN, _OVER = 65, 66, 73, 74, 3


class Stream(Protocol):
    """What a command writes, as it comes; b"" at its end."""

    async def read(self) -> bytes: ...


class Vm(Protocol):
    """What jobs need of a connection to a helper VM; calls raise only SourceError."""

    @property
    def stamp(self) -> str: ...

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished: ...

    def stream(self, command: str) -> AbstractAsyncContextManager[Stream]: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runner wrote after everything the account's start files may have written; `is_over`: too late."""

    output: bytes
    is_over: bool = False


@cache
def runner_text() -> bytes:
    """Return the runner as it is sent: one script, made of its parts."""
    folder = resources.files(__package__)
    part = folder.joinpath(_PART).read_bytes()
    whole, marker, rest = folder.joinpath("runner.sh").read_bytes().partition(b"#include %s\n" % _PART.encode())
    assert marker, f"runner.sh does not include {_PART}"
    return whole + part + rest


@cache
def _digest() -> str:
    return hashlib.sha256(runner_text()).hexdigest()


@cache
def runner_path() -> str:
    """Return where it lies below the home directory: other releases of the console have theirs beside it."""
    return f"{_FOLDER}/jobrun-{_digest()[:12]}.sh"


class Runner:
    """The runner on one helper VM; places itself there when it is not, or was removed.

    The words of a call are letters, digits, `-` and `_` only: the command line is read by whatever shell the account
    has, and seen by everybody on the VM. All else travels as `data`.
    """

    def __init__(self, vm: Vm) -> None:
        self._vm = vm
        self._placed = False

    @property
    def stamp(self) -> str:
        return self._vm.stamp

    async def call(self, verb: str, *words: str, data: bytes = b"", timeout_s: float = 60.0) -> Answer:
        """Run one verb and wait for its answer; raises what the runner says went wrong as a SourceError."""
        for _ in range(2):
            await self._place()
            nonce = secrets.token_hex(12)
            finished = await self._vm.run(_command(nonce, verb, *words), data, timeout_s=timeout_s)
            _, found, output = finished.output.partition(_marker(nonce))
            if found:
                self._check(finished, words[0] if words else "")
                return Answer(output, is_over=finished.status == _OVER)
            self._placed = False  # it never began: it is not there, or does not run
        why = _shown(finished.errors) or _shown(finished.output) or f"exit status {finished.status}"
        todo = "log in there and see what its start files (.bashrc, .profile) do"
        raise Malformed("the helper VM does not run the runner of jobs", why=why, todo=todo, stamp=self.stamp)

    @asynccontextmanager
    async def reading(self, verb: str, *words: str) -> AsyncIterator[Stream]:
        """Run one verb and read what it writes as it comes; the end is the verb's end, whatever ended it."""
        await self._place()
        nonce = secrets.token_hex(12)
        async with self._vm.stream(_command(nonce, verb, *words)) as stream:
            reading = _AfterMarker(stream, _marker(nonce))
            yield reading
            if not reading.began:
                self._placed = False

    async def _place(self) -> None:
        if self._placed:
            return
        path, digest = runner_path(), _digest()
        look = f"sh -c 'cd && case $(sha256sum <{path}) in {digest}*) exit 0;; *) exit {_NOT_PLACED};; esac'"
        finished = await self._vm.run(look)
        if finished.status != 0:
            # A lost connection is the end of the input for `cat`: what is cut short is not put in place.
            place = (
                f"sh -c 'cd && umask 077 && mkdir -p {_FOLDER} && cat >{path}.$$ && case $(sha256sum <{path}.$$) in "
                f"{digest}*) mv -f {path}.$$ {path};; *) rm -f {path}.$$; exit {_CUT};; esac || "
                f"{{ s=$?; rm -f {path}.$$; exit $s; }}'"
            )
            finished = await self._vm.run(place, runner_text())
        if finished.status != 0:
            why = _shown(finished.errors) or f"exit status {finished.status}"
            todo = f"see that ~/{_FOLDER} can be written there: room on the disk, owner, sha256sum"
            raise ServerFailed("cannot place the runner of jobs on the helper VM", why=why, todo=todo, stamp=self.stamp)
        self._placed = True

    def _check(self, finished: Finished, number: str) -> None:
        """Map the runner's exit status to an error; the sentence is its last line on standard error."""
        if finished.status in (0, _OVER):
            return
        said = [line for line in finished.errors.splitlines() if line.startswith(b"jobrun: ")]
        why = _shown(said[-1][8:]) if said else _shown(finished.errors) or f"exit status {finished.status}"
        raise self._failure(finished.status, number, why)

    def _failure(self, status: int, number: str, why: str) -> SourceError:
        where = self.stamp
        if status == _CUT:
            return Unreachable("the upload of a job was cut short", why=why, todo="submit it again", stamp=where)
        if status == _NO_JOB:
            return NotFound(f"no job {number} on the helper VM", why=why, stamp=where)
        if status == _TAKEN:
            return Conflict(f"job {number} was not started", why=why, todo="use another number", stamp=where)
        if status == _NO_ROOM:
            todo = "make room on the VM's disk (df ~), then do it again"
            return ServerFailed("the helper VM cannot keep the files of a job", why=why, todo=todo, stamp=where)
        return ServerFailed("the runner of jobs on the helper VM failed", why=why, stamp=where)


class _AfterMarker:
    """A stream without what came before a marker."""

    def __init__(self, stream: Stream, marker: bytes) -> None:
        self._stream = stream
        self._marker = marker
        self.began = False

    async def read(self) -> bytes:
        before = b""
        while not self.began and (data := await self._stream.read()):
            _, found, after = (before + data).partition(self._marker)
            self.began = bool(found)
            if after:
                return after
            # A start file may write megabytes: only what the marker may begin in is kept.
            before = (before + data)[-len(self._marker) :]
        return await self._stream.read()


def _command(nonce: str, verb: str, *words: str) -> str:
    return " ".join((f'sh "$HOME/{runner_path()}"', nonce, verb, *words))


def _marker(nonce: str) -> bytes:
    return f"@@{nonce}\n".encode()


def _shown(said: bytes) -> str:
    """Return the last line a program wrote, fit to be shown."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return inert.line(lines[-1])[:500] if lines else ""
