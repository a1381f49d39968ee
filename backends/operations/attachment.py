"""Staying attached to one followed collection of one stamp, whatever happens to it."""

from __future__ import annotations

import asyncio

from backends.clock import Clock
from backends.model.health import Health, SourceState
from backends.model.table import RowChanges
from backends.operations.deadline import Wakeup
from backends.operations.ports import ClusterReader, Reflection
from backends.operations.sources import NOT_YET, state_of
from backends.retry import Backoff


class Attachment:
    """One collection while `run` runs: its changes and its state. What to do with them is the subclass's."""

    def __init__(
        self,
        cluster: ClusterReader,
        clock: Clock,
        kind: str,
        *,
        namespace: str | None = None,
        selector: str = "",
        field_selector: str = "",
    ) -> None:
        self.name = kind
        self._cluster = cluster
        self._clock = clock
        self._namespace, self._selector, self._field_selector = namespace, selector, field_selector
        self._failure: SourceState = NOT_YET
        self._wakeup = Wakeup(clock)
        self._settled = asyncio.Event()
        self.reflection: Reflection | None = None
        self.changes: RowChanges | None = None
        self.attached = 0
        """How many times a reflection was entered: a new one has a new store."""

    @property
    def state(self) -> SourceState:
        """How far what was read can be trusted."""
        return self.reflection.state.value if self.reflection else self._failure

    def refresh(self) -> None:
        """Try now if the next attempt is being waited for."""
        self._wakeup.wake()
        if self.reflection is not None:
            self.reflection.refresh()

    async def definite(self) -> None:
        """Wait until the collection has come to an answer, be it that there is none."""
        await self._settled.wait()

    async def run(self) -> None:
        """Stay attached until cancelled; a collection that cannot even be opened is tried again."""
        backoff = Backoff()
        while True:
            try:
                async with self._cluster.reflect(
                    self.name, namespace=self._namespace, selector=self._selector, field_selector=self._field_selector
                ) as reflection:
                    self._attach(reflection)
                    async for state in reflection.state.follow():
                        self.note(state)
            except Exception as error:
                delay_s = backoff.next_delay()
                self._fail(error, delay_s, backoff.failures)
                await self._wakeup.pause(delay_s)
            finally:
                self._detach()

    def begin(self) -> None:
        """Forget the rows of the reflection before: a new one was entered."""

    def _attach(self, reflection: Reflection) -> None:
        self.changes = reflection.store.follow()
        self.reflection = reflection
        self.attached += 1
        self.begin()

    def _fail(self, error: Exception, delay_s: float, failures: int) -> None:
        now = self._clock.now()
        failure = state_of(error, before=self.state, now=now, retry_at=now + delay_s, failures=failures)
        self._detach()
        self._failure = failure
        self.note(failure)

    def note(self, state: SourceState) -> None:
        """Take notice of a state, the first one and each that follows."""
        if state.health is not Health.RETRYING:
            self._settled.set()

    def _detach(self) -> None:
        if self.reflection is not None:
            self._failure = self.reflection.state.value
        if self.changes is not None:
            self.changes.close()
        self.reflection = self.changes = None
