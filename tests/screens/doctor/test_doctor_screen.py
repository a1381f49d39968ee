"""The doctor's page: a check is chosen with the arrows, and enter leads to what it is about."""

from __future__ import annotations

from functools import partial
from typing import Any

from backends.errors import JournalFailed, Unreachable
from backends.operations.doctor import Doctor
from backends.operations.journal_check import journal_check
from screens.doctor.check_sheet import CheckSheet
from screens.doctor.check_view import SIGN, CheckView
from screens.doctor.screen import DoctorScreen
from screens.places import DoctorPlace, ResourcesPlace
from tests.screens.stage import Stage, ready, screen_text, shows, until
from tests.support.fake_journal import FakeJournal


def view_of(stage: Stage) -> CheckView:
    screen = stage.app.screen
    assert isinstance(screen, DoctorScreen)
    return screen.view


async def choose(pilot: Any, stage: Stage, stamp: str, source: str) -> None:
    view = view_of(stage)
    for _ in range(60):
        chosen = view.chosen
        if chosen is not None and (chosen.stamp, chosen.source) == (stamp, source):
            return
        await pilot.press("down")
    raise AssertionError(f"never came to {source} of {stamp}")


def known(stage: Stage) -> set[tuple[str, str]]:
    """Return (source, stamp) of the checks that ended; a stage's clock stands still, so those that wait never do."""
    screen = stage.app.screen
    assert isinstance(screen, DoctorScreen)
    return {(check.source, check.stamp) for check in screen._checks}


async def examined(pilot: Any, stage: Stage) -> None:
    await ready(pilot)
    stage.app.go(DoctorPlace())
    await until(pilot, lambda: all(("pods", each) in known(stage) for each in stage.app.deck.overview.names))


async def test_enter_on_a_kind_opens_its_table_on_that_stamp() -> None:
    stage = Stage()
    async with stage.run((110, 30)) as pilot:
        await examined(pilot, stage)
        await choose(pilot, stage, "seattle", "pods")
        await pilot.press("enter")
        await until(pilot, lambda: getattr(stage.app.screen, "place", None) == ResourcesPlace("pods", ("seattle",)))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(stage.app.screen, DoctorScreen))
        chosen = view_of(stage).chosen
        assert chosen is not None
        assert (chosen.stamp, chosen.source) == ("seattle", "pods")


async def test_enter_on_the_way_in_shows_all_of_the_check_and_how_to_ask_by_hand() -> None:
    stage = Stage()
    why = "refused " + "again and " * 60 + "again"
    stage.clusters["seattle"].failing["version"] = Unreachable("the API", why=why, todo="start it", stamp="seattle")
    async with stage.run((110, 40)) as pilot:
        await ready(pilot)
        stage.app.go(DoctorPlace())
        await until(pilot, lambda: ("api", "seattle") in known(stage))
        await choose(pilot, stage, "seattle", "api")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(stage.app.screen, CheckSheet))
        await shows(pilot, "by hand", "kubectl", "--context seattle", "start it")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(stage.app.screen, DoctorScreen))
        await choose(pilot, stage, "seattle", "api")
        copied: list[str] = []
        object.__setattr__(stage.app.deck, "copy", copied.append)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(stage.app.screen, CheckSheet))
        await pilot.press("c")
        await until(pilot, lambda: copied)
        assert " ".join(why.split()) in " ".join(copied[0].split())


async def test_the_chosen_check_is_in_view_and_stays_chosen_when_all_is_examined_again() -> None:
    stage = Stage()
    async with stage.run((80, 24)) as pilot:
        await examined(pilot, stage)
        await pilot.press("end")
        view = view_of(stage)
        await until(pilot, lambda: view.chosen is not None and view.chosen.stamp == "seattle")
        last = view.chosen
        assert last is not None
        signed = [text for text in screen_text(stage.app).splitlines() if SIGN.strip() in text and "✓" in text]
        assert len(signed) == 1, "the chosen check is on the screen, and alone has the sign"
        await pilot.press("r")
        await until(pilot, lambda: view.chosen is not None and view.chosen.source == last.source)
        await pilot.press("home")
        await until(pilot, lambda: view.chosen is not None and view.chosen.stamp == "orlando")
        await until(pilot, lambda: int(view.scroll_y) == 0)


async def test_before_the_first_check_ended_enter_opens_nothing() -> None:
    stage = Stage()
    async with stage.run((80, 24)) as pilot:
        await ready(pilot)
        view = CheckView()
        await stage.app.screen.mount(view)
        view.action_choose(1)
        view.action_open()
        assert view.chosen is None


async def test_the_journal_is_examined_before_the_stamps_and_what_is_wrong_with_it_is_said() -> None:
    class Unreadable(FakeJournal):
        async def verify(self) -> Any:
            raise JournalFailed("the journal cannot be read", why="[b]disk I/O error[/b]", todo="look at the disk")

    stage = Stage()
    services: Any = stage.services
    check = partial(journal_check, Unreadable(), lambda author: None)
    services.doctor = Doctor(stage.clusters, {}, stage.clock, of_fleet=(check,))
    async with stage.run((110, 40)) as pilot:
        await examined(pilot, stage)
        await shows(pilot, "the journal cannot be read", "[b]disk I/O error[/b]", "look at the disk")
        titles = [each.strip() for each in screen_text(stage.app).splitlines()]
        assert titles.index("fleet") < titles.index("orlando") < titles.index("seattle")
        await choose(pilot, stage, "", "journal")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(stage.app.screen, CheckSheet))
        await shows(pilot, "stampdeck audit verify")
