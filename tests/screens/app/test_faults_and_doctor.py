from __future__ import annotations

from collections.abc import Sequence

from backends.errors import Unreachable
from screens.faults.control import ActiveFault, KnownFault
from screens.places import FaultsPlace
from tests.screens.stage import Stage, ready, screen_text, shows, until


class StageFaults:
    """Faults that a test can look at."""

    def __init__(self) -> None:
        self.force: dict[tuple[str, str], tuple[str, float | None]] = {}
        self.broken = False

    async def faults(self) -> Sequence[KnownFault]:
        return [KnownFault("api-down", "the API refuses"), KnownFault("api-slow", "answers wait", "seconds")]

    async def status(self) -> Sequence[ActiveFault]:
        if self.broken:
            raise Unreachable("the lab does not answer")
        return [ActiveFault(stamp, name, value, left) for (stamp, name), (value, left) in self.force.items()]

    async def set(self, stamp: str, name: str, argument: str = "", for_s: float | None = None) -> None:
        self.force[(stamp, name)] = (argument, for_s)

    async def clear(self, stamp: str, name: str | None = None) -> None:
        self.force = {key: value for key, value in self.force.items() if key[0] != stamp or name not in (None, key[1])}


async def test_faults_are_broken_and_mended_by_keys() -> None:
    control = StageFaults()
    stage = Stage(faults=control)
    async with stage.run((110, 30)) as pilot:
        await ready(pilot)
        await pilot.press("F")
        await shows(pilot, "api-down", "api-slow", "all is well")
        await pilot.press("enter")
        await until(pilot, lambda: ("orlando", "api-down") in control.force)
        await shows(pilot, "IN FORCE", "1 in force")
        await pilot.press("enter")
        await until(pilot, lambda: not control.force)
        await shows(pilot, "all is well")
        await pilot.press("down", "t")
        await until(pilot, lambda: control.force == {("orlando", "api-slow"): ("", 60.0)})
        await pilot.press("v", *"9", "enter")
        await until(pilot, lambda: control.force == {("orlando", "api-slow"): ("9", None)})
        await pilot.press("X")
        await until(pilot, lambda: not control.force)


async def test_a_lab_that_does_not_answer_is_said() -> None:
    control = StageFaults()
    control.broken = True
    stage = Stage(faults=control)
    async with stage.run((110, 30)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"faults", "enter")
        await until(pilot, lambda: isinstance(stage.app.screen.place, FaultsPlace))  # type: ignore[attr-defined]
        await shows(pilot, "the lab does not answer")


async def test_the_doctor_says_what_is_wrong_and_what_to_do() -> None:
    stage = Stage()
    stage.clusters["seattle"].failing["version"] = Unreachable(
        "the API", why="refused", todo="start it", stamp="seattle"
    )
    async with stage.run((110, 60)) as pilot:
        await ready(pilot)
        await pilot.press("D")
        await shows(pilot, "orlando", "seattle", "✓ ok", "✗ fail", "refused", "start it")
        stage.clusters["seattle"].failing.clear()
        await pilot.press("r")
        await until(pilot, lambda: "✗ fail" not in screen_text(stage.app))
