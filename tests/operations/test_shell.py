"""A shell as the gate carries it out: what it asks for, what the journal has of it, how it can end, its recording."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.errors import Forbidden, Invalid, NotFound, Unreachable
from backends.model.change import Change, Impact
from backends.model.journal import EventKind
from backends.model.proposal import Consent, Outcome, Result, Step
from backends.model.shell import ShellRequest, default_container, familiar_terminal
from backends.operations import shell_tape
from backends.operations.reconciliation import Found, Reconciliation
from backends.operations.shell import Left, Shells, ShellStream, ShellWork
from backends.operations.shell_tape import Tape
from backends.operations.works import rebuild
from tests.operations.gate_stage import YES, Stage
from tests.support.fake_journal import FULL
from tests.support.fake_writer import FakeWriter

POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"name": "web-1", "namespace": "shop"},
    "spec": {"containers": [{"name": "web"}, {"name": "proxy"}], "initContainers": [{"name": "setup"}]},
    "status": {"phase": "Running", "containerStatuses": [{"name": "web", "state": {"running": {}}}]},
}
CUT = Unreachable("lost: run sh in shop/web-1", why="the connection was reset; the command may still run")


class FakeStream:
    """A command that says what a test gives, and ends with its exit code."""

    can_end_input = True

    def __init__(self, *pieces: bytes, ends: int | Exception = 0) -> None:
        self._pieces = list(pieces)
        self._ends = ends
        self.exit_code: int | None = None

    async def read(self) -> tuple[int, bytes] | None:
        if self._pieces:
            return 1, self._pieces.pop(0)
        if isinstance(self._ends, Exception):
            raise self._ends
        self.exit_code = self._ends
        return None

    async def write(self, data: bytes) -> None: ...
    async def resize(self, columns: int, rows: int) -> None: ...
    async def close_stdin(self) -> None: ...


class FakeSeat:
    """An operator who reads to the end; `leaving` is raised instead, `held` keeps it at that."""

    def __init__(self) -> None:
        self.seen = b""
        self.titles: list[str] = []
        self.leaving: Exception | None = None
        self.held: asyncio.Event | None = None

    async def converse(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        self.titles.append(title)
        if tape is not None:
            tape.begin(80, 24, "xterm")
        if self.leaving is not None:
            raise self.leaving
        while (piece := await stream.read()) is not None:
            self.seen += piece[1]
            if tape is not None:
                tape.output(piece[1])
        if self.held is not None:
            await self.held.wait()


class ShellFake(FakeWriter):
    """A cluster whose commands a test answers."""

    def __init__(self, stamp: Any) -> None:
        super().__init__(stamp)
        self.stream = FakeStream(b"# ")
        self.refusing: Exception | None = None
        self.opened: list[tuple[str, str, str, tuple[str, ...], bool, bool]] = []

    @asynccontextmanager
    async def open_exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        tty: bool = False,
        stdin: bool = False,
    ) -> AsyncIterator[FakeStream]:
        self.opened.append((namespace, pod, container, tuple(command), tty, stdin))
        if self.refusing is not None:
            raise self.refusing
        yield self.stream


class Setting:
    """The gate with a cluster in whose pod a shell can be opened."""

    def __init__(self, tapes: Path = Path("/nowhere"), *, records_all: bool = False) -> None:
        self.stage = Stage()
        self.journal = self.stage.journal
        self.cluster = ShellFake(self.stage.cluster.stamp)
        self.cluster.put("pods", POD)
        self.seat = FakeSeat()
        clusters = {"orlando": self.cluster}
        self.shells = Shells(clusters, self.journal, self.stage.clock, tapes, records_all=records_all)

    async def plan(self, **asked: Any) -> ShellWork:
        return await self.shells.plan("orlando", "web-1", "shop", ShellRequest(**asked), self.seat)

    async def do(self, work: ShellWork, consent: Consent = YES) -> Outcome:
        return await self.stage.runs.start(work, await self.stage.gate.propose(work), consent).finished()

    @property
    def shell_events(self) -> list[str]:
        return [str(each.data["text"]) for each in self.journal.written if each.kind is EventKind.SHELL]


async def test_a_shell_is_written_down_at_both_ends_and_its_exit_code_is_no_failure() -> None:
    setting = Setting()
    setting.cluster.stream = FakeStream(b"# ", ends=7)
    work = await setting.plan(terminal="screen-256color")
    outcome = await setting.do(work)
    assert outcome.is_well and work.exit_code == 7
    assert outcome.what == "a shell in web-1 (web) ended with exit code 7 after 0s"
    kinds = [EventKind.INTENT, EventKind.SHELL, EventKind.SHELL, EventKind.OUTCOME]
    assert setting.journal.kinds() == kinds
    assert setting.shell_events == ["opened: a shell in web", "closed after 0s: exit code 7"]
    (opened,) = setting.cluster.opened
    script = "export TERM=screen-256color; command -v bash >/dev/null && exec bash || exec sh"
    assert opened == ("shop", "web-1", "web", ("sh", "-c", script), True, True)
    assert setting.seat.titles == ["a shell in shop/web-1 (web) on orlando"]


async def test_what_it_asks_for() -> None:
    setting = Setting()
    change = (await setting.plan(container="proxy", command=("ls", "-l a"), tty=False, stdin=False)).change
    assert (change.impact, change.takes_lock) == (Impact.CAREFUL, False)
    assert {str(each) for each in change.needs} == {"create pods/exec in shop", "get pods/exec in shop"}
    assert change.command.endswith("-n shop exec pod/web-1 -c proxy -- ls '-l a'")
    assert (await setting.plan()).change.command.partition("-n shop ")[2].startswith("exec -it pod/web-1 -c web -- sh")


async def test_nothing_runs_unarmed_or_unconfirmed_or_without_the_right() -> None:
    setting = Setting()
    work = await setting.plan()
    assert (await setting.do(work, Consent())).step is Step.CONFIRM
    setting.cluster.allowed = setting.stage.cluster.allowed = lambda verb, kind: (verb == "get", "no RBAC policy")
    outcome = await setting.do(work)
    assert outcome.step is Step.ALLOWED and outcome.why == "create pods/exec in shop: no RBAC policy"
    setting.stage.gate.arming.disarm()
    assert (await setting.do(work)).step is Step.ARMED
    assert setting.cluster.opened == []
    assert set(setting.journal.kinds()) == {EventKind.REFUSED}


async def test_it_takes_no_lock_and_waits_for_none() -> None:
    setting = Setting()
    setting.stage.lock.refusing = Forbidden("bob holds it")
    assert (await setting.do(await setting.plan())).is_well
    assert setting.stage.lock.taken == []


async def test_a_cut_link_is_said_and_written_down() -> None:
    setting = Setting()
    setting.cluster.stream = FakeStream(b"# ", ends=CUT)
    outcome = await setting.do(await setting.plan())
    assert (outcome.result, outcome.step) == (Result.FAILED, Step.ACT)
    assert "the connection was reset" in outcome.why and "may still run" in outcome.todo
    assert "the connection was reset" in setting.shell_events[-1]
    assert setting.journal.kinds()[-1] is EventKind.OUTCOME


async def test_an_operator_who_leaves_is_told_that_it_may_still_run() -> None:
    setting = Setting()
    setting.seat.leaving = Left("left by the operator: control-] three times")
    outcome = await setting.do(await setting.plan())
    assert outcome.result is Result.CANCELLED and "may still run" in outcome.todo
    assert setting.shell_events[-1].endswith("left by the operator: control-] three times")


async def test_an_image_without_a_shell_is_a_failure_with_a_way_out() -> None:
    setting = Setting()
    setting.cluster.refusing = NotFound(
        "cannot run sh", why='exec: "sh": executable file not found in $PATH', todo="try"
    )
    outcome = await setting.do(await setting.plan())
    assert outcome.result is Result.FAILED
    assert "executable file not found" in outcome.why and "debug -it pod/web-1 --image" in outcome.todo


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phase": "Succeeded"}, r"the pod is finished \(Succeeded\)"),
        ({"phase": "Pending", "containerStatuses": []}, "not running yet"),
        (
            {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            "its container web is waiting: CrashLoopBackOff",
        ),
    ],
)
async def test_where_nothing_can_run_is_said_before_it_is_asked(changes: dict[str, Any], words: str) -> None:
    setting = Setting()
    setting.cluster.put("pods", {**POD, "status": {**POD["status"], **changes}})
    with pytest.raises(Invalid, match=words):
        await setting.plan()
    with pytest.raises(NotFound, match="no container db, but web, proxy, setup"):
        await setting.plan(container="db")


def test_the_default_container_is_kubectls() -> None:
    annotated = {"annotations": {"kubectl.kubernetes.io/default-container": "proxy"}}
    assert default_container(POD) == "web"
    assert default_container({**POD, "metadata": annotated}) == "proxy"
    wrong = {"annotations": {"kubectl.kubernetes.io/default-container": "gone"}}
    assert default_container({**POD, "metadata": wrong}) == "web"


def test_only_terminals_that_images_know_are_passed_on() -> None:
    assert [familiar_terminal(each) for each in ("xterm-256color", "tmux-256color", "linux")] == [
        "xterm-256color",
        "tmux-256color",
        "linux",
    ]
    assert familiar_terminal("xterm-kitty") == familiar_terminal("") == "xterm-256color"
    assert familiar_terminal("x; rm -rf /") == "xterm"


# The journal and the ends of a console


async def test_without_the_journal_nothing_runs() -> None:
    setting = Setting()
    setting.journal.failing = {EventKind.SHELL}
    outcome = await setting.do(await setting.plan())
    assert outcome.result is Result.FAILED and FULL.why in outcome.why
    assert setting.cluster.opened == []


async def test_a_journal_that_fails_at_the_end_hides_nothing() -> None:
    setting = Setting()
    work = await setting.plan()
    setting.seat.held = asyncio.Event()
    run = setting.stage.runs.start(work, await setting.stage.gate.propose(work), YES)
    await _until(lambda: bool(setting.seat.seen))
    setting.journal.failing = {EventKind.SHELL}
    setting.seat.held.set()
    outcome = await run.finished()
    assert outcome.is_well and work.exit_code == 0
    assert any("could not be written down" in each.text for each in run.lines.read().items)


async def test_a_console_that_ends_closes_its_shell_and_the_next_start_closes_the_operation() -> None:
    setting = Setting()
    work = await setting.plan()
    setting.seat.held = asyncio.Event()
    setting.stage.runs.start(work, await setting.stage.gate.propose(work), YES)
    await _until(lambda: bool(setting.seat.seen))
    await setting.stage.runs.close()
    assert setting.shell_events[-1] == "closed after 0s: the console ended"
    assert setting.journal.kinds()[-1] is EventKind.SHELL

    def made_again(change: Change) -> Any:
        return rebuild(change, {"orlando": setting.cluster}, setting.stage.clock)

    (found,) = await Reconciliation(setting.journal, made_again, lambda author: False).run()
    assert found.found is Found.DONE and "a shell ends with its console" in found.evidence
    assert setting.journal.kinds()[-1] is EventKind.OUTCOME


# Recordings


async def test_a_recording_has_what_was_shown_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    setting = Setting(tmp_path / "state" / "recordings")
    setting.cluster.stream = FakeStream(b"# \xe2\x82", b"\xac\r\n", b"\xff")
    outcome = await setting.do(await setting.plan(record=True))
    (path,) = (tmp_path / "state" / "recordings").iterdir()
    assert outcome.why == f"recorded in {path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    header, *events = [json.loads(line) for line in path.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"], header["env"]) == (2, 80, 24, {"TERM": "xterm"})
    assert [event[1:] for event in events] == [["o", "# "], ["o", "€\r\n"], ["o", "�"]]
    assert {each.data.get("recording") for each in setting.journal.written if each.kind is EventKind.SHELL} == {
        str(path)
    }


async def test_all_shells_are_recorded_where_that_is_wanted_but_no_command_without_a_terminal(tmp_path: Path) -> None:
    setting = Setting(tmp_path / "tapes", records_all=True)
    await setting.do(await setting.plan())
    assert len(list((tmp_path / "tapes").iterdir())) == 1
    await setting.do(await setting.plan(command=("ls",), tty=False))
    assert len(list((tmp_path / "tapes").iterdir())) == 1


async def test_a_recording_that_cannot_be_made_keeps_the_shell_shut(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    setting = Setting(tmp_path / "state")
    outcome = await setting.do(await setting.plan(record=True))
    assert outcome.result is Result.FAILED and "cannot record the shell" in outcome.what
    assert setting.cluster.opened == []


async def test_a_recording_that_grows_too_long_ends_and_the_shell_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell_tape, "MOST_BYTES", 1 << 20)
    setting = Setting(tmp_path)
    setting.cluster.stream = FakeStream(b"x" * (1 << 20), b"the end")
    outcome = await setting.do(await setting.plan(record=True))
    assert outcome.is_well and outcome.why.endswith("but not to its end: it reached 1 MiB")
    assert setting.seat.seen.endswith(b"the end")


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)
