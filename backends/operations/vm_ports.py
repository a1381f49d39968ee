"""What the operations need of helper VMs, of aks-engine there, and of the stamp's own ARM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from backends.model.azure_stack import BaseImage, Deployment, Usage, VirtualMachine
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import EngineCommand
from backends.model.engine.vm_facts import VmFacts
from backends.model.health import SourceState
from backends.model.helper_vm import Finished, HelperVmAccess, HostKey
from backends.model.job import ForeignProcess, JobRequest, JobStatus, Signal
from backends.streams import Cell


class ByteStream(Protocol):
    """What a command on the VM writes, as it comes."""

    async def read(self) -> bytes:
        """Return what came, b"" at its end; raises Unreachable when the connection was lost."""
        ...


class HelperVm(Protocol):
    """One stamp's helper VM over one shared SSH connection. Calls raise only `backends.errors.SourceError`.

    Connects at the first call, again by itself after a loss; a call that was under way then raises Unreachable and
    is not repeated: whether it was done is not known.
    """

    @property
    def stamp(self) -> str: ...
    @property
    def access(self) -> HelperVmAccess: ...
    @property
    def state(self) -> Cell[SourceState]: ...

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        """Run a constant command line with `data` on its standard input and wait for its end."""
        ...

    def stream(self, command: str) -> AbstractAsyncContextManager[ByteStream]:
        """Run a command and read what it writes; leaving the context ends the reading, not what it started."""
        ...

    def reconnect(self) -> None:
        """Try again now, whatever refused us before: something was mended, or a person agrees to be asked."""
        ...

    async def host_keys(self) -> Sequence[HostKey]:
        """Ask the machine for its host keys without logging in: for the operator to compare."""
        ...

    async def trust(self, keys: Sequence[HostKey], who: str) -> None:
        """Remember these keys for it; raises HostKeyChanged when others are remembered already."""
        ...


class Jobs(Protocol):
    """Jobs on one helper VM. Calls raise only SourceError, and are safe to repeat."""

    async def submit(self, request: JobRequest) -> JobStatus:
        """Start it, once however often this is called; returns when it is known to have started or not."""
        ...

    async def status(self, number: str) -> JobStatus: ...

    async def list(self, last: int = 50) -> Sequence[JobStatus]:
        """The newest jobs, newest first, whoever started them."""
        ...

    def follow(self, number: str, mirror: Path, since: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the log as it is appended to `mirror`, from byte `since` or the mirror's end on, until the job is over.

        Losses of the connection are waited out; `HelperVm.state` tells of them. Raises what waiting does not mend:
        Unauthorized, HostKeyRejected, NotFound, LocalDiskFailed.
        """
        ...

    async def is_whole(self, number: str, mirror: Path) -> bool:
        """Compare the mirror with the log on the VM (SHA-256)."""
        ...

    async def cancel(self, number: str, signal: Signal, who: str) -> JobStatus:
        """Send a signal to the whole of a job; Conflict when it is over."""
        ...

    async def foreign(self, folder: str) -> Sequence[ForeignProcess]:
        """Engines at work on an api model in this folder that are no job of ours."""
        ...


class Engine(Protocol):
    """aks-engine on one stamp's helper VM. Calls raise only SourceError."""

    async def version(self) -> str:
        """Return its release, such as `v0.85.0`."""
        ...

    async def offered(self, current: str) -> tuple[str, ...]:
        """Versions it would upgrade this one to, oldest first (`get-versions --version`)."""
        ...

    async def api_model(self) -> ApiModel:
        """Read the cluster's api model; nothing secret comes out of this."""
        ...

    async def look(self, *, probe: bool = True) -> VmFacts:
        """Look at the VM; `probe` also asks ARM, the login and the Kubernetes API from there."""
        ...

    def shown(self, command: EngineCommand, model: ApiModel | None) -> str:
        """Return the command line as a person would type it, without a secret."""
        ...

    def job(self, command: EngineCommand, model: ApiModel | None, number: str, who: str) -> JobRequest:
        """Return the job that carries it out; it copies the api model aside first and mends its modes."""
        ...


class StampArm(Protocol):
    """The stamp's Azure Resource Manager, read only. Calls raise only SourceError."""

    async def machines(self) -> Sequence[VirtualMachine]: ...
    async def has_image(self, image: BaseImage) -> bool: ...
    async def usages(self) -> Sequence[Usage]: ...
    async def deployments(self, last: int = 20) -> Sequence[Deployment]: ...
