"""The application over a stamp whose nodes are drained, on one clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from backends.operations.gate import Gate
from backends.operations.planner import Planner
from backends.operations.runs import Run, Runs
from backends.operations.stager import Stager
from screens.places import RunPlace, RunsPlace
from screens.runs.list_screen import RunsScreen
from screens.runs.screen import RunScreen
from tests.operations.node_stage import DAEMONS, WEB, NodeStage
from tests.screens.stage import Stage, ready, until
from tests.support.node_objects import a_pod, an_owner


@dataclass
class WritingServices:
    """What the application writes through."""

    gate: Gate
    runs: Runs
    planner: Planner
    stager: Stager


class RunsStage:
    """Real runs through a real gate over fake nodes, behind the real application."""

    def __init__(self) -> None:
        self.nodes = NodeStage()
        self.nodes.cluster.pods(
            a_pod("web-1", owner=WEB),
            a_pod("proxy-1", owner=DAEMONS),
            *(a_pod(f"x{n}-1", owner=an_owner("Gadget", f"x{n}")) for n in range(3)),
        )
        self.copied: list[str] = []
        self.stage = Stage(clock=self.nodes.clock)

    @asynccontextmanager
    async def run(self, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[int]]:
        """Run the application, connected to the runs."""
        async with self.stage.run(size) as pilot:
            await ready(pilot)
            planner = Planner({"orlando": self.nodes.cluster}, self.nodes.clock)
            stager = Stager(self.nodes.gate, self.nodes.runs, self.stage.fleet.state, self.nodes.clock)
            services = WritingServices(self.nodes.gate, self.nodes.runs, planner, stager)
            pilot.app.deck.writing.connect(services)  # type: ignore[attr-defined]
            try:
                yield pilot
            finally:
                await self.nodes.runs.close()

    async def show_list(self, pilot: Pilot[int]) -> RunsScreen:
        """Go to the list of runs by its command."""
        await pilot.press("colon", *"runs", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen), "the runs")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen) and screen.place == RunsPlace()
        return screen

    async def show_run(self, pilot: Pilot[int], run: Run) -> RunScreen:
        """Go to one run, as the application does after a yes."""
        pilot.app.screen.visit(RunPlace(run.number))  # type: ignore[attr-defined]
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        return screen

    async def passes(self, condition: Callable[[], object]) -> None:
        """Let time pass until something is so."""
        await self.nodes.clock.until(condition)
