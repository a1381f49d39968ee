"""From a place to its screen. Screens are imported when first visited: it saves 60 ms before the first paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from screens.deck import Deck
from screens.frame import FramedScreen
from screens.places import (
    ContainersPlace,
    DetailPlace,
    DoctorPlace,
    DriftPlace,
    EnginePlace,
    FaultsPlace,
    ForwardsPlace,
    HistoryPlace,
    JobPlace,
    LogsPlace,
    OperationPlace,
    Place,
    ResourcesPlace,
    RunPlace,
    RunsPlace,
    StagingPlace,
)

if TYPE_CHECKING:
    from backends.operations.details import Details
    from backends.operations.doctor import Doctor
    from backends.operations.drift import Drift
    from backends.operations.engine.operations import EngineOperations
    from backends.operations.logs import Logs
    from backends.operations.ports import Journal
    from backends.operations.reconciliation import Reconciliation
    from backends.operations.resources import Resources
    from screens.faults.control import FaultControl


class Operations(Protocol):
    """What the screens call."""

    @property
    def resources(self) -> Resources: ...
    @property
    def details(self) -> Details: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def doctor(self) -> Doctor: ...
    @property
    def drift(self) -> Drift: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def reconciliation(self) -> Reconciliation: ...
    @property
    def engine(self) -> EngineOperations: ...


def build_screen(place: Place, deck: Deck, operations: Operations, faults: FaultControl | None) -> FramedScreen | None:
    """Return a new screen for a place; None for home, which is always there, and for faults outside a demo."""
    match place:
        case ResourcesPlace():
            from screens.resources.screen import ResourcesScreen

            return ResourcesScreen(deck, place, operations.resources, operations.details)
        case ContainersPlace():
            from screens.detail.containers import ContainersScreen

            return ContainersScreen(deck, place, operations.details)
        case DetailPlace():
            from screens.detail.screen import DetailScreen

            return DetailScreen(deck, place, operations.details)
        case LogsPlace():
            from screens.logs.screen import LogsScreen

            return LogsScreen(deck, place, operations.logs)
        case DoctorPlace():
            from screens.doctor.screen import DoctorScreen

            return DoctorScreen(deck, place, operations.doctor)
        case HistoryPlace():
            from screens.history.screen import HistoryScreen

            return HistoryScreen(deck, place, operations.journal, operations.reconciliation)
        case OperationPlace():
            from screens.history.operation import OperationScreen

            return OperationScreen(deck, place, operations.journal)
        case DriftPlace():
            from screens.drift.screen import DriftScreen

            return DriftScreen(deck, place, operations.drift)
        case StagingPlace() if deck.writing.stager is not None:
            from screens.staging.screen import StagingScreen

            title, staging = deck.writing.stager.all[place.number]
            return StagingScreen(deck, place, staging, title)
        case RunsPlace():
            from screens.runs.list_screen import RunsScreen

            return RunsScreen(deck, place)
        case RunPlace():
            from screens.runs.screen import RunScreen

            return RunScreen(deck, place)
        case ForwardsPlace():
            from screens.forwards.screen import ForwardsScreen

            return ForwardsScreen(deck, place)
        case EnginePlace():
            from screens.operations.screen import EngineScreen

            return EngineScreen(deck, place, operations.engine)
        case JobPlace():
            from screens.operations.cockpit import JobScreen

            return JobScreen(deck, place, operations.engine)
        case FaultsPlace() if faults is not None:
            from screens.faults.screen import FaultsScreen

            return FaultsScreen(deck, place, faults)
    return None
