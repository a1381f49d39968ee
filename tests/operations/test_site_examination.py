"""The doctor at a helper VM: each check once, what is behind a closed door is not asked, nothing is raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from backends.errors import Forbidden, HostKeyUnknown, NotFound, StampdeckError, Unreachable
from backends.model.azure_stack import MachineState, VirtualMachine
from backends.model.checks import Check, Outcome
from backends.model.engine.api_model import ApiModel, Pool
from backends.model.engine.vm_facts import Probe, VmFacts
from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.job import ForeignProcess
from backends.operations.engine.examination import SiteExamination
from backends.operations.engine.site import EngineSite
from tests.support.clock import ManualClock

READY = VmFacts((), 2**33, 0.1, "boot", False, True, probes={
    "arm": Probe(True, "it names adfs"), "login": Probe(True, "in"), "providers": Probe(True, "may"),
    "kubernetes": Probe(True, "answers 200"),
})  # fmt: skip
MODEL = ApiModel("/m/apimodel.json", "1.33.10", "k8s-orlando", "orlando", "12582595", Pool("master", 3), ())


@dataclass
class FakeSite:
    """A site whose answers are set by the test; an error is raised instead."""

    facts: Any = READY
    release: Any = "v0.85.0"
    model: Any = MODEL
    found: Any = (VirtualMachine("k8s-master-0", "Standard_D2", MachineState.RUNNING),)
    access: HelperVmAccess = field(default_factory=lambda: HelperVmAccess(SshHop("vm.example", "azureuser")))

    async def look(self, *, probe: bool = True) -> Any:
        return _said(self.facts)

    async def version(self) -> Any:
        return _said(self.release)

    async def api_model(self) -> Any:
        return _said(self.model)

    async def machines(self) -> Any:
        return _said(self.found)

    def site(self, *, arm: bool = True) -> EngineSite:
        stamp: Any = type("Named", (), {"name": "orlando"})()
        me: Any = self
        nothing: Any = None
        return EngineSite(stamp, me, nothing, me, nothing, me if arm else None)


def _said(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


async def examine(fake: FakeSite, *, arm: bool = True) -> dict[str, list[Check]]:
    checks: list[Check] = []
    await SiteExamination(fake.site(arm=arm), ManualClock(), checks.append).run()
    found: dict[str, list[Check]] = {}
    for check in checks:
        assert check.stamp == "orlando" and check.what
        found.setdefault(check.source, []).append(check)
    return found


def outcomes(found: dict[str, list[Check]]) -> dict[str, list[Outcome]]:
    return {source: [each.outcome for each in checks] for source, checks in found.items()}


async def test_a_stamp_that_is_ready_passes_every_check() -> None:
    found = await examine(FakeSite())
    assert {each for checks in outcomes(found).values() for each in checks} == {Outcome.OK}
    assert set(found) == {
        "helper-vm", "aks-engine", "api-model", "stamp-arm", "service-principal", "api-from-vm", "resource-manager",
    }  # fmt: skip
    assert found["api-model"][0].what == "k8s-orlando at 1.33.10, /m/apimodel.json"


@pytest.mark.parametrize("error", [Unreachable("no way", why="refused", todo="look"), HostKeyUnknown("new", why="x")])
async def test_behind_a_closed_door_nothing_is_asked(error: StampdeckError) -> None:
    found = await examine(FakeSite(facts=error))
    (vm,) = found["helper-vm"]
    assert (vm.outcome, vm.what, vm.why) == (Outcome.FAIL, error.what, error.why)
    assert outcomes(found)["aks-engine"] == [Outcome.OFF] and found["resource-manager"][0].outcome is Outcome.OK


TROUBLES: Sequence[tuple[VmFacts, str]] = (
    (replace(READY, missing=("flock",)), "it lacks flock"),
    (replace(READY, kills_left_processes=True), "KillUserProcesses"),
    (replace(READY, locks_work=False), "locks keep nobody out"),
    (replace(READY, free_bytes=2**20), "only 1 MiB are free"),
)


@pytest.mark.parametrize(("facts", "why"), TROUBLES, ids=[why for _, why in TROUBLES])
async def test_a_machine_where_runs_are_not_safe_fails(facts: VmFacts, why: str) -> None:
    (vm,) = (await examine(FakeSite(facts=facts)))["helper-vm"]
    assert vm.outcome is Outcome.FAIL and why in vm.why


async def test_what_can_wait_is_a_warning() -> None:
    by_hand = ForeignProcess(7, "root", "aks-engine upgrade", "/m/apimodel.json", 0.0)
    for facts, why in (
        (replace(READY, skew_s=-95.0), "its clock is 95s behind ours"),
        (replace(READY, foreign=(by_hand,)), "root runs aks-engine upgrade by hand (process 7)"),
    ):
        (vm,) = (await examine(FakeSite(facts=facts)))["helper-vm"]
        assert (vm.outcome, vm.why) == (Outcome.WARN, why)
    found = await examine(
        FakeSite(
            facts=replace(READY, credential_modes=("the key can be read by others",)),
            model=replace(MODEL, modes=("m",)),
        )
    )
    assert found["credentials"][0].outcome is Outcome.WARN and found["api-model"][0].outcome is Outcome.WARN


async def test_each_probe_and_question_fails_alone() -> None:
    probes = {**READY.probes, "login": Probe(False, "the client secret has expired"), "kubernetes": Probe(False, "no")}
    del probes["providers"]
    found = await examine(
        FakeSite(
            facts=replace(READY, probes=probes),
            release=NotFound("there is no engine", why="127", todo="install it"),
            model=RuntimeError("a defect"),
            found=Forbidden("may not read", why="403"),
        )
    )
    assert outcomes(found) == {
        "helper-vm": [Outcome.OK],
        "stamp-arm": [Outcome.OK],
        "service-principal": [Outcome.FAIL],
        "api-from-vm": [Outcome.FAIL],
        "aks-engine": [Outcome.FAIL],
        "api-model": [Outcome.FAIL],
        "resource-manager": [Outcome.FAIL],
    }
    assert found["service-principal"][0].why == "the client secret has expired"
    assert found["aks-engine"][0].todo == "install it"


async def test_a_resource_manager_that_is_not_configured_is_off() -> None:
    (check,) = (await examine(FakeSite(), arm=False))["resource-manager"]
    assert check.outcome is Outcome.OFF and "azure_stack.reader" in check.why
