"""A stamp with a helper VM on fakes: a job a test writes the log and the end of, an engine that knows its api model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import msgspec

from backends.clock import Clock
from backends.errors import NotFound, SourceError, Unreachable
from backends.model.azure_stack import AzureStackAccess
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import EngineCommand, parameters_of
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import EngineProgress, Failure, Retry
from backends.model.engine.vm_facts import VmFacts
from backends.model.health import Health, SourceState
from backends.model.helper_vm import Finished, HelperVmAccess, HostKey, SshHop
from backends.model.job import ForeignProcess, JobRequest, JobState, JobStatus, Signal
from backends.model.room import Room
from backends.operations.engine.operations import EngineOperations
from backends.operations.engine.site import EngineSite
from backends.operations.engine.watch import EngineWatches
from backends.operations.vm_ports import ByteStream
from backends.streams import Cell
from tests.support.engine_facts import a_look, a_model, a_room, cluster_nodes
from tests.support.fake_journal import FakeJournal
from tests.support.fakes import FakeCluster, a_stamp
from tests.support.node_objects import Object


class FakeReader:
    """Implements LogReader: each line is a line; `progress` is what the test sets."""

    def __init__(self, word: str) -> None:
        self.progress = EngineProgress(word)
        self._rest = b""
        self._number = 0

    def feed(self, data: bytes, at: float) -> Sequence[EngineLine]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = []
        for each in whole:
            self._number += 1
            lines.append(EngineLine(self._number, LineForm.PLAIN, each.decode(), at=at))
        return lines

    def close(self) -> Sequence[EngineLine]:
        return self.feed(b"\n", 0.0) if self._rest else ()


class FakeVm:
    """Implements what is looked at of a helper VM."""

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.access = HelperVmAccess(SshHop("10.0.0.4", "azureuser"), api_model="~/_output/k8s/apimodel.json")
        self.state: Cell[SourceState] = Cell(SourceState(Health.LIVE))
        self.keys = (HostKey("ssh-ed25519", "SHA256:" + "x" * 43),)
        self.reconnects = 0
        self.trusted: list[tuple[tuple[HostKey, ...], str]] = []

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        raise Unreachable("nothing is run on a fake VM", stamp=self.stamp)

    def stream(self, command: str) -> AbstractAsyncContextManager[ByteStream]:
        raise Unreachable("nothing is run on a fake VM", stamp=self.stamp)

    def reconnect(self) -> None:
        self.reconnects += 1

    async def host_keys(self) -> Sequence[HostKey]:
        return self.keys

    async def trust(self, keys: Sequence[HostKey], who: str) -> None:
        self.trusted.append((tuple(keys), who))


class FakeJobs:
    """Implements Jobs with one job after another; a test calls `write` and `finish`."""

    def __init__(self) -> None:
        self.submitted: list[JobRequest] = []
        self.statuses: dict[str, JobStatus] = {}
        self.signals: list[tuple[str, Signal, str]] = []
        self.failing: list[SourceError] = []
        """What the next submits raise, in their order."""
        self.refused = ""
        self.whole = True
        self._logs: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def submit(self, request: JobRequest) -> JobStatus:
        if self.failing:
            raise self.failing.pop(0)
        if request.number not in self.statuses:
            self.submitted.append(request)
            state = JobState.REFUSED if self.refused else JobState.RUNNING
            self.statuses[request.number] = JobStatus(
                request.number, state, why="locked", holder=self.refused, meta=request.meta
            )
            self._logs[request.number] = b""
        return self.statuses[request.number]

    async def status(self, number: str) -> JobStatus:
        if number not in self.statuses:
            raise NotFound(f"no job {number}")
        return self.statuses[number]

    async def list(self, last: int = 50) -> Sequence[JobStatus]:
        return tuple(self.statuses.values())

    async def follow(self, number: str, mirror: Path, since: int | None = None) -> AsyncGenerator[bytes, None]:
        mirror.parent.mkdir(parents=True, exist_ok=True)
        mirror.touch()
        offset = mirror.stat().st_size if since is None else since
        while True:
            changed = self._changed
            if data := self._logs[number][offset:]:
                offset += len(data)
                mirror.write_bytes(self._logs[number][:offset])
                yield data
            elif self.statuses[number].state.is_over:
                return
            else:
                await changed.wait()

    async def is_whole(self, number: str, mirror: Path) -> bool:
        return self.whole

    async def cancel(self, number: str, signal: Signal, who: str) -> JobStatus:
        self.signals.append((number, signal, who))
        return self.statuses[number]

    async def foreign(self, folder: str) -> Sequence[ForeignProcess]:
        return ()

    @property
    def number(self) -> str:
        """The job that was submitted last."""
        return self.submitted[-1].number

    def write(self, text: str) -> None:
        """Let the job write."""
        self._logs[self.number] += text.encode()
        self.statuses[self.number] = replace(self.statuses[self.number], size=len(self._logs[self.number]))
        self._wake()

    def finish(self, state: JobState = JobState.EXITED, status: int | None = 0) -> None:
        """Let the job end."""
        self.statuses[self.number] = replace(self.statuses[self.number], state=state, status=status)
        self._wake()


class FakeEngine:
    """Implements Engine on an api model the test replaces."""

    def __init__(self) -> None:
        self.model: ApiModel = a_model()
        self.facts: VmFacts = a_look()
        self.offers: tuple[str, ...] = ("1.34.4",)

    async def version(self) -> str:
        return "v0.85.0"

    async def offered(self, current: str) -> tuple[str, ...]:
        return self.offers

    async def api_model(self) -> ApiModel:
        return self.model

    async def look(self, *, probe: bool = True) -> VmFacts:
        return self.facts

    def shown(self, command: EngineCommand, model: ApiModel | None) -> str:
        return f"aks-engine-azurestack {command.WORD}"

    def job(self, command: EngineCommand, model: ApiModel | None, number: str, who: str) -> JobRequest:
        meta = {"who": who, "operation": command.WORD, "parameters": parameters_of(command)}
        return JobRequest(number, f"exec aks-engine-azurestack {command.WORD}", "~/_output/k8s", meta)


class FakeSiteCluster(FakeCluster):
    """Implements SiteCluster: `lists` are the objects by kind, `away` is raised instead."""

    def __init__(self, stamp: str) -> None:
        super().__init__(stamp)
        self.lists: dict[str, list[Object]] = {"nodes": cluster_nodes()}
        self.away: SourceError | None = None

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[Object]:
        if self.away is not None:
            raise self.away
        return self.lists.get(kind, [])

    async def room(self) -> Room:
        return a_room()


def explain(status: int) -> Failure | None:
    """Explain one exit status."""
    killed = Failure("killed", f"exit status {status}", "it was killed", "look who did", Retry.AFTER, 0)
    return killed if status == 137 else None


class EngineStage:
    """Stamps with everything a run needs; `operations` is what a console has."""

    def __init__(self, folder: Path, clock: Clock, *stamps: str) -> None:
        self.clock = clock
        self.jobs = {name: FakeJobs() for name in stamps}
        self.engines = {name: FakeEngine() for name in stamps}
        self.clusters = {name: FakeSiteCluster(name) for name in stamps}
        self.vms = {name: FakeVm(name) for name in stamps}
        self.readers: list[FakeReader] = []
        self.folder = folder
        self.journal = FakeJournal()
        self.operations = self.console()

    def console(self) -> EngineOperations:
        """Return the operations of one more console on the same machine."""
        stack = AzureStackAccess("https://management.orlando.example", "s", "k8s-orlando", "orlando")
        sites = {
            name: EngineSite(
                msgspec.structs.replace(a_stamp(name), helper_vm=vm.access, azure_stack=stack),
                vm, self.jobs[name], self.engines[name], self.clusters[name],
            )
            for name, vm in self.vms.items()
        }  # fmt: skip
        return EngineOperations(
            sites, EngineWatches(self.folder, self.clock, self._reader, explain), self.journal, self.clock
        )

    def _reader(self, word: str) -> FakeReader:
        self.readers.append(FakeReader(word))
        return self.readers[-1]
