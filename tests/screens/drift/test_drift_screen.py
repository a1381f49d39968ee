from __future__ import annotations

from typing import Any

from backends.errors import Unreachable
from backends.operations.drift import Drift
from tests.model.test_drift import deployment
from tests.operations.test_drift import node
from tests.screens.stage import Stage, ready, screen_text, shows, until


def stage() -> Stage:
    made = Stage()
    for cluster in made.clusters.values():
        cluster.objects["nodes", "", "n0"] = node("n0", "v1.20.2")
        for word in ("deployments", "deployment"):
            cluster.objects[word, "default", "web"] = deployment()
    services: Any = made.services
    services.drift = Drift(made.clusters)
    return made


async def test_what_differs_is_shown_and_compared_in_detail() -> None:
    made = stage()
    for word in ("deployments", "deployment"):
        made.clusters["seattle"].objects[word, "default", "web"] = deployment("web:v2", 2)
    async with made.run((110, 30)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"drift", "enter")
        await shows(pilot, "deployment/web", "image of web", "web:v1", "web:v2", "2 differ")
        assert "kubelet" not in screen_text(pilot.app)
        await pilot.press("a")
        await shows(pilot, "kubelet versions")
        await pilot.press("a", "enter")
        await shows(pilot, "drift of deployment/web", "spec.replicas")
        await pilot.press("escape")
        await shows(pilot, "image of web")


async def test_a_stamp_that_does_not_answer_is_named() -> None:
    made = stage()
    gone = Unreachable("the API does not answer", stamp="seattle")
    made.clusters["seattle"].failing.update({"version": gone, "list_objects": gone})
    async with made.run((80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"drift", "enter")
        await shows(pilot, "not known: seattle", "nothing differs")
        made.clusters["seattle"].failing.clear()
        await pilot.press("r")
        await until(pilot, lambda: "not known" not in screen_text(pilot.app))
