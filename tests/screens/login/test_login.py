"""The dialog of a login, driven by keys: what is typed, what is hidden, and what closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from backends.helper_vm.questions import Prompt, Question
from screens.login.dialog import LoginDialog
from screens.login.prompter import ConsolePrompter

TWO = Question(
    "orlando",
    "azureuser@10.0.0.4:22",
    "PAM",
    "Look at [bold]your[/bold] \x1b]0;evil\x07phone",
    (Prompt("Password: "), Prompt("Code: ", echo=True)),
)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.01)
    pytest.fail("did not come")


def shown(app: App[None]) -> str:
    return "\n".join(str(each.render()) for each in app.screen.query(Static))


async def test_every_line_is_asked_and_hidden_where_the_machine_says_so() -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        asking = asyncio.create_task(ConsolePrompter(app).ask(TWO))
        await until(pilot, lambda: isinstance(app.screen, LoginDialog) and app.screen.query(Input))
        text = shown(app)
        assert "orlando: azureuser@10.0.0.4:22 asks" in text and "[bold]your[/bold]" in text
        assert "\x1b" not in text and "\x07" not in text
        assert [each.password for each in app.screen.query(Input)] == [True, False]
        await pilot.press(*"secret", "enter", *"123456", "enter")
        assert await asking == ("secret", "123456")
        await until(pilot, lambda: not isinstance(app.screen, LoginDialog))


async def test_escape_is_no_answer() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        asking = asyncio.create_task(ConsolePrompter(app).ask(TWO))
        await until(pilot, lambda: isinstance(app.screen, LoginDialog) and app.screen.query(Input))
        await pilot.press("escape")
        assert await asking is None


async def test_a_question_nobody_waits_for_any_more_goes_away_and_the_next_comes() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        prompter = ConsolePrompter(app)
        first = asyncio.create_task(prompter.ask(TWO))
        await until(pilot, lambda: isinstance(app.screen, LoginDialog) and app.screen.query(Input))
        old = app.screen
        passphrase = (Prompt("Passphrase for key"),)
        second = asyncio.create_task(prompter.ask(Question("seattle", "u@h:22", "Encrypted key", "", passphrase)))
        first.cancel()
        await until(pilot, lambda: app.screen is not old and "seattle" in shown(app) and app.screen.query(Input))
        await pilot.press(*"horse", "enter")
        assert await second == ("horse",)
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_a_notice_without_prompts_is_agreed_to() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        asking = asyncio.create_task(ConsolePrompter(app).ask(Question("orlando", "u@h:22", "Notice", "be careful")))
        await until(pilot, lambda: isinstance(app.screen, LoginDialog) and "be careful" in shown(app))
        await pilot.press("enter")
        assert await asking == ()
