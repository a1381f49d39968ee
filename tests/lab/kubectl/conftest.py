"""One lab for all kubectl tests of a process, running in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.lab.control import LabControl
from backends.lab.runner import LabOptions, RunningLab, run_lab
from tests.lab.kubectl.printed import Kubectl
from tests.support.peers import require_kubectl

SPEED = 20.0
"""Simulated seconds per second: rollouts and drains take a moment instead of a minute."""
_READY_S = 60.0


class LabThread:
    """Runs a lab until stopped; what goes wrong inside is raised where it is started or stopped."""

    def __init__(self, options: LabOptions) -> None:
        self._options = options
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._running: RunningLab | None = None
        self._thread = threading.Thread(target=self._run, name="lab", daemon=True)

    def start(self) -> RunningLab:
        """Return when everything answers."""
        self._thread.start()
        self._ready.wait(_READY_S)
        if self._failure is not None:
            raise self._failure
        assert self._running is not None, "the lab was not ready in time"
        return self._running

    def stop(self) -> None:
        """End the lab and its thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_READY_S)
        assert not self._thread.is_alive(), "the lab did not stop"
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(run_lab(self._options, self._note_ready, self._stop))
        except BaseException as failure:  # told in the thread that waits
            self._failure = failure
        finally:
            self._ready.set()
            self._loop.close()

    def _note_ready(self, running: RunningLab) -> None:
        self._running = running
        self._ready.set()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab with one stamp."""
    require_kubectl()
    options = LabOptions(tmp_path_factory.mktemp("lab"), speed=SPEED, stamps=1, incidents=False)
    thread = LabThread(options)
    running = thread.start()
    try:
        yield running
    finally:
        thread.stop()


@pytest.fixture(scope="session")
def kubectl(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """kubectl as the administrator of the lab's stamp."""
    return Kubectl(require_kubectl(), kubeconfig_of(lab), tmp_path_factory.mktemp("home"))


@dataclass(frozen=True, slots=True)
class Control:
    """The lab's control for tests that are not asynchronous."""

    control: LabControl

    def fault(self, stamp: str, fault: str) -> None:
        """Begin a fault."""
        asyncio.run(self.control.fault(stamp, fault))

    def clear(self, stamp: str) -> None:
        """End all faults of a stamp."""
        asyncio.run(self.control.clear(stamp))


def control_of(lab: RunningLab) -> Control:
    """Return the control of a running lab."""
    return Control(LabControl.read(lab.directory))


def kubeconfig_of(lab: RunningLab) -> Path:
    """Return the administrator's kubeconfig of the lab's first stamp."""
    return lab.directory / "kube" / f"{lab.stamps[0]}.yaml"
