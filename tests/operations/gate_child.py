"""A console that scales a workload up by one and stands still where a step of the gate begins, to be killed there.

Arguments: fleet.yaml, stamp, and the step's word; `-` stands nowhere. Prints `here` there, else how it ended.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from backends.model.proposal import Consent, Step
from backends.operations.locking import HeldLock
from backends.operations.workload_works.scale import ScaleWork
from console.configuration import load_settings
from console.wiring import open_services
from tests.support.fake_progress import FakeProgress


class Standing(FakeProgress):
    """Stands still for good at the step it was given: the loop and everything on it too."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def enter(self, step: Step, operation: str = "") -> None:
        if step.value == self._step:
            print("here", flush=True)
            while True:
                signal.pause()

    def obey(self, lock: HeldLock | None) -> None:
        pass


async def main(config: str, stamp: str, step: str) -> None:
    async with open_services(load_settings(config)) as services:
        await services.fleet.settled(20)
        cluster = services.everywhere[stamp]
        have = (await cluster.get("deployment", "ratings-web", "default"))["spec"]["replicas"]
        work = await ScaleWork.plan(cluster, "deployment", "ratings-web", "default", have + 1)
        services.gate.arming.arm()
        proposal = await services.gate.propose(work)
        overrides = tuple(each.rule for each in proposal.refusals())
        consent = Consent(True, (stamp,), overrides, "a lab that has just begun")
        outcome = await services.gate.carry_out(work, proposal, consent, Standing(step))
        print(outcome.result, outcome, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
