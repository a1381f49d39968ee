"""The containers of a pod: enter shows the logs of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from backends.errors import StampdeckError
from backends.model.age import format_duration
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.forwards.asking import ForwardAsking
from screens.lines import line
from screens.places import ContainersPlace, DetailPlace, LogsPlace
from screens.shell.asking import ShellAsking
from screens.simple_table import changes, text_columns, text_row
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from backends.model.detail import ContainerDetail
    from backends.operations.details import Details

_AGAIN_S = 5.0
_TITLES = ("CONTAINER", "KIND", "READY", "STATE", "RESTARTS", "AGE", "IMAGE")

ACTIONS = (
    Action("containers.logs", "l", "Logs", "follow the logs of the container (enter too)", "Container", footer="logs"),
    Action(
        "containers.previous-logs",
        "p",
        "Previous logs",
        "its logs before the last restart",
        "Container",
        call="logs(True)",
        footer="previous",
    ),
    Action(
        "containers.shell",
        "s",
        "Shell",
        "run a shell, or a command, in the container",
        "Container",
        footer="shell",
        writes=True,
    ),
    Action("containers.forward", "F", "Port-forward", "lead a port of this machine to the pod; :pf lists", "Pod"),
    Action("containers.all-logs", "a", "All logs", "the logs of all containers of the pod", "Pod", footer="all logs"),
    Action("containers.describe", "d", "Describe", "describe the pod", "Pod", footer="describe"),
    Action("containers.yaml", "y", "YAML", "the pod as YAML", "Pod", footer="yaml"),
    Action("containers.copy", "c", "Copy name", "copy the container's name", "Container", footer="copy"),
)


class ContainersScreen(ShellAsking, ForwardAsking):
    """Containers of one pod, read again every few seconds."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "detail.tcss"
    place: ContainersPlace

    def __init__(self, deck: Deck, place: ContainersPlace, details: Details) -> None:
        super().__init__(deck, place)
        self._details = details
        self._rows: dict[str, Row] = {}
        self._tried_at = 0.0

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield LiveTable(text_columns(_TITLES, long=("CONTAINER", "STATE", "IMAGE")), frame_rate=self.deck.frame_rate)

    @property
    def table(self) -> LiveTable:
        """The containers."""
        return self.query_one(LiveTable)

    @property
    def main(self) -> Widget:
        return self.table

    def on_mount(self) -> None:
        self.table.set_empty_texts(
            not_loaded=f"asking {self.place.stamp} for pod {self.place.pod}", empty="no containers", no_match=""
        )
        super().on_mount()

    def draw(self) -> None:
        now = self.deck.clock.now()
        if now - self._tried_at >= _AGAIN_S:
            self._tried_at = now
            self.work(self._load, exclusive=True)

    async def _load(self) -> None:
        place = self.place
        title = line(("containers of ", "dim"), (place.pod, "title"), ("  @", "dim"), (place.stamp, "name"))
        try:
            found = await self._details.containers(place.stamp, place.namespace, place.pod)
        except StampdeckError as error:
            title = (*title, *line("  ", (str(error), "bad")))
        else:
            now = self.deck.clock.now()
            rows = {each.name: container_row(each, now) for each in found}
            self.table.apply(changes(self._rows, rows))
            self._rows = rows
        self.query_one(Heading).show(title)

    @on(RowSelected)
    def _selected(self, event: RowSelected) -> None:
        self._visit_logs(event.row.name)

    def _visit_logs(self, container: str | None, previous: bool = False) -> None:
        place = self.place
        self.visit(LogsPlace((place.stamp,), place.namespace, f"pod/{place.pod}", container, previous))

    def action_logs(self, previous: bool = False) -> None:
        if row := self.table.cursor_row:
            self._visit_logs(row.name, previous)

    def action_all_logs(self) -> None:
        self._visit_logs(None)

    def action_describe(self) -> None:
        self.visit(DetailPlace(self.place.stamp, "pods", self.place.pod, self.place.namespace))

    def action_yaml(self) -> None:
        self.visit(DetailPlace(self.place.stamp, "pods", self.place.pod, self.place.namespace, yaml=True))

    def action_shell(self) -> None:
        if row := self.table.cursor_row:
            self.ask_for_shell(self.place.stamp, self.place.namespace, self.place.pod, row.name)

    def action_forward(self) -> None:
        self.ask_for_forward(self.place.stamp, self.place.namespace, f"pod/{self.place.pod}")

    def action_copy(self) -> None:
        if row := self.table.cursor_row:
            self.copy(row.name, f"copied {row.name}")


def container_row(container: ContainerDetail, now: float) -> Row:
    """Return a container as a row of texts."""
    age = format_duration(now - container.started_at) if container.started_at else ""
    cells = (
        (container.name, None),
        (container.kind, "dim"),
        ("yes" if container.ready else "no", None if container.ready else "warn"),
        (container.state, container.tone),
        (str(container.restarts), "warn" if container.restarts else "dim"),
        (age, "dim"),
        (container.image, "dim"),
    )
    return text_row(container.name, cells, name=container.name)
