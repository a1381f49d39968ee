"""The dialog of a login: passphrases, passwords and codes of a second factor, as the machine asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from backends.model import inert

if TYPE_CHECKING:
    from backends.helper_vm.questions import Question

Answers = tuple[str, ...]


class LoginDialog(ModalScreen[Answers | None]):
    """Asks one question; dismissed with an answer for each prompt, or with None when nobody wants to log in.

    What is typed is shown only where the machine says that it may be, and is kept nowhere.
    """

    CSS_PATH = "login.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "not now", show=False),
        Binding("ctrl+q,ctrl+c", "app.quit", "quit", priority=True, show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._is_over = False

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical(id="login"):
            yield Static(f"{inert.name(question.stamp)}: {inert.line(question.host)} asks", id="title", markup=False)
            said = [inert.line(each) for each in (question.title, *question.instructions.splitlines()) if each.strip()]
            yield Static("\n".join(said), id="said", markup=False)
            for prompt in question.prompts:
                yield Static(inert.line(prompt.text.strip()), classes="asked", markup=False)
                yield Input(password=not prompt.echo, compact=True)
            with Horizontal(id="buttons"):
                yield Button("Log in", id="yes", compact=True)
                yield Button("Not now", id="no", compact=True)

    def end(self) -> None:
        """Close it without an answer: the machine waits no longer. Below another screen it closes when that does."""
        self._is_over = True
        if self.is_current:
            self.dismiss(None)

    def on_screen_resume(self) -> None:
        if self._is_over:
            self.dismiss(None)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        """Go to the next line, and on from the last."""
        inputs = list(self.query(Input))
        at = inputs.index(event.input)
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
        else:
            self._answer()

    @on(Button.Pressed, "#yes")
    def _answer(self) -> None:
        self.dismiss(tuple(each.value for each in self.query(Input)))

    @on(Button.Pressed, "#no")
    def action_leave(self) -> None:
        self.dismiss(None)
