"""The one dialog before every write: the plan, what speaks against it, and a question whose answer is No by default."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Static

from backends.errors import StampdeckError
from backends.model import inert
from backends.model.proposal import Ask, Consent, Level, Proposal
from screens.gate.lines import asks, problem_lines, proposal_lines, wanted_names
from screens.glyphs import Glyphs
from screens.lines import as_content, line
from screens.text_view import TextView

if TYPE_CHECKING:
    from backends.operations.armed_period import ArmedPeriods
    from backends.operations.arming import Arming
    from backends.operations.work import Work

MakeWork = Callable[[], Awaitable["Work"]]
"""Reads what the change starts from and returns the work; raises StampdeckError."""


class Proposer(Protocol):
    """What the dialog needs of the gate."""

    @property
    def arming(self) -> Arming: ...
    @property
    def armed_periods(self) -> ArmedPeriods: ...

    async def propose(self, work: Work) -> Proposal: ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the dialog is left with when the answer is yes, or when rules refused it: then `consent` is no consent."""

    work: Work
    proposal: Proposal
    consent: Consent


class GateDialog(ModalScreen[Agreement | None]):
    """Shows a proposal as soon as the gate has made it; dismissed with an Agreement, or with None for No."""

    CSS_PATH = "gate.tcss"
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "no", show=False),
        Binding("left,right,h,l", "other_button", "other button", show=False),
        Binding("down,j", "roll(1)", "down", show=False),
        Binding("up,k", "roll(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("o", "override", "set rules aside", show=False),
        Binding("W", "arm", "arm", show=False),
        Binding("r,ctrl+r", "examine", "look again", show=False),
        Binding("c", "copy", "copy the command", show=False),
        Binding("ctrl+q,ctrl+c", "app.quit", "quit", priority=True, show=False),
    ]

    def __init__(
        self,
        title: str,
        make: MakeWork,
        gate: Proposer,
        glyphs: Glyphs,
        copy: Callable[[str], None],
        given: Consent | None = None,
    ) -> None:
        """`given` is what was set aside and typed for this change before."""
        super().__init__()
        self._title = title
        self._make = make
        self._gate = gate
        self._glyphs = glyphs
        self._copy = copy
        self._work: Work | None = None
        self._proposal: Proposal | None = None
        self._problem = ""
        given = given or Consent()
        self._overrides, self._names, self._reason = given.overrides, given.typed_names, given.reason
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        with Vertical(id="gate"):
            yield TextView()
            yield Static("", id="asks", markup=False)
            yield Input(id="typed", compact=True, placeholder="the name")
            yield Input(id="override", compact=True)
            with Horizontal(id="buttons"):
                yield Button("No", id="no", compact=True)
                yield Button("Yes, do it", id="yes", compact=True)
                yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(TextView).can_focus = False
        box = self.query_one("#gate", Vertical)
        box.border_title = _plain(self._title)
        self.query_one("#keys", Static).update(
            as_content(
                [line(("c", "accent"), " copy command  ", ("r", "accent"), " again  ", ("esc", "accent"), " no")]
            )
        )
        self.query_one(TextView).show(lambda width: [line(("examining: rights, rules on all stamps, dry run", "dim"))])
        self._draw()
        self.set_interval(0.5, self._draw)
        self.action_examine()

    # The proposal

    def action_examine(self) -> None:
        self.run_worker(self._examine(), exclusive=True, exit_on_error=False)

    async def _examine(self) -> None:
        try:
            self._work = await self._make()
            self._proposal = await self._gate.propose(self._work)
        except StampdeckError as error:
            self._proposal, self._problem = None, str(error)
        else:
            self._problem = ""
            change = self._proposal.change
            protection = {Ask.ONCE: "open", Ask.EACH: "confirm", Ask.NAME: "protected"}[self._proposal.ask]
            box = self.query_one("#gate", Vertical)
            box.border_title = _plain(change.summary)
            box.border_subtitle = _plain(f"{change.stamp}, {protection}")
        self._show()

    def _show(self) -> None:
        proposal, overrides, glyphs, problem = self._proposal, self._overrides, self._glyphs, self._problem
        view = self.query_one(TextView)
        if proposal is None:
            view.show(lambda width: problem_lines(problem, width, glyphs))
        else:
            view.show(lambda width: proposal_lines(proposal, overrides, width, glyphs))
        self._draw()

    def _draw(self) -> None:
        """Show what is still asked, and whether yes can be said."""
        proposal, armed, typed = self._proposal, self._gate.arming.is_armed, self.query_one("#typed", Input)
        drawn = (proposal, self._problem, self._overrides, self._names, armed)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        left = [] if proposal is None else asks(proposal, self._overrides, self._names, armed)
        may = proposal is not None and not left
        said = [line(each) for each in left]
        if may and self._overrides:
            said.append(line((f"set aside: {', '.join(self._overrides)} — {self._reason}", "warn")))
        self.query_one("#asks", Static).update(as_content(said))
        typed.display = armed and bool(self._wanted())
        yes = self.query_one("#yes", Button)
        if yes.disabled == may:
            yes.disabled = not may
            if not may and self.focused in (yes, None):
                self.set_focus(self.query_one("#no", Button))

    # The answer

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        """Leave without doing anything; an open field is left first."""
        field = self.query_one("#override", Input)
        if field.display:
            self._close_override()
        else:
            self.dismiss(self._refused())

    def _refused(self) -> Agreement | None:
        """What the gate refused to someone who was armed goes to the gate all the same, which records the refusal."""
        work, proposal = self._work, self._proposal
        if work is None or proposal is None or not self._gate.arming.is_armed:
            return None
        if not (proposal.denied or proposal.refusals(self._overrides, self._names)):
            return None
        return Agreement(work, proposal, Consent(False, self._names, self._overrides, self._reason))

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        if self._proposal is None or self._work is None or self.query_one("#yes", Button).disabled:
            return
        consent = Consent(True, self._names, self._overrides, self._reason)
        self.dismiss(Agreement(self._work, self._proposal, consent))

    def _wanted(self) -> list[str]:
        """The names that are still to be typed."""
        if self._proposal is None:
            return []
        return [name for name, _ in wanted_names(self._proposal, self._overrides, self._names)]

    @on(Input.Submitted, "#typed")
    def _name_entered(self, event: Input.Submitted) -> None:
        """Enter in the field goes to the button: the last key before a write is never the one that typed."""
        name, wanted = event.value.strip(), self._wanted()
        if name not in wanted[:1]:
            self.query_one("#asks", Static).update(as_content([line((f"that is not {' or '.join(wanted)}", "bad"))]))
            return
        self._names = (*self._names, name)
        event.input.value = ""
        self._draw()
        if not self._wanted():
            yes = self.query_one("#yes", Button)
            self.set_focus(self.query_one("#no", Button) if yes.disabled else yes)

    def action_arm(self) -> None:
        self.run_worker(self._arm(), group="arming", exclusive=True, exit_on_error=False)

    async def _arm(self) -> None:
        try:
            await self._gate.armed_periods.begin()
        except StampdeckError as error:
            self.query_one("#asks", Static).update(as_content([line((f"still read-only: {error}", "bad"))]))
        else:
            self._draw()

    def action_override(self) -> None:
        """Open the field for the names of rules and the reason."""
        proposal = self._proposal
        rules = [] if proposal is None else _overridable(proposal)
        if not rules:
            return
        field = self.query_one("#override", Input)
        field.placeholder = f"{rules[0]}: why it may be set aside"
        field.suggester = SuggestFromList([f"{each}: " for each in rules])
        field.value = ""
        field.display = True
        self.set_focus(field)

    @on(Input.Submitted, "#override")
    def _override_entered(self, event: Input.Submitted) -> None:
        rules, reason, problem = parse_override(event.value, _overridable(self._proposal) if self._proposal else [])
        if problem:
            self.query_one("#asks", Static).update(as_content([line((problem, "bad"))]))
            return
        self._overrides = tuple(dict.fromkeys((*self._overrides, *rules)))
        self._reason = "; ".join(dict.fromkeys(filter(None, (self._reason, reason))))
        self._close_override()
        self._show()

    def _close_override(self) -> None:
        self.query_one("#override", Input).display = False
        self._drawn = None
        self.set_focus(self.query_one("#no", Button))
        self._draw()

    def action_other_button(self) -> None:
        if self.focused in (yes := self.query_one("#yes", Button), no := self.query_one("#no", Button)):
            self.set_focus(no if self.focused is yes or yes.disabled else yes)

    def action_copy(self) -> None:
        if self._proposal is not None:
            self._copy(self._proposal.change.command)

    def action_roll(self, lines: int) -> None:
        self.query_one(TextView).action_roll(lines)

    def action_page(self, pages: int) -> None:
        self.query_one(TextView).action_page(pages)


def _overridable(proposal: Proposal) -> list[str]:
    found = (each.rule for each in proposal.findings if each.level is Level.REFUSE and each.overridable)
    return list(dict.fromkeys(found))


def parse_override(text: str, rules: list[str]) -> tuple[tuple[str, ...], str, str]:
    """Read `RULE, RULE: reason`; return the rules, the reason, and what is wrong with it (empty when nothing is)."""
    names, colon, reason = text.partition(":")
    wanted = tuple(each for each in re.split(r"[,\s]+", names.strip()) if each)
    if unknown := [each for each in wanted if each not in rules]:
        return (), "", f"no such refusal: {inert.line(', '.join(unknown))}; there are {', '.join(rules)}"
    if not wanted or not colon or not reason.strip():
        return (), "", f"write it as `{rules[0] if rules else 'rule'}: reason`"
    return wanted, reason.strip(), ""


def _plain(text: str) -> str:
    """Border titles are read as markup: a bracket must not be."""
    return inert.line(text).replace("[", r"\[")
