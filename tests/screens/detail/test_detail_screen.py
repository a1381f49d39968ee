from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Unreachable
from screens.places import DetailPlace, LogsPlace
from screens.text_view import TextView
from tests.screens.stage import NOW, Stage, ready, screen_text, shows, until

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-1",
        "namespace": "default",
        "uid": "u1",
        "labels": {"app": "web"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True, "apiVersion": "apps/v1"}],
    },
    "spec": {"nodeName": "node-0", "containers": [{"name": "web", "image": "registry.example/web:v1"}]},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
        "containerStatuses": [
            {
                "name": "web",
                "ready": False,
                "restartCount": 14,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
            }
        ],
    },
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "token", "namespace": "default", "uid": "u2"},
    "data": {"password": "aHVudGVyMg=="},
}


def detail_stage() -> Stage:
    stage = Stage()
    for kind in ("pods", "pod", "Pod"):
        stage.clusters["orlando"].objects[(kind, "default", "web-1")] = POD
    stage.clusters["orlando"].objects[("secrets", "default", "token")] = SECRET
    return stage


def place_of(stage: Stage) -> Any:
    return stage.app.screen.place  # type: ignore[attr-defined]


PLACE = DetailPlace("orlando", "pods", "web-1", "default")


async def test_what_is_wrong_stands_first() -> None:
    stage = detail_stage()
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(
            pilot, "Why it is unhealthy", "CrashLoopBackOff", "Conditions", "ContainersNotReady", "ReplicaSet/web"
        )
        said = screen_text(stage.app)
        assert said.index("Why it is unhealthy") < said.index("Summary") < said.index("Containers")


async def test_yaml_and_back_by_keys() -> None:
    stage = detail_stage()
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "Summary")
        await pilot.press("y")
        await shows(pilot, "apiVersion: v1", "image: registry.example/web:v1")
        await pilot.press("tab")
        await shows(pilot, "Summary")


async def test_secrets_are_masked_until_asked() -> None:
    stage = detail_stage()
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(DetailPlace("orlando", "secrets", "token", "default", yaml=True))
        await shows(pilot, "kind: Secret", "password:")
        assert "aHVudGVyMg==" not in screen_text(stage.app)
        await pilot.press("x")
        await shows(pilot, "aHVudGVyMg==")
        await pilot.press("x")
        await until(pilot, lambda: "aHVudGVyMg==" not in screen_text(stage.app))


async def test_variables_that_look_like_secrets_are_masked_until_asked() -> None:
    stage = detail_stage()
    env = [{"name": "DB_PASSWORD", "value": "hunter22"}]
    stage.clusters["orlando"].objects[("pods", "default", "web-2")] = {
        **POD,
        "spec": {"containers": [{"name": "web", "env": env}]},
    }
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(DetailPlace("orlando", "pods", "web-2", "default", yaml=True))
        await shows(pilot, "DB_PASSWORD", "x reveal")
        assert "hunter22" not in screen_text(stage.app)
        await pilot.press("x")
        await shows(pilot, "hunter22", "secrets shown")


async def test_search_lights_matches_goes_through_them_and_ends_with_esc() -> None:
    stage = detail_stage()
    async with stage.run((80, 14)) as pilot:
        await ready(pilot)
        stage.app.go(DetailPlace("orlando", "pods", "web-1", "default", yaml=True))
        await shows(pilot, "apiVersion")
        await pilot.press("slash", *"containerstatuses", "enter")
        await shows(pilot, "containerStatuses")
        await pilot.press("n", "N")
        await pilot.press("slash", "left_parenthesis")
        await shows(pilot, "not a regular expression")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert place_of(stage) != PLACE
        await pilot.press("escape")
        await until(pilot, lambda: place_of(stage).crumb == "fleet")


async def test_a_stamp_that_dies_keeps_what_was_read() -> None:
    stage = detail_stage()
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "Summary")
        stage.clusters["orlando"].failing["get"] = Unreachable("reading pod web-1", why="refused", stamp="orlando")
        stage.clock.at = NOW + 20
        await shows(pilot, "reading pod web-1: refused", "Summary", "read 20s ago")
        del stage.clusters["orlando"].failing["get"]
        stage.clock.at = NOW + 30
        await until(pilot, lambda: "refused" not in screen_text(stage.app))


async def test_an_object_that_is_not_there_is_said() -> None:
    stage = detail_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(DetailPlace("orlando", "pods", "gone", "default"))
        await shows(pilot, "not found")


async def test_keys_lead_to_logs_and_owner_and_copy_the_text() -> None:
    stage = detail_stage()
    copied: list[str] = []
    object.__setattr__(stage.app.deck, "copy", copied.append)
    async with stage.run((100, 40)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "Summary")
        await pilot.press("c")
        await until(pilot, lambda: copied)
        assert "Why it is unhealthy" in copied[0]
        await pilot.press("l")
        await until(pilot, lambda: place_of(stage) == LogsPlace(("orlando",), "default", "pod/web-1"))
        await pilot.press("escape", "J")
        await until(pilot, lambda: place_of(stage).name == "web")


async def test_containers_of_a_pod_and_their_logs() -> None:
    from screens.places import ContainersPlace

    stage = detail_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(ContainersPlace("orlando", "default", "web-1"))
        await shows(pilot, "Waiting: CrashLoopBackOff", "registry.example/web:v1", "14")
        await pilot.press("enter")
        await until(pilot, lambda: place_of(stage) == LogsPlace(("orlando",), "default", "pod/web-1", "web"))
        await pilot.press("escape", "p")
        wanted = LogsPlace(("orlando",), "default", "pod/web-1", "web", previous=True)
        await until(pilot, lambda: place_of(stage) == wanted)


async def test_saving_names_the_file(tmp_path: Any) -> None:
    stage = detail_stage()
    async with stage.run((120, 40)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "Summary")
        await pilot.press("ctrl+s")
        await shows(pilot, "saved:")
    from console.saved_texts import save_text

    path = save_text("../../etc/passwd \x1b", ["one", "two\udc00"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.name == "saved"
    assert path.read_text().startswith("one\n")
    assert save_text("../../etc/passwd \x1b", []) != path


@pytest.mark.parametrize("width", [60, 80, 200])
async def test_texts_fit_their_width(width: int) -> None:
    stage = detail_stage()
    async with stage.run((width, 30)) as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "Summary")
        view = stage.app.screen.query_one(TextView)
        assert view.virtual_size.width <= width
