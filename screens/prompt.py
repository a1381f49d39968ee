"""The line that opens for a command or a filter, with history, completion, and the problem said under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from screens.early_keys import EarlyKeys
from screens.lines import as_content, line
from screens.prompt_log import PromptLog

Completer = Callable[[str], str | None]
_ANSWERED = "answered"


class _Completion(Suggester):
    def __init__(self, completer: Completer) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completer = completer

    async def get_suggestion(self, value: str) -> str | None:
        return self._completer(value)


class PromptInput(Input):
    """The input itself: esc leaves, tab accepts the completion, up and down recall."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("tab", "accept", "complete", show=False),
        Binding("up", "recall(-1)", "older", show=False),
        Binding("down", "recall(1)", "newer", show=False),
    ]

    class Left(Message):
        """Esc was pressed."""

    class Recalled(Message):
        """An older (-1) or newer (1) line was asked for."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.can_focus = False

    async def on_event(self, event: events.Event) -> None:
        """Set keys aside that come right after enter or esc: a burst over a slow link is not all for the prompt."""
        app = self.app
        if isinstance(event, events.Key) and isinstance(app, EarlyKeys):
            if app.holds_keys:
                app.set_aside(event)
                event.prevent_default().stop()
                return
            # Their actions are run only when the key has bubbled to the application: later than the next keys.
            if event.key in ("enter", "escape"):
                app.hold_keys(_ANSWERED, but=event)
        await super().on_event(event)

    def take(self, key: events.Key) -> bool:
        """Take a key that was sent elsewhere if it writes something; return whether it did."""
        if not key.is_printable or not key.character:
            return False
        self.insert_text_at_cursor(key.character)
        return True

    def hold_keys(self) -> None:
        """Set all keys aside: the answer is on its way to the screen."""
        if isinstance(self.app, EarlyKeys):
            self.app.hold_keys(_ANSWERED)

    def release(self) -> None:
        """Take keys again, and pass on those set aside to whatever has the focus now."""
        if isinstance(self.app, EarlyKeys):
            self.app.release_keys(_ANSWERED)

    async def action_submit(self) -> None:
        self.hold_keys()  # the key itself may have been sent to what had the focus before
        await super().action_submit()

    def action_leave(self) -> None:
        self.hold_keys()
        self.post_message(self.Left())

    def action_accept(self) -> None:
        if not self.cursor_at_end:
            self.action_end()
        self.action_cursor_right()

    def action_recall(self, by: int) -> None:
        self.post_message(self.Recalled(by))


class Prompt(Vertical):
    """Hidden until opened; it says what was typed and never acts itself."""

    DEFAULT_CSS = """
    Prompt {
        dock: bottom; height: auto; display: none; background: $panel; padding: 0 1;
        &.-open { display: block; }
        Horizontal { height: 1; }
        .sign { width: auto; color: $text-accent; text-style: bold; }
        PromptInput { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
        PromptInput:focus { border: none; }
        .problem { height: auto; max-height: 2; color: $text-error; display: none; }
        &.-problem .problem { display: block; }
    }
    """

    class Edited(Message):
        """The text changed while typing."""

        def __init__(self, mode: str, text: str) -> None:
            super().__init__()
            self.mode, self.text = mode, text

    class Entered(Message):
        """Enter was pressed."""

        def __init__(self, mode: str, text: str) -> None:
            super().__init__()
            self.mode, self.text = mode, text

    class Abandoned(Message):
        """Esc was pressed."""

        def __init__(self, mode: str) -> None:
            super().__init__()
            self.mode = mode

    def __init__(self, log: PromptLog) -> None:
        super().__init__()
        self._log = log
        self._mode = ""
        self._recalled = 0
        self._draft = ""
        self._field = PromptInput()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("", classes="sign", markup=False)
            yield self._field
        yield Static("", classes="problem", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether it takes the keys now."""
        return self.has_class("-open")

    def open(self, mode: str, sign: str, text: str = "", completer: Completer | None = None, hint: str = "") -> None:
        """Take the keys for one line; `sign` stands before it, such as `:` or `/`."""
        self._mode, self._recalled, self._draft = mode, 0, text
        field = self._field
        with field.prevent(Input.Changed):
            field.value = text
        field.suggester = _Completion(completer) if completer else None
        field.placeholder = hint
        field.cursor_position = len(text)
        self.query_one(".sign", Static).update(f"{sign} ")
        self.show_problem("")
        self.add_class("-open")
        field.can_focus = True
        self.screen.set_focus(field)  # now: focus() waits for a message, and the next key would go elsewhere

    def type_ahead(self, key: events.Key) -> bool:
        """Take a key that was sent to what had the focus before; return False when a binding is to answer it."""
        self.screen.set_focus(self._field)  # closed and opened in one moment it may have lost it again
        return self._field.take(key)

    def release(self) -> None:
        """End the silence that began with enter or esc, once the screen has taken the answer."""
        self._field.release()

    def close(self) -> None:
        """Give the keys back."""
        self.remove_class("-open")
        self._field.can_focus = False
        if self.screen.focused is self._field:
            self.screen.set_focus(None)  # now: a hidden widget loses it a moment later, and has the keys until then
        self.show_problem("")

    def show_problem(self, text: str) -> None:
        """Say under the line what is wrong with it; nothing when all is well."""
        self.query_one(".problem", Static).update(as_content([line(text)]))
        self.set_class(bool(text), "-problem")

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Edited(self._mode, event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._log.add(self._mode, event.value)
        self.post_message(self.Entered(self._mode, event.value))

    @on(PromptInput.Left)
    def _left(self, event: PromptInput.Left) -> None:
        event.stop()
        self.post_message(self.Abandoned(self._mode))

    @on(PromptInput.Recalled)
    def _recall(self, event: PromptInput.Recalled) -> None:
        event.stop()
        lines = self._log.lines(self._mode)
        field = self._field
        if self._recalled == 0:
            self._draft = field.value
        self._recalled = min(0, max(-len(lines), self._recalled + event.by))
        field.value = lines[self._recalled] if self._recalled else self._draft
        field.cursor_position = len(field.value)
