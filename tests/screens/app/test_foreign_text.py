"""Every screen is fed hostile text from every source; nothing of it may control the terminal or be read as markup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.errors import Unreachable
from backends.model.fleet import ProbeSample, Severity, TimelineEntry, Verdict, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.logs import LogLine
from screens.faults.control import ActiveFault, KnownFault
from screens.places import ContainersPlace, DetailPlace, DoctorPlace, FaultsPlace, LogsPlace, Place, ResourcesPlace
from tests.screens.stage import NOW, Stage, down_stamp, fleet_of, live_stamp, ready, until
from tests.support.fakes import POD_COLUMNS, LogScript, a_row
from tests.support.hostile import HARMFUL, PAYLOADS

EVIL = " ".join(PAYLOADS.values())
NAME = "web\x1b[31m[bold]\u202e-1"


class EvilFaults:
    async def faults(self) -> list[KnownFault]:
        return [KnownFault(f"fault{EVIL}", EVIL, EVIL)]

    async def status(self) -> list[ActiveFault]:
        return [ActiveFault("orlando", f"fault{EVIL}", EVIL)]

    async def set(self, stamp: str, name: str, argument: str = "", for_s: float | None = None) -> None: ...
    async def clear(self, stamp: str, name: str | None = None) -> None: ...


def hostile_stage() -> Stage:
    stage = Stage(clock=SystemClock(), faults=EvilFaults())
    down = SourceState(Health.DOWN, EVIL, EVIL, NOW - 3, NOW - 3, NOW + 3)
    probe = ProbeSample(NOW, False, None, 500, EVIL, EVIL)
    snapshots = (
        live_stamp("orlando", kubernetes_version=EVIL, probes=(probe,)),
        down_stamp("seattle", api=down, location=EVIL),
    )
    stage.fleet.state.set(fleet_of(*snapshots, verdict=Verdict(VerdictLevel.DEGRADED, EVIL, 1, 2)))
    stage.fleet.timeline.append(TimelineEntry(NOW, EVIL, Severity.BAD, EVIL, EVIL))
    pod = {
        "kind": "Pod",
        "metadata": {
            "name": NAME,
            "namespace": "default",
            "labels": {EVIL: EVIL},
            "annotations": {"note": EVIL},
            "ownerReferences": [{"kind": "ReplicaSet", "name": EVIL, "controller": True}],
        },
        "spec": {
            "nodeName": EVIL,
            "containers": [{"name": f"c{EVIL}", "image": EVIL, "env": [{"name": EVIL, "value": EVIL}]}],
        },
        "status": {
            "phase": EVIL,
            "conditions": [{"type": EVIL, "status": "False", "reason": EVIL, "message": EVIL}],
            "containerStatuses": [
                {"name": f"c{EVIL}", "ready": False, "state": {"waiting": {"reason": EVIL, "message": EVIL}}}
            ],
        },
    }
    for name, cluster in stage.clusters.items():
        for kind in ("pods", "pod"):
            cluster.objects[(kind, "default", NAME)] = pod
        cluster.objects[("events", "default", "e")] = {
            "metadata": {"name": "e", "namespace": "default"},
            "type": EVIL,
            "reason": EVIL,
            "message": EVIL,
            "involvedObject": {"kind": "Pod", "name": NAME, "namespace": "default"},
        }
        row = a_row(name, NAME, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, namespace=EVIL, uid="u1")
        cluster.reflection("pods").store.set_columns(POD_COLUMNS)
        cluster.reflection("pods").live(NOW, row)
        cluster.objects[("deployment", "default", "web")] = {
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}},
        }
        cluster.objects[("pods", "default", "web-1")] = {"spec": {"containers": [{"name": "web"}]}}
        logs = cluster.reflection("pods", "default", "app=web")
        logs.store.set_columns(POD_COLUMNS)
        logs.live(NOW, a_row(name, "web-1", "1/1", "Running", 0, "5d", "", "", uid="web-1"))
        lines = [
            LogLine(NOW + n, name, "default", "web-1", "web", text, EVIL) for n, text in enumerate(PAYLOADS.values())
        ]
        cluster.log_scripts[("web-1", "web")] = [LogScript(lines)]
    stage.clusters["seattle"].failing["version"] = Unreachable(EVIL, why=EVIL, todo=EVIL, stamp="seattle")
    return stage


def drawn(app: Any) -> str:
    """Everything the compositor would send, with the links and actions that styles carry."""
    found: list[str] = []
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            found.append(segment.text)
            style = segment.style
            if style is not None and (style.link or "@click" in style.meta):
                found.append("LINK")
    return "".join(found)


PLACES: dict[str, Place | None] = {
    "fleet": None,
    "resources": ResourcesPlace("pods"),
    "one stamp": ResourcesPlace("pods", ("seattle",), filter=EVIL.replace("[", "").replace("(", ""), of=EVIL),
    "detail": DetailPlace("orlando", "pods", NAME, "default"),
    "yaml": DetailPlace("orlando", "pods", NAME, "default", yaml=True),
    "missing": DetailPlace("orlando", "pods", EVIL, "default"),
    "containers": ContainersPlace("orlando", "default", NAME),
    "logs": LogsPlace(("orlando", "seattle"), "default", "deployment/web"),
    "wrong target": LogsPlace(("orlando",), "default", EVIL),
    "doctor": DoctorPlace(),
    "faults": FaultsPlace(),
}


@pytest.mark.parametrize("where", PLACES)
async def test_foreign_text_is_inert_on_every_screen(where: str) -> None:
    stage = hostile_stage()
    async with stage.run((160, 50)) as pilot:
        await ready(pilot)
        place = PLACES[where]
        if place is not None:
            stage.app.go(place)
            await until(pilot, lambda: stage.app.screen.place == place)  # type: ignore[attr-defined]
        await seen(pilot, stage, WITNESS.get(where, _web))
        said = drawn(stage.app)
        assert not HARMFUL.search(said), sorted(set(HARMFUL.findall(said)))
        assert "LINK" not in said


def _web(said: str) -> bool:
    return "PWNED" in said or "web" in said


WITNESS: dict[str, Callable[[str], bool]] = {
    "fleet": lambda said: "PWNED" in said and "DOWN" in said,
    "logs": lambda said: "gpj.exe" in said or "EVIL" in said,
    "faults": lambda said: "IN FORCE" in said,
    "doctor": lambda said: "seattle" in said and "PWNED" in said,
}


async def seen(pilot: Any, stage: Stage, witness: Callable[[str], bool]) -> None:
    """Wait until the hostile text has arrived, or the test would prove nothing."""
    await until(pilot, lambda: witness(drawn(stage.app)), "the hostile text")


async def test_messages_and_what_is_copied_are_inert() -> None:
    stage = hostile_stage()
    async with stage.run((160, 50)) as pilot:
        await ready(pilot)
        stage.app.screen.say(EVIL, "error")  # type: ignore[attr-defined]
        await until(pilot, lambda: "[bold]x[/bold]" in drawn(stage.app), "the message")
        assert not HARMFUL.search(drawn(stage.app))
        stage.app.deck.copy(EVIL)
        assert not HARMFUL.search(stage.app.clipboard.replace("\n", ""))
