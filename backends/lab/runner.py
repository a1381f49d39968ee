"""One lab in one process: the simulated stamps with all their servers, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.lab.arm.principals import make_engine_credentials
from backends.lab.certificates import Authority
from backends.lab.clock import LabClock
from backends.lab.control import ControlServer
from backends.lab.estate import StampPlan, plan_stamps
from backends.lab.faults import FaultBoard, refuse_argument
from backends.lab.folder import LabFolder, described
from backends.lab.ssh.keys import make_shared_keys
from backends.lab.stamp import LabStamp
from backends.lab.tasks import keep_running

_EXPIRE_FAULTS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What lab to run; the numbers are per stamp."""

    directory: Path
    """The lab's folder, made 0700 when missing: fleet.yaml, kubeconfigs, lab.json."""
    speed: float = 1.0
    """Simulated seconds per real second, up to 1000."""
    seed: int = 1
    """The same seed gives the same names."""
    stamps: int = 2
    nodes: int | None = None
    """Nodes, masters included; None for a plausible few, or as many as `pods` needs."""
    pods: int | None = None
    """At least so many pods, by filler workloads; None for the application and kube-system alone."""
    version: str = "v1.29.15"
    """The Kubernetes version of every stamp, such as v1.20.2."""
    changes_per_s: float = 0.0
    """Pod changes per real second on each stamp, for measurements; needs `pods`."""
    incidents: bool = True
    """Whether small things happen by themselves now and then: a restart, a rollout, a warning."""


@dataclass(frozen=True, slots=True)
class RunningLab:
    """What answers now: `directory` holds fleet.yaml and lab.json, `addresses` the servers by a short name."""

    directory: Path
    config: Path
    """DIR/fleet.yaml"""
    stamps: tuple[str, ...]
    addresses: dict[str, str]
    """URLs by `STAMP/api`, `STAMP/application`, `STAMP/arm`, `STAMP/ssh` and `control`."""


async def run_lab(
    options: LabOptions,
    on_ready: Callable[[RunningLab], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run the lab until `stop` is set or the task is cancelled; `on_ready` hears when everything answers.

    Leaves no lab.json behind. Raises OSError when the folder cannot be made or written.
    """
    async with open_lab(options) as lab:
        if on_ready is not None:
            on_ready(lab.running)
        await lab.serve(stop or asyncio.Event())


class Lab:
    """A started lab, with its insides in reach for tests: `stamps` by name."""

    def __init__(self, options: LabOptions) -> None:
        if options.changes_per_s and not options.pods:
            raise ValueError("changes_per_s needs filler pods: give pods too")
        self.options = options
        self.clock = LabClock(options.speed)
        self.folder = LabFolder(options.directory)
        plans = plan_stamps(
            options.stamps, seed=options.seed, nodes=options.nodes, pods=options.pods, version=options.version
        )
        self.boards = {plan.name: FaultBoard(plan.name) for plan in plans}
        with _collector_aside():
            self.stamps = {plan.name: self._stamp(plan, adfs=position % 2 == 1) for position, plan in enumerate(plans)}
        self._started = time.monotonic()
        self._living: list[asyncio.Task[None]] = []
        self._token = secrets.token_urlsafe(24)
        self.control = ControlServer(self.boards, self._token, self._describe, time.monotonic, self._refuse)

    def _stamp(self, plan: StampPlan, *, adfs: bool) -> LabStamp:
        options = self.options
        return LabStamp(
            plan,
            self.clock,
            self.boards[plan.name],
            random.Random(f"{options.seed}/{plan.name}"),
            adfs=adfs,
            incidents=options.incidents,
            changes_per_s=options.changes_per_s,
            seed=options.seed,
        )

    async def start(self) -> None:
        """Start every world and server, then announce them in lab.json."""
        self.folder.make()
        self._living = [keep_running(f"stamp-{name}", stamp.world.run) for name, stamp in self.stamps.items()]
        self._living.append(keep_running("expiry of faults", self._expire_faults))
        ssh_keys, engine = await asyncio.gather(
            asyncio.to_thread(make_shared_keys), asyncio.to_thread(make_engine_credentials)
        )
        for name, stamp in self.stamps.items():
            await stamp.start(self.folder, Authority(f"{name}-ca"), ssh_keys, engine)
        await self.control.start()
        self.folder.write_fleet(
            [
                {
                    "name": name,
                    "location": stamp.plan.location,
                    "application": f"{stamp.application_url}/healthz",
                    "helper_vm": stamp.helper_vm.section(),
                    "azure_stack": stamp.arm.section(),
                }
                for name, stamp in self.stamps.items()
            ]
        )
        self._write_ssh_config()
        self.folder.announce(self._document())

    async def stop(self) -> None:
        """Stop every server; what cannot be stopped does not keep the others from it."""
        self.folder.forget()
        for life in self._living:
            life.cancel()
        await asyncio.gather(
            self.control.stop(),
            *(stamp.stop() for stamp in self.stamps.values()),
            *self._living,
            return_exceptions=True,
        )

    async def serve(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; raise what ends a world before that."""
        stopping = asyncio.create_task(stop.wait(), name="lab-stop")
        try:
            await asyncio.wait([stopping, *self._living], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        for life in self._living:
            if life.done():
                life.result()

    @property
    def running(self) -> RunningLab:
        """What answers now."""
        addresses = {"control": self.control.url}
        for name, stamp in self.stamps.items():
            addresses |= {f"{name}/api": stamp.api_url, f"{name}/application": stamp.application_url}
            addresses[f"{name}/arm"] = stamp.arm.url
            addresses[f"{name}/ssh"] = stamp.helper_vm.url
        return RunningLab(self.folder.path, self.folder.config, tuple(self.stamps), addresses)

    def _write_ssh_config(self) -> None:
        machines = [stamp.helper_vm for stamp in self.stamps.values()]
        self.folder.write("ssh/known_hosts", b"".join(machine.known_hosts for machine in machines))
        self.folder.write("ssh/config", "\n".join(machine.ssh_config for machine in machines).encode())

    async def _expire_faults(self) -> None:
        while True:
            await asyncio.sleep(_EXPIRE_FAULTS_EVERY_S)
            for board in self.boards.values():
                board.expire()

    def _refuse(self, stamp: str, name: str, argument: str) -> str:
        return refuse_argument(name, argument) or self.stamps[stamp].refuse(name, argument)

    def _describe(self) -> dict[str, Any]:
        return {
            "stamps": list(self.stamps),
            "speed": self.clock.speed,
            "seed": self.options.seed,
            "now": self.clock.now(),
            "uptime_s": time.monotonic() - self._started,
            "counts": {name: stamp.counts() for name, stamp in self.stamps.items()},
        }

    def _document(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "seed": self.options.seed,
            "speed": self.clock.speed,
            "config": str(self.folder.config),
            "control": {"url": self.control.url, "token": self._token},
            "stamps": {
                name: {
                    "location": stamp.plan.location,
                    "kubernetes": {"url": stamp.api_url, "version": stamp.plan.version, **described(stamp.files)},
                    "application": {
                        "url": stamp.application_url,
                        "https_url": stamp.application_tls_url,
                        "certificate_authority": str(stamp.files.authority),
                    },
                    "azure_stack": stamp.arm.description(),
                    "helper_vm": stamp.helper_vm.description(),
                }
                for name, stamp in self.stamps.items()
            },
        }


@contextlib.contextmanager
def _collector_aside() -> Iterator[None]:
    """Build without Python's cycle collector, and let it leave what was built alone afterwards.

    With 30,000 pods one full collection would stop every server of the lab for more than half a second.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextlib.asynccontextmanager
async def open_lab(options: LabOptions) -> AsyncIterator[Lab]:
    """Start a lab and stop it when the context is left."""
    lab = Lab(options)
    try:
        await lab.start()
        yield lab
    finally:
        await lab.stop()
        gc.unfreeze()
