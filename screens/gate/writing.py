"""What screens need to change something: the gate and the runs, once the services are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.model.proposal import Outcome
    from backends.operations.arming import Arming
    from backends.operations.gate import Gate
    from backends.operations.runs import Run, Runs


class Writing:
    """Read-only until it is connected; then what is armed, what runs, and what has ended since one last looked."""

    def __init__(self) -> None:
        self._gate: Gate | None = None
        self._runs: Runs | None = None
        self._watched: list[Run] = []
        self._seen = 0

    def connect(self, gate: Gate, runs: Runs) -> None:
        """Write through these from now on."""
        self._gate, self._runs = gate, runs

    def disconnect(self) -> None:
        """Write no more: the services ended."""
        self._gate = self._runs = None

    @property
    def gate(self) -> Gate | None:
        """The gate, None while the services are not there."""
        return self._gate

    @property
    def runs(self) -> Runs | None:
        """The runs, None while the services are not there."""
        return self._runs

    @property
    def arming(self) -> Arming | None:
        """Whether writing is armed, None while the services are not there."""
        return None if self._gate is None else self._gate.arming

    @property
    def armed_left_s(self) -> float | None:
        """Seconds for which writing stays armed, None when it is not."""
        arming = self.arming
        return arming.left_s if arming is not None and arming.is_armed else None

    @property
    def active_count(self) -> int:
        """How many changes are being carried out."""
        return 0 if self._runs is None else len(self._runs.active)

    def ended(self) -> Iterator[tuple[Run, Outcome]]:
        """Yield the runs that ended since this was last asked, each once."""
        if self._runs is None:
            return
        known = {id(run) for run in self._watched}
        self._watched += [run for run in self._runs.active if id(run) not in known]
        for run in [each for each in self._watched if each.status.value.state.is_over]:
            self._watched.remove(run)
            if (outcome := run.status.value.outcome) is not None:
                yield run, outcome
