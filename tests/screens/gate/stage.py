"""A dialog over a bare application, with a gate that answers what a test wrote."""

from __future__ import annotations

from typing import Any

from textual.app import App

from backends.model.change import Change, Impact, Permission, Target
from backends.model.proposal import AccessAnswer, Ask, Finding, Level, Preview, Proposal
from backends.operations.armed_period import ArmedPeriods
from backends.operations.arming import Arming
from screens.gate.dialog import Agreement, GateDialog
from screens.glyphs import UNICODE
from screens.themes import THEMES
from tests.screens.stage import StillClock
from tests.support.fake_journal import FakeJournal

CHANGE = Change(
    "scale",
    "orlando",
    Target("deployment", "ratings-web", "default"),
    "scale deployment/ratings-web from 3 to 2 replicas",
    "kubectl --context orlando -n default scale deployment/ratings-web --replicas=2",
    Impact.DISRUPTIVE,
    (Permission("patch", "deployments", "default", "scale"),),
)
DIFF = "--- now\n+++ then\n@@ -4,3 +4,3 @@\n spec:\n-  replicas: 3\n+  replicas: 2"
SERVES = Finding("others-serve", Level.PASS, "seattle answers (12 ms)")
HEALTHY = Finding("others-healthy", Level.REFUSE, "2 of 3 nodes ready", "seattle")
SINGLE = Finding("single-replica", Level.WARN, "deployment/ratings-db has one replica")


def proposal(
    *findings: Finding, ask: Ask = Ask.EACH, problem: str = "", allowed: bool = True, notes: tuple[str, ...] = ()
) -> Proposal:
    access = AccessAnswer(CHANGE.needs[0], allowed, "" if allowed else "RBAC: no role allows it")
    return Proposal(CHANGE, (access,), findings, Preview(DIFF, notes), ask, 0.0, problem)


class StageWork:
    change = CHANGE


class StageGate:
    """Answers every work with the proposal at hand."""

    def __init__(self, answer: Proposal | Exception) -> None:
        self.arming = Arming(StillClock())
        self.journal = FakeJournal()
        self.armed_periods = ArmedPeriods(self.arming, self.journal, StillClock())
        self.answer = answer
        self.asked = 0

    async def propose(self, work: Any) -> Proposal:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class DialogApp(App[None]):
    """Shows one dialog; `result` is a list that holds its answer once there is one."""

    def __init__(self, gate: StageGate) -> None:
        super().__init__()
        self.gate = gate
        self.copied: list[str] = []
        self.result: list[Agreement | None] = []
        for each in THEMES:
            self.register_theme(each)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        async def make() -> Any:
            return StageWork()

        dialog = GateDialog("scale deployment/ratings-web", make, self.gate, UNICODE, self.copied.append)
        self.push_screen(dialog, self.result.append)
