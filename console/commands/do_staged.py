"""The same change on several stamps from the command line: first, soak, rest; halted when health regresses."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from backends.errors import Refused
from backends.model import inert
from backends.model.proposal import Consent, Proposal, Step
from backends.model.stamp import Protection
from backends.operations.staging import SOAK_S, Staged, StageState
from console.commands.do_asking import ask_consent
from console.commands.do_document import do_document, may_proceed
from console.commands.do_following import follow
from console.commands.do_plan import advice, plan_lines
from console.commands.do_running import Asked, Plan, tell_open_operations
from console.commands.drawing import complain, emit, emit_document, toned
from console.commands.exits import ExitCode
from console.commands.shell import Duration, Shell
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.operations.staging import Staging
    from backends.operations.work import Work
    from console.wiring import Services

SETTLE_S = 30.0
"""How long the fleet may take to be known before the first stamp is touched: health is compared with what it was."""


def soak_option(command: Any) -> Any:
    """Give a command `--soak`, which several stamps are changed with."""
    text = "Between two stamps, when several are named: watch the first so long before the next is begun."
    return click.option("--soak", type=Duration(), default=f"{SOAK_S:g}s", show_default=True, help=text)(command)


def run_staged(shell: Shell, asked: Asked, stamps: tuple[str, ...], plan: Plan, soak_s: float) -> int:
    """Plan the change on every stamp, and with `--write` carry it out on one after another."""
    ending = _Stop()
    return run_until_signal(_run(shell, asked, stamps, plan, soak_s, ending), heed=ending)


class _Stop:
    """The first signal begins no other stamp; the second leaves everything as it is."""

    def __init__(self) -> None:
        self.staging: Staging | None = None
        self._asked = False

    def __call__(self, number: int) -> bool:
        if self.staging is None or self._asked or self.staging.state.value.over:
            return False
        self._asked = True
        self.staging.cancel()
        complain("stopping: no other stamp is begun; once more leaves it as it is")
        return True


async def _run(shell: Shell, asked: Asked, stamps: tuple[str, ...], plan: Plan, soak_s: float, stop: _Stop) -> int:
    from console.wiring import open_services

    if asked.write.armed:
        _demand_names(shell, asked, stamps)
    async with open_services(shell.settings) as services:
        if not asked.write.armed:
            return await _show_plans(services, asked, stamps, plan)
        await tell_open_operations(services)
        await services.fleet.settled(SETTLE_S)
        services.gate.arming.arm()
        title = f"{len(stamps)} stamps in turn"
        staging = stop.staging = services.stager.make(title, stamps, lambda stamp: plan(services, stamp), soak_s)
        made: list[Proposal] = []

        async def agree(work: Work, proposal: Proposal) -> Consent:
            made.append(proposal)
            if asked.output != "json":
                emit(*plan_lines(proposal, asked.write.overrides), "")
            services.gate.arming.arm()  # a soak may take longer than arming lasts; this command was asked to write
            return await ask_consent(proposal, asked.write)

        staged = await _follow(services, staging, agree)
        return _report(services, asked, made, staged)


def _demand_names(shell: Shell, asked: Asked, stamps: tuple[str, ...]) -> None:
    """Refuse before the first stamp is touched when a later one wants its name typed and nobody can be asked."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        return
    for stamp in shell.settings.only(stamps):
        if stamp.protection is Protection.TYPED and stamp.name not in asked.write.typed_names:
            why, todo = "this stamp is protected", f"give --confirm {stamp.name} too"
            raise Refused("refused to begin on any stamp", step=Step.CONFIRM, why=why, todo=todo, stamp=stamp.name)


async def _show_plans(services: Services, asked: Asked, stamps: tuple[str, ...], plan: Plan) -> int:
    proposals = [await services.gate.propose(await plan(services, stamp)) for stamp in stamps]
    overrides = asked.write.overrides
    if asked.output == "json":
        emit_document(do_document([(each, None) for each in proposals], armed=False, overrides=overrides), "json")
    else:
        for each in proposals:
            emit(*plan_lines(each, overrides), "")
    for line in dict.fromkeys(line for each in proposals for line in advice(each, overrides, armed=False)):
        complain(line)
    return ExitCode.WELL if all(may_proceed(each, overrides) for each in proposals) else ExitCode.DEGRADED


async def _follow(services: Services, staging: Staging, agree: Any) -> Staged:
    """Carry it out, its runs and stages told on stderr."""
    tasks = [asyncio.create_task(each) for each in (_tell_runs(services), _tell_stages(staging))]
    try:
        return await staging.carry_out(agree)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell_runs(services: Services) -> None:
    told: set[int] = set()
    async for runs in services.runs.all.follow():
        for run in runs:
            if run.number not in told:
                told.add(run.number)
                await follow(run)


async def _tell_stages(staging: Staging) -> None:
    soaking: set[str] = set()
    async for state in staging.state.follow():
        for stage in state.stages:
            if stage.state is StageState.SOAKING and stage.stamp not in soaking:
                soaking.add(stage.stamp)
                ends = time.strftime("%H:%M:%S", time.localtime(stage.until))
                with contextlib.suppress(OSError):
                    complain(f"{stage.stamp} soaks until {ends} before the next stamp is begun")


def _report(services: Services, asked: Asked, made: list[Proposal], staged: Staged) -> int:
    if asked.output == "json":
        ends = {run.change.stamp: run.status.value.outcome for run in services.runs.all.value}
        pairs = [(each, ends.get(each.change.stamp)) for each in made]
        emit_document(do_document(pairs, armed=True, overrides=asked.write.overrides), "json")
    else:
        for stage in staged.stages:
            tone = {StageState.DONE: "good", StageState.HALTED: "bad"}.get(stage.state, "warn")
            recorded = f"  operation {stage.operation}" if stage.operation else ""
            emit(toned(inert.line(f"{stage.stamp}: {stage.state} {stage.text}{recorded}"), tone))
        emit(toned(inert.line(staged.verdict), "good" if staged.is_well else "bad"))
    return ExitCode.WELL if staged.is_well else ExitCode.ERROR
