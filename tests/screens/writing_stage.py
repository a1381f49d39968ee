"""A stage whose stamps can be changed: the real gate, runs and planner over written clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backends.clock import SystemClock
from backends.model.table import Row
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.planner import Planner
from backends.operations.runs import Runs
from backends.operations.stager import Stager
from tests.operations.gate_stage import FakeLock, FakePreconditions
from tests.screens.stage import Stage
from tests.support.fake_journal import FakeJournal
from tests.support.fake_writer import FakeWriter


class WritingStage(Stage):
    """Everything agrees until a test says otherwise: look at `clusters[…].writes`."""

    def __init__(self, *names: str, **app_options: Any) -> None:
        super().__init__(*names, **app_options)
        self.writers = {name: FakeWriter(name) for name in self.clusters}
        for name, writer in self.writers.items():
            writer.served = self.clusters[name].served
            writer.reflections = self.clusters[name].reflections
        self.clusters.update(self.writers)
        clock = SystemClock()
        self.preconditions, self.journal = FakePreconditions(), FakeJournal()
        services: Any = self.services
        gate = Gate(self.writers, self.preconditions, FakeLock(), self.journal, Arming(clock), clock)
        services.gate, services.runs = gate, Runs(gate, self.journal, clock)
        services.planner = Planner(self.writers, clock)
        services.stager = Stager(gate, services.runs, self.fleet.state, clock)
        self.gate, self.runs, self.stager = gate, services.runs, services.stager

    def put_objects(self, kind: str, columns: Any, rows: Mapping[str, Sequence[Row]], body: Mapping[str, Any]) -> None:
        """Let each stamp serve rows of a kind, and an object behind each."""
        full_name = f"{kind}s.apps" if str(body["apiVersion"]).startswith("apps/") else f"{kind}s"
        self.put(full_name, columns, rows)
        for name, found in rows.items():
            for row in found:
                metadata = {"name": row.name, **({"namespace": row.namespace} if row.namespace else {})}
                obj = {**body, "metadata": metadata}
                for word in (kind, full_name):
                    self.writers[name].put(word, obj)

    @property
    def writes(self) -> dict[str, list[str]]:
        """The calls that were kept, by stamp."""
        return {name: [each[0] for each in writer.writes] for name, writer in self.writers.items()}
