"""aks-engine on every stamp, and the jobs of the helper VMs: where an upgrade or another size begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from backends.errors import StampdeckError
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.lines import Line, as_content, line, spread, wrap
from screens.operations.asking import read_command
from screens.operations.rows import job_columns, job_rows, site_columns, site_row, word_in
from screens.operations.shell_asking import VmShellAsking
from screens.places import EnginePlace, JobPlace
from screens.simple_table import changes
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.model.helper_vm import HostKey
    from backends.operations.engine.operations import EngineOperations
    from backends.operations.engine.sites_view import SitesView
    from backends.operations.work import Work

ACTIONS = (
    Action("engine.upgrade", "u", "Upgrade", "bring the stamp to another Kubernetes version", "aks-engine", "upgrade",
           writes=True),
    Action("engine.scale", "s", "Scale", "bring a pool to another number of nodes", "aks-engine", "scale", writes=True),
    Action("engine.other", "a", "Other run", "deploy, addpool, rotate-certs or get-logs", "aks-engine", "other",
           writes=True),
    Action("engine.shell", "h", "Shell", "a shell on the helper VM, or on a node through it", "aks-engine",
           writes=True),
    Action("engine.trust", "t", "Trust", "compare the VM's host key and remember it", "aks-engine"),
    Action("engine.refresh", "ctrl+r", "Ask again", "ask every helper VM now, also one that refused us", "aks-engine"),
    Action("engine.turn", "tab", "Other table", "go between stamps and jobs", "aks-engine"),
)  # fmt: skip


class EngineScreen(VmShellAsking):
    """Stamps above, jobs below; enter on a job opens its cockpit."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "operations.tcss"

    def __init__(self, deck: Deck, place: EnginePlace, engine: EngineOperations) -> None:
        super().__init__(deck, place)
        self._engine = engine
        self._view: SitesView = engine.view()
        self._sites: dict[str, Row] = {}
        self._jobs: dict[str, Row] = {}
        self._said: list[Line] | None = None
        self._shown_keys: tuple[str, Sequence[HostKey]] | None = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield LiveTable(site_columns(), frame_rate=self.deck.frame_rate, id="sites")
        yield Static("", id="said", markup=False)
        yield Heading(id="jobs-title")
        yield LiveTable(job_columns(), frame_rate=self.deck.frame_rate, id="jobs")

    @property
    def sites(self) -> LiveTable:
        """The stamps."""
        return self.query_one("#sites", LiveTable)

    @property
    def jobs(self) -> LiveTable:
        """The jobs."""
        return self.query_one("#jobs", LiveTable)

    @property
    def main(self) -> Widget:
        return self.sites

    def on_mount(self) -> None:
        none = "no stamp has a helper_vm in fleet.yaml"
        self.sites.set_empty_texts(not_loaded="asking", empty=none, no_match="")
        self.jobs.set_empty_texts(not_loaded="asking", empty="no job was started on these machines", no_match="")
        self.work(self._view.run)
        super().on_mount()

    def draw(self) -> None:
        sites: dict[str, Row] = {}
        jobs: dict[str, Row] = {}
        going = 0
        for name, site in self._engine.sites.items():
            status, state = self._view.status(name)
            sites[name] = site_row(name, site.vm.access.hop.host, status, state, self.deck.glyphs)
            if status is not None:
                going += len(status.running)
                jobs |= job_rows(name, status.jobs, self.deck.glyphs)
        self.sites.apply(changes(self._sites, sites))
        self.jobs.apply(changes(self._jobs, jobs))
        self._sites, self._jobs = sites, jobs
        width = max(20, self.size.width - 2)
        right = line((f"{going} going on", "accent") if going else ("nothing going on", "dim"))
        self.query_one("#title", Heading).show(spread(line(("aks-engine", "title")), right, width))
        self.query_one("#jobs-title", Heading).show(line(("jobs", "title"), ("  enter opens one", "dim")))
        self._draw_said(width)

    def _draw_said(self, width: int) -> None:
        """Say in full what is wrong with the stamp under the cursor, and what to do."""
        said: list[Line] = []
        if (name := self._chosen) is not None:
            status, state = self._view.status(name)
            if state.is_degraded and state.reason:
                todo = f" — {state.todo}" if state.todo else ""
                said += [line((part, "bad")) for part in wrap(f"{name}: {state.reason}{todo}", width, 3)]
            for what, why in status.problems if status else ():
                said += [line((part, "warn")) for part in wrap(f"{name}, {what}: {why}", width, 3)]
            if self._shown_keys is not None and self._shown_keys[0] == name:
                said += [line((f"{name} shows {each}", "strong")) for each in self._shown_keys[1]]
        if said != self._said:
            self._said = said
            widget = self.query_one("#said", Static)
            widget.update(as_content(said))
            widget.display = bool(said)

    @property
    def _chosen(self) -> str | None:
        """The stamp under the cursor; the first one while the rows are not drawn yet."""
        table = self.jobs if self.jobs.has_focus else self.sites
        row = table.cursor_row
        return row.stamp if row is not None else next(iter(self._engine.sites), None)

    @on(RowSelected)
    def _selected(self, event: RowSelected) -> None:
        row = event.row
        if row.uid in self._jobs:
            self.visit(JobPlace(row.stamp, row.name, word_in(row)))
            return
        status, _ = self._view.status(row.stamp)
        if status is not None and status.running:
            job = status.running[0]
            self.visit(JobPlace(row.stamp, job.number, word_in(self._jobs[f"{row.stamp}/{job.number}"])))
        else:
            self.say(f"nothing runs on {row.stamp}; u upgrades it, s scales a pool")

    # Keys

    def action_turn(self) -> None:
        self.set_focus(self.jobs if self.sites.has_focus else self.sites)

    def action_refresh(self) -> None:
        for site in self._engine.sites.values():
            site.vm.reconnect()
        self._view.refresh()

    def action_upgrade(self) -> None:
        self._open("upgrade", "to version, such as 1.34.4; --control-plane-only; --force for a new base image")

    def action_scale(self) -> None:
        self._open("scale-pool", "pool and number of nodes, such as linuxpool 5")

    def action_other(self) -> None:
        self._open("run", "addpool FILE | deploy MODEL OUTPUT | rotate-certs HOST KEY | get-logs HOST KEY [MACHINE]")

    def _open(self, mode: str, hint: str) -> None:
        if (name := self._chosen) is None:
            self.say("no stamp has a helper VM", "warning")
            return
        status, _ = self._view.status(name)
        offered = status.offered if status else ()
        pools = [f"{each.name} " for each in status.model.pools] if status and status.model else []
        words = offered if mode == "upgrade" else pools if mode == "scale-pool" else ()

        def complete(text: str) -> str | None:
            return next((each for each in words if text and each.startswith(text) and each != text), None)

        self.prompt.open(mode, f"{mode.partition('-')[0]} {name}:", completer=complete, hint=hint)

    def edited(self, mode: str, text: str) -> str:
        return ""

    def entered(self, mode: str, text: str) -> str:
        """Take the line a run was asked for with; return what is wrong with it, or nothing."""
        name = self._chosen
        if name is None:
            return "no stamp is chosen"
        if mode == "trust":
            return self._trust(name, text)
        if mode == "vm-shell":
            return super().entered(mode, text)
        try:
            command = read_command(mode, text)
        except ValueError as error:
            return str(error)

        async def make() -> Work:
            return await self._engine.plan(name, command)

        self.propose(f"{command.WORD} {name}", make)
        return ""

    def action_shell(self) -> None:
        if (name := self._chosen) is not None:
            self.ask_for_vm_shell(name)

    # Host keys

    def action_trust(self) -> None:
        if (name := self._chosen) is not None:
            self.work(partial(self._show_keys, name), group="trust", exclusive=True)

    async def _show_keys(self, name: str) -> None:
        try:
            keys = await self._engine.sites[name].vm.host_keys()
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        self._shown_keys = (name, keys)
        hint = "type yes when the machine's own ssh-keygen -lf says the same"
        self.prompt.open("trust", f"trust {name}?", hint=hint)

    def _trust(self, name: str, text: str) -> str:
        if text.strip().lower() != "yes":
            return "type yes, or esc"
        shown = self._shown_keys
        if shown is None or shown[0] != name:
            return "the keys shown are of another stamp: esc, then t again"

        async def remember() -> None:
            try:
                await self._engine.sites[name].vm.trust(shown[1], self._engine.who)
            except StampdeckError as error:
                self.say(str(error), "error")
            else:
                self.say(f"the host key of {name} is remembered")
                self._view.refresh()
            self._shown_keys = None

        self.work(remember, group="trust")
        return ""

    def abandoned(self, mode: str) -> None:
        self._shown_keys = None
