"""What a job's log says, told as the progress of a run: a part for each machine, a line for what matters."""

from __future__ import annotations

import asyncio

from backends.clock import Clock
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import NodeProgress, NodeStep
from backends.model.fleet import Severity
from backends.model.health import Health
from backends.model.run import ItemState
from backends.operations.deadline import beside
from backends.operations.engine.watch import EngineWatch
from backends.operations.vm_ports import HelperVm
from backends.operations.work import Progress

_STATES = {
    NodeStep.WAITING: ItemState.WAITING,
    NodeStep.READY: ItemState.DONE,
    NodeStep.GONE: ItemState.DONE,
    NodeStep.FAILED: ItemState.FAILED,
}


class Telling:
    """Tells a run what its watch sees, until the job is over."""

    def __init__(self, watch: EngineWatch, vm: HelperVm, progress: Progress, clock: Clock) -> None:
        self._watch = watch
        self._vm = vm
        self._progress = progress
        self._clock = clock
        self._nodes: dict[str, NodeProgress] = {}
        self._alarms = 0

    async def until_over(self) -> None:
        """Return when the job is over; raises what made it impossible to go on watching."""
        async with beside(self._tell_lines(), self._tell_nodes(), self._tell_link()):
            await self._watch.finished()
            await asyncio.sleep(0)
        self._say_nodes()

    async def _tell_lines(self) -> None:
        async for batch in self._watch.lines.follow():
            if batch.lost:
                self._progress.say(f"{batch.lost} lines came faster than they could be told; the log has them")
            for line in batch.items:
                if _matters(line):
                    self._progress.say(line.text, line.severity)

    async def _tell_nodes(self) -> None:
        async for _ in self._watch.progress.follow():
            self._say_nodes()

    async def _tell_link(self) -> None:
        """Say when the connection is lost and when it is back: the job does not mind either."""
        was_lost = False
        async for state in self._vm.state.follow():
            is_lost = state.health in (Health.RETRYING, Health.DOWN)
            if is_lost and not was_lost:
                self._progress.say(f"connection lost, the job runs on: {state.reason}", Severity.WARNING)
            elif was_lost and state.is_live:
                self._progress.say("connected again", Severity.GOOD)
            was_lost = is_lost if is_lost or state.is_live else was_lost

    def _say_nodes(self) -> None:
        progress = self._watch.progress.value
        for node in progress.nodes:
            if self._nodes.get(node.name) != node:
                self._nodes[node.name] = node
                state = _STATES.get(node.step, ItemState.WORKING)
                said = "" if str(node.step) == str(state) else str(node.step)
                self._progress.item(node.name, state, ", ".join(each for each in (said, node.note) if each))
        for alarm in progress.alarms[self._alarms :]:
            self._progress.say(alarm, Severity.BAD)
        self._alarms = len(progress.alarms)


def _matters(line: EngineLine) -> bool:
    return not line.is_noise and not line.is_folded and line.form is not LineForm.USAGE and bool(line.text.strip())
