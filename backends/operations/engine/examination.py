"""All checks of one stamp's helper VM: the way in first, then the engine, its files, and what it will ask for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from backends.clock import Clock
from backends.errors import SourceError, StampdeckError
from backends.model.age import format_duration
from backends.model.checks import Check, Outcome
from backends.model.engine.vm_facts import VmFacts
from backends.operations.deadline import within
from backends.operations.engine.site import EngineSite
from backends.operations.sources import words_of

T = TypeVar("T")

_log = logging.getLogger(__name__)

_TIMEOUT_S = 60.0
_SKEW_S = 30.0
_FREE_BYTES = 500 * 2**20
_BEHIND = ("aks-engine", "api-model", "credentials", "stamp-arm", "service-principal", "api-from-vm")
_PROBES = (
    ("stamp-arm", "arm", "the stamp's Resource Manager answers the VM"),
    ("service-principal", "login", "the engine's service principal logs in"),
    ("service-principal", "providers", "the engine's service principal is allowed"),
    ("api-from-vm", "kubernetes", "the cluster's API answers the VM"),
)
_WORTH_A_LOOK = "runs of aks-engine are refused until this is mended"


class SiteExamination:
    """Asks everything of one stamp's helper VM once, and tells each check as it ends."""

    def __init__(self, site: EngineSite, clock: Clock, tell: Callable[[Check], None]) -> None:
        self._site = site
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Examine the VM and the stamp's own Resource Manager side by side; raises nothing."""
        await asyncio.gather(self._vm(), self._resource_manager())

    async def _vm(self) -> None:
        began_s = self._clock.monotonic()
        facts = await self._asked("helper-vm", "the helper VM is not reached", self._site.engine.look())
        if facts is None:
            for source in _BEHIND:
                self._say(source, Outcome.OFF, "not asked", "the helper VM is not reached")
            return
        self._machine(facts, began_s)
        self._credentials(facts)
        await asyncio.gather(self._engine(), self._model())

    def _machine(self, facts: VmFacts, began_s: float) -> None:
        hop = self._site.vm.access.hop
        what, trouble = f"{hop.user}@{hop.host}: runs there outlive us", _troubles(facts)
        if trouble:
            self._say("helper-vm", Outcome.FAIL, "runs there would not be safe", "; ".join(trouble), _WORTH_A_LOOK)
        elif facts.skew_s is not None and abs(facts.skew_s) > _SKEW_S:
            side = "ahead of" if facts.skew_s > 0 else "behind"
            why = f"its clock is {format_duration(abs(facts.skew_s))} {side} ours"
            self._say("helper-vm", Outcome.WARN, what, why, "look at its time service: logins depend on it")
        elif facts.foreign:
            first = facts.foreign[0]
            why = f"{first.user} runs {first.command} by hand (process {first.pid})"
            self._say("helper-vm", Outcome.WARN, what, why, "runs are refused until it ends")
        else:
            self._say("helper-vm", Outcome.OK, what, elapsed_s=self._clock.monotonic() - began_s)

    def _credentials(self, facts: VmFacts) -> None:
        if facts.credential_modes:
            self._say("credentials", Outcome.WARN, "of the engine", "; ".join(facts.credential_modes))
        for source, name, what in _PROBES:
            probe = facts.probes.get(name)
            if probe is None:
                if source == "service-principal" and name == "providers":
                    continue
                self._say(source, Outcome.OFF, "not asked", "", "")
            elif probe.ok:
                said = f"{what}: {probe.evidence}" if name == "arm" else probe.evidence or what
                self._say(source, Outcome.OK, said)
            else:
                self._say(source, Outcome.FAIL, f"not so: {what}", probe.evidence, _WORTH_A_LOOK)

    async def _engine(self) -> None:
        began_s = self._clock.monotonic()
        release = await self._asked("aks-engine", "the engine does not answer", self._site.engine.version())
        if release is not None:
            self._say("aks-engine", Outcome.OK, release, elapsed_s=self._clock.monotonic() - began_s)

    async def _model(self) -> None:
        began_s = self._clock.monotonic()
        model = await self._asked("api-model", "the api model could not be read", self._site.engine.api_model())
        if model is None:
            return
        what = f"{model.dns_prefix} at {model.version}, {model.path}"
        if model.modes:
            todo = "the next run mends it; until then, chmod them"
            self._say("api-model", Outcome.WARN, what, "; ".join(model.modes), todo)
        else:
            self._say("api-model", Outcome.OK, what, elapsed_s=self._clock.monotonic() - began_s)

    async def _resource_manager(self) -> None:
        if self._site.arm is None:
            why = "fleet.yaml has no azure_stack.reader"
            self._say("resource-manager", Outcome.OFF, "not read by the console", why)
            return
        began_s = self._clock.monotonic()
        what = "the stamp's Resource Manager could not be read"
        found = await self._asked("resource-manager", what, self._site.arm.machines())
        if found is not None:
            took_s = self._clock.monotonic() - began_s
            self._say("resource-manager", Outcome.OK, f"it has {len(found)} machines", elapsed_s=took_s)

    async def _asked(self, source: str, what: str, call: Coroutine[Any, Any, T]) -> T | None:
        """Return an answer; what goes wrong is told, and is nobody else's loss."""
        try:
            return await within(self._clock, call, _TIMEOUT_S)
        except (StampdeckError, TimeoutError) as error:
            why, todo = words_of(error)
            named = error.what if isinstance(error, SourceError) and error.why else what
            self._say(source, Outcome.FAIL, named, why, todo)
        except Exception as error:
            _log.exception("the check %s of %s failed", source, self._site.name)
            self._say(source, Outcome.FAIL, "the check itself failed", *words_of(error))
        return None

    def _say(
        self, source: str, outcome: Outcome, what: str, why: str = "", todo: str = "", elapsed_s: float = 0.0
    ) -> None:
        self._tell(Check(self._site.name, source, outcome, what, why, todo, elapsed_s))


def _troubles(facts: VmFacts) -> list[str]:
    """Return why a run could not live on the VM."""
    found = [f"it lacks {', '.join(facts.missing)}"] if facts.missing else []
    if facts.kills_left_processes:
        found.append("logind ends what a logout leaves (KillUserProcesses=yes)")
    if facts.locks_work is False:
        found.append("locks keep nobody out on the api model's file system")
    if facts.free_bytes is not None and facts.free_bytes < _FREE_BYTES:
        found.append(f"only {facts.free_bytes // 2**20} MiB are free")
    return found
