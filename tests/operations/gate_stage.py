"""A gate on fakes: everything agrees until a test says otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backends.model.change import Change, Impact, Permission, Target
from backends.model.proposal import Consent, Finding, Level, Outcome, Preview
from backends.model.stamp import Protection, Stamp
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.runs import Run, Runs
from backends.operations.work import Progress, Verified
from tests.support.clock import ManualClock
from tests.support.fake_journal import FakeJournal
from tests.support.fake_writer import FakeWriter
from tests.support.fakes import a_stamp

YES = Consent(confirmed=True)


def a_change(impact: Impact = Impact.DISRUPTIVE, stamp: str = "orlando", name: str = "web") -> Change:
    """Return a change of a deployment."""
    return Change(
        action="restart",
        stamp=stamp,
        target=Target("deployment", name, "default"),
        summary=f"restart deployment/{name} on {stamp}",
        command=f"kubectl rollout restart deployment/{name}",
        impact=impact,
        needs=(Permission("patch", "deployment", "default"),),
        parameters={"at": "12:00"},
    )


@dataclass
class FakeWork:
    """Does what a test says: `failing` is raised by the step it names; `gate` holds the act until it is set."""

    change: Change = field(default_factory=a_change)
    diff: str = "-a\n+b"
    own: Sequence[Finding] = ()
    failing: dict[str, Exception] = field(default_factory=dict)
    verified: Verified = field(default_factory=lambda: Verified(True, "as intended"))
    steps: int = 1
    acted: int = 0
    """Steps of the act that were done."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go_on.set()

    async def preview(self) -> Preview:
        self._fail("preview")
        return Preview(self.diff)

    async def findings(self) -> Sequence[Finding]:
        self._fail("findings")
        return self.own

    async def act(self, progress: Progress) -> str:
        for number in range(self.steps):
            await self.go_on.wait()
            if number:
                await progress.checkpoint()
            self.acted += 1
            await progress.note({"step": number})
        self._fail("act")
        return "restarted"

    async def verify(self) -> Verified:
        self._fail("verify")
        return self.verified

    def _fail(self, step: str) -> None:
        if step in self.failing:
            raise self.failing[step]


@dataclass
class FakeHeldLock:
    """A held lock; a test loses it by setting `lost`."""

    held_on: Sequence[str] = ("orlando", "seattle")
    not_asked: dict[str, str] = field(default_factory=dict)
    lost: str = ""


class FakeLock:
    """Implements StampLock; `refusing` is raised instead of taking it."""

    def __init__(self) -> None:
        self.refusing: Exception | None = None
        self.held: dict[str, FakeHeldLock] = {}
        self.taken: list[str] = []

    @asynccontextmanager
    async def hold(self, stamp: str, what: str, operation: str) -> AsyncIterator[FakeHeldLock]:
        await asyncio.sleep(0)
        if self.refusing is not None:
            raise self.refusing
        assert stamp not in self.held, "taken twice at one time"
        self.held[stamp] = FakeHeldLock()
        self.taken.append(stamp)
        try:
            yield self.held[stamp]
        finally:
            await asyncio.sleep(0)
            del self.held[stamp]


@dataclass
class FakePreconditions:
    """Implements Preconditions; `locked` are the findings of the second look."""

    found: Sequence[Finding] = (Finding("others-serve", Level.PASS, "seattle answers", "seattle"),)
    locked: Sequence[Finding] = ()
    failing: Exception | None = None
    examined: int = 0

    async def examine(self, change: Change) -> Sequence[Finding]:
        self.examined += 1
        if self.failing is not None:
            raise self.failing
        return self.found

    async def examine_locked(self, change: Change) -> Sequence[Finding]:
        return self.locked


class Stage:
    """Everything the gate needs, within reach."""

    def __init__(self, protection: Protection = Protection.CONFIRM) -> None:
        self.clock = ManualClock()
        self.cluster = FakeWriter(Stamp("orlando", a_stamp("orlando").cluster, protection))
        self.preconditions = FakePreconditions()
        self.lock = FakeLock()
        self.journal = FakeJournal()
        self.arming = Arming(self.clock)
        self.arming.arm()
        clusters = {"orlando": self.cluster}
        self.gate = Gate(clusters, self.preconditions, self.lock, self.journal, self.arming, self.clock)
        self.runs = Runs(self.gate, self.journal, self.clock)

    async def start(self, work: FakeWork, consent: Consent = YES) -> Run:
        """Propose and start a work."""
        return self.runs.start(work, await self.gate.propose(work), consent)

    async def do(self, work: FakeWork, consent: Consent = YES) -> Outcome:
        """Propose and carry out a work to its end."""
        return await (await self.start(work, consent)).finished()
