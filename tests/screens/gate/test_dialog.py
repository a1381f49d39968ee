from __future__ import annotations

import pytest

from backends.errors import Unreachable
from backends.model.proposal import Ask, Finding, Level
from screens.gate.dialog import parse_override
from tests.screens.gate.stage import HEALTHY, SERVES, SINGLE, DialogApp, StageGate, proposal
from tests.screens.stage import screen_text, shows, until


def answer(app: DialogApp) -> object:
    return app.result[0] if app.result else "none yet"


async def test_enter_alone_says_no() -> None:
    gate = StageGate(proposal(SERVES))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "others-serve", "replicas: 2", "kubectl --context orlando", "Yes, do it")
        await pilot.press("enter")
        await until(pilot, lambda: app.result == [None])


@pytest.mark.parametrize("key", ["tab", "right", "l"])
async def test_yes_has_to_be_chosen(key: str) -> None:
    gate = StageGate(proposal(SERVES, SINGLE))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "single-replica")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled)
        await pilot.press(key, "enter")
        await until(pilot, lambda: app.result)
        agreed = app.result[0]
        assert agreed is not None
        assert agreed.consent.confirmed
        assert agreed.proposal is gate.answer


async def test_read_only_has_no_yes_until_it_is_armed() -> None:
    app = DialogApp(StageGate(proposal(SERVES)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "read-only: W arms writing")
        await pilot.press("tab", "right", "enter")
        await until(pilot, lambda: app.result == [None])
    app = DialogApp(StageGate(proposal(SERVES)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "read-only: W arms writing")
        await pilot.press("W")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled)
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.result and app.result[0] is not None)


async def test_a_refusal_is_set_aside_by_name_and_reason_only() -> None:
    gate = StageGate(proposal(SERVES, HEALTHY))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "seattle: 2 of 3 nodes ready", "refused by others-healthy")
        await pilot.press("right", "o")
        await pilot.press(*"others-healthy", "enter")
        await shows(pilot, "write it as")
        await pilot.press(*": maintenance window", "enter")
        await shows(pilot, "set aside: others-healthy — maintenance window")
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.result)
        agreed = app.result[0]
        assert agreed is not None
        assert (agreed.consent.overrides, agreed.consent.reason) == (("others-healthy",), "maintenance window")


async def test_esc_in_the_field_leaves_the_field_and_not_the_dialog() -> None:
    gate = StageGate(proposal(HEALTHY))
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "refused by")
        await pilot.press("o", "x")
        await until(pilot, lambda: pilot.app.screen.query_one("#override").display)
        await pilot.press("escape")
        await until(pilot, lambda: not pilot.app.screen.query_one("#override").display)
        assert answer(app) == "none yet"
        await pilot.press("escape")
        await until(pilot, lambda: app.result == [None])


async def test_what_cannot_be_set_aside_cannot() -> None:
    gate = StageGate(proposal(Finding("last-ready-node", Level.REFUSE, "the last one", overridable=False)))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "which cannot be set aside")
        await pilot.press("o")
        assert not pilot.app.screen.query_one("#override").display


async def test_a_protected_stamp_wants_its_name_and_then_still_a_yes() -> None:
    gate = StageGate(proposal(SERVES, ask=Ask.NAME))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "orlando is protected: type its name")
        await pilot.press("tab", *"orland", "enter")
        await shows(pilot, "that is not orlando")
        assert pilot.app.screen.query_one("#yes").disabled
        await pilot.press("o", "enter")
        await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one("#yes"))
        assert answer(app) == "none yet"
        await pilot.press("enter")
        await until(pilot, lambda: app.result)
        agreed = app.result[0]
        assert agreed is not None
        assert agreed.consent.typed_names == ("orlando",)


async def test_a_lost_holder_is_typed_before_its_lock_is_taken_over() -> None:
    held = Finding("stamp-free", Level.REFUSE, "ann@bastion has not renewed it for 4m", "orlando", typed="ann@bastion")
    gate = StageGate(proposal(SERVES, held, ask=Ask.NAME))
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(90, 24)) as pilot:
        await shows(pilot, "type ann@bastion to take the lock over")
        await pilot.press("tab", *"ann@bastion", "enter")
        await shows(pilot, "orlando is protected: type its name")
        await pilot.press(*"orlando", "enter")
        await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one("#yes"))
        await pilot.press("enter")
        await until(pilot, lambda: app.result)
        agreed = app.result[0]
        assert agreed is not None
        assert agreed.consent.typed_names == ("ann@bastion", "orlando")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (proposal(SERVES, problem="orlando: the server refused the dry run"), "it cannot be done as it is"),
        (proposal(SERVES, allowed=False), "your credentials do not allow this"),
    ],
)
async def test_what_cannot_be_done_has_no_yes(made: object, said: str) -> None:
    gate = StageGate(made)  # type: ignore[arg-type]
    gate.arming.arm()
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, said)
        assert pilot.app.screen.query_one("#yes").disabled


async def test_a_cluster_that_does_not_answer_is_said_and_asked_again() -> None:
    gate = StageGate(Unreachable("the API does not answer", why="refused [1/3]", stamp="orlando"))
    app = DialogApp(gate)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "orlando: the API does not answer: refused [1/3]")
        gate.answer = proposal(SERVES)
        await pilot.press("r")
        await shows(pilot, "others-serve")
        await pilot.press("c")
        assert app.copied == [gate.answer.change.command]


async def test_a_long_plan_scrolls_and_keeps_the_question_in_view() -> None:
    notes = tuple(f"pod/ratings-web-{n} goes to k8s-linuxpool-{n % 3}" for n in range(60))
    app = DialogApp(StageGate(proposal(SERVES, notes=notes)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "ratings-web-3 goes", "Yes, do it")
        assert "ratings-web-40" not in screen_text(pilot.app)
        await pilot.press("pagedown", "pagedown")
        await shows(pilot, "ratings-web-40", "Yes, do it")


@pytest.mark.parametrize(
    ("text", "rules", "problem"),
    [
        ("headroom: it is night", ("headroom",), ""),
        ("headroom, others-serve: a: b", ("headroom", "others-serve"), ""),
        ("headroom others-serve : x", ("headroom", "others-serve"), ""),
        ("headroom", (), "write it as"),
        ("headroom:  ", (), "write it as"),
        (": because", (), "write it as"),
        ("nonsense: because", (), "no such refusal: nonsense"),
    ],
)
def test_overrides_are_read(text: str, rules: tuple[str, ...], problem: str) -> None:
    found, _, said = parse_override(text, ["headroom", "others-serve"])
    assert found == rules
    assert problem in said
    assert bool(said) == bool(problem)


async def test_why_there_is_nothing_to_agree_to_is_shown_whole() -> None:
    said = "Operation cannot be fulfilled on deployments.apps ratings-web: please apply your changes to the latest one"
    app = DialogApp(StageGate(Unreachable("cannot edit", why=said, stamp="orlando")))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "latest one")
