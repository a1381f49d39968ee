"""Logs as the engine would write them, at times of a test's choosing."""

from __future__ import annotations

from datetime import UTC, datetime

from backends.aks_engine.log import EngineLog
from backends.model.engine.progress import EngineProgress, NodeProgress, Phase

START = 1_795_421_269.0
"""2026-11-23T08:07:49Z, when every written run starts."""
DIGITS = "10127131"


class LogWriter:
    """Writes a run's log line by line into an `EngineLog`, with a clock that a test moves."""

    def __init__(self, word: str) -> None:
        self.log = EngineLog(word, started_at=START)
        self.elapsed_s = 0.0

    @property
    def progress(self) -> EngineProgress:
        """What was read until now."""
        return self.log.progress

    def phase(self) -> Phase:
        """The stretch it is at."""
        return self.log.progress.phase

    def node(self, name: str) -> NodeProgress:
        """Return a machine by its short name, such as `master-0`."""
        return next(each for each in self.progress.nodes if each.name == machine(name))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.elapsed_s += seconds

    def say(self, *messages: str, fields: str = "") -> None:
        """Write messages of the logger that tells of the work; `<short>` is a machine."""
        moment = datetime.fromtimestamp(START + self.elapsed_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for message in messages:
            self.raw(f'time="{moment}" level=info msg="{_full(message)}"{_full(fields)}')

    def out(self, *messages: str) -> None:
        """Write messages of the other logger."""
        for message in messages:
            self.raw(f"\x1b[36mINFO\x1b[0m[{int(self.elapsed_s):04d}] {_full(message):<44} ")

    def raw(self, *lines: str) -> None:
        """Write lines as they are."""
        self.log.feed("".join(f"{line}\n" for line in lines).encode())

    def deploy(self, name: str, seconds: float) -> None:
        """Write of the deployment of one machine of an upgrade."""
        pool, _, index = name.rpartition("-")
        deployment = f"k8s-upgrade-{pool}-{index}-26-11-23T08.07.53-1556076493"
        self.out(f"Starting ARM Deployment {deployment} in resource group g. This will take some time...")
        self.wait(seconds)
        self.out(f"Finished ARM Deployment ({deployment}). Succeeded")

    def delete(self, name: str, seconds: float) -> None:
        """Write of the deletion of one machine."""
        self.say(f"deleting VM <{name}> in resource group g ...")
        self.wait(seconds)
        self.say(f"deleting managed disk <{name}>_OsDisk_1_abc in resource group g ...")


def machine(name: str) -> str:
    """Return the full name of a machine by its short one."""
    pool, _, index = name.rpartition("-")
    return f"k8s-{pool}-{DIGITS}-{index}"


def _full(text: str) -> str:
    parts = text.split("<")
    return parts[0] + "".join(f"{machine(name)}{rest}" for name, _, rest in (each.partition(">") for each in parts[1:]))
