"""`stampdeck audit` as a shell runs it: what was done, whether the record is whole, and what is open."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backends.journal import SqliteJournal
from backends.journal.schema import TRIGGERS
from backends.model.journal import Author, EventKind
from console.configuration.folders import journal_file
from tests.console.command_line import stampdeck_async as stampdeck
from tests.console.files import write_fleet
from tests.support.clock import ManualClock

ALICE = Author("alice", "bastion-2", "1:2:3:4")
DRAIN: dict[str, Any] = {
    "action": "drain",
    "target": {"kind": "node", "name": "k8s-linuxpool-0", "namespace": None},
    "summary": "drain k8s-linuxpool-0",
    "command": "kubectl drain k8s-linuxpool-0",
    "impact": "disruptive",
    "parameters": {},
}
Record = Callable[..., Awaitable[str]]


@asynccontextmanager
async def a_journal(clock: ManualClock, author: Author = ALICE) -> AsyncIterator[SqliteJournal]:
    async with SqliteJournal(journal_file(), clock, author=author) as journal:
        yield journal


@pytest.fixture
async def recorded() -> str:
    """A refusal, a drain with an override, and one of half an hour later that is open; returns the newest head."""
    clock = ManualClock()
    async with a_journal(clock) as journal:
        why = "others-serve: seattle \x1b[31mis degraded"
        await journal.record("a1", EventKind.REFUSED, "orlando", {**DRAIN, "step": "preconditions", "why": why})
        override = {"overrides": ["others-serve"], "reason": "ticket 4711", "diff": "-a\n+b"}
        await journal.record("a2", EventKind.INTENT, "orlando", {**DRAIN, **override})
        await journal.record("a2", EventKind.STEP, "orlando", {"text": "evicted web-1"})
        await clock.advance(1800)
        done = {"result": "done", "step": "outcome", "what": "drained", "why": "no pods left"}
        await journal.record("a2", EventKind.OUTCOME, "orlando", done)
        return (await journal.record("a3", EventKind.INTENT, "seattle", DRAIN)).hash


async def test_without_a_journal_everything_says_so_and_makes_none() -> None:
    for words in ((), ("verify",), ("export",), ("open",), ("close", "a1", "--reason", "x")):
        found = await stampdeck("audit", *words)
        assert (found.code, found.out) == (0, ""), words
        assert f"nothing was written yet: there is no {journal_file()}" in found.err
    document = json.loads((await stampdeck("audit", "-o", "json")).out)
    assert document["operations"] == []
    assert not journal_file().exists()


async def test_a_line_per_operation_newest_first(recorded: str) -> None:
    found = await stampdeck("audit")
    assert (found.code, found.err) == (0, "")
    header, *lines = found.out.splitlines()
    assert header.split() == ["TIME", "WHO", "STAMP", "CHANGE", "RESULT", "OPERATION", "WHY"]
    assert [line.split("   ")[4].strip() for line in lines] == ["open", "done", "refused"]
    assert lines[1].startswith("2026-09-21 14:13:20Z   alice@bastion-2   orlando   drain node/k8s-linuxpool-0")
    assert lines[1].endswith("override others-serve: ticket 4711; drained: no pods left")
    assert lines[2].endswith("preconditions: others-serve: seattle ␛[31mis degraded"), "not obeyed by a terminal"


async def test_chosen_by_stamp_time_and_operation(recorded: str) -> None:
    async def operations(*words: str) -> list[str]:
        lines = (await stampdeck("audit", "-o", "jsonl", *words)).out.splitlines()
        return [json.loads(line)["operation"] for line in lines]

    assert await operations() == ["a3", "a2", "a1"]
    assert await operations("--stamp", "seattle") == ["a3"]
    assert await operations("--operation", "a2") == ["a2"]
    assert await operations("--operation", "a") == ["a3", "a2", "a1"]
    assert await operations("--since", "2026-09-21T14:30") == ["a3", "a2"]
    assert await operations("--since", "2026-09-22") == []
    whole = json.loads((await stampdeck("audit", "-o", "jsonl", "--since", "2026-09-21T14:30:00Z")).out.splitlines()[1])
    assert whole["events"] == [2, 3, 4], "an operation is shown whole, also what of it was before"
    missing = await stampdeck("audit", "--operation", "nope")
    assert (missing.code, missing.out) == (1, "")
    assert "no operation nope" in missing.err
    wrong = await stampdeck("audit", "--since", "tomorrow")
    assert wrong.code == 2 and "neither a duration" in wrong.err


async def test_every_event_of_an_operation(recorded: str) -> None:
    lines = (await stampdeck("audit", "--operation", "a2", "--events")).out.splitlines()
    assert [line.split()[0] for line in lines] == ["ROW", "2", "3", "4"]
    assert "evicted web-1" in lines[2]


async def test_the_json_documents_are_as_their_schema_says(recorded: str) -> None:
    schema = json.loads((await stampdeck("audit", "--schema")).out)
    for words in ((), ("--events",)):
        document = json.loads((await stampdeck("audit", "-o", "json", *words)).out)
        jsonschema.validate(document, schema)
        assert document["schema"] == "stampdeck.audit/1"
    assert document["events"][2]["data"] == {"text": "evicted web-1"}


async def test_the_export_alone_proves_the_chain(recorded: str) -> None:
    previous = "0" * 64
    for line in (await stampdeck("audit", "export")).out.splitlines():
        event = json.loads(line)
        data = json.dumps(event["data"], sort_keys=True, separators=(",", ":"))
        names = ("number", "operation", "at_us", "kind", "person", "host", "process", "stamp")
        text = json.dumps([previous, *(event[name] for name in names), data], separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert event["hash"] == previous
    assert previous == recorded


async def test_a_whole_chain_verifies_and_a_noted_head_is_found(recorded: str) -> None:
    found = await stampdeck("audit", "verify")
    assert (found.code, found.err) == (0, "")
    assert found.out == f"{journal_file()}: the chain holds, 5 rows\nhead {recorded}\n"
    async with a_journal(ManualClock()) as journal:
        await journal.record("a4", EventKind.ARMED, "")
    assert (await stampdeck("audit", "verify", "--head", recorded[:12])).code == 0
    gone = await stampdeck("audit", "verify", "--head", "0123456789ab")
    assert gone.code == 1 and "no row has the hash 0123456789ab" in gone.err
    assert (await stampdeck("audit", "verify", "--head", "xyz")).code == 2


async def test_a_changed_row_is_named(recorded: str) -> None:
    with closing(sqlite3.connect(journal_file(), isolation_level=None)) as database:
        for name in TRIGGERS:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE event SET person = 'mallory' WHERE number = 3")
    found = await stampdeck("audit", "verify")
    assert (found.code, found.out) == (1, "")
    assert "row 3: it was changed" in found.err and "2 rows before it" in found.err
    document = json.loads((await stampdeck("audit", "verify", "-o", "json")).out)
    assert (document["holds"], document["broken_at"], document["rows"]) == (False, 3, 2)


async def test_what_is_open_can_be_given_up_with_a_reason(recorded: str) -> None:
    found = await stampdeck("audit", "open")
    assert found.code == 3
    line = found.out.splitlines()[1]
    assert "a3" in line and "elsewhere" in line and "alice@bastion-2" in line
    assert (await stampdeck("audit", "close", "a3")).code == 2, "never without a reason"
    closed = await stampdeck("audit", "close", "a3", "--reason", "that bastion is gone")
    assert (closed.code, closed.err) == (0, "")
    again = await stampdeck("audit", "close", "a3", "--reason", "again")
    assert again.code == 2 and "no open operation a3" in again.err
    assert (await stampdeck("audit", "open")).out == "nothing is open\n"
    assert "cancelled" in (await stampdeck("audit", "--operation", "a3")).out
    head = (await stampdeck("audit", "verify")).out.split()[-1]
    assert f"head {head}" in closed.out


async def test_a_copy_elsewhere_is_read_and_left_as_it_is(recorded: str, tmp_path: Path) -> None:
    copy = tmp_path / "evidence.db"
    copy.write_bytes(journal_file().read_bytes())
    copy.chmod(0o400)
    before = copy.read_bytes()
    assert (await stampdeck("audit", "--file", str(copy), "verify")).code == 0
    assert len((await stampdeck("audit", "--file", str(copy))).out.splitlines()) == 4
    refused = await stampdeck("audit", "--file", str(copy), "open", "--compare")
    assert refused.code == 2 and "one's own journal" in refused.err
    assert copy.read_bytes() == before


async def test_a_file_that_is_no_journal_is_told() -> None:
    journal_file().parent.mkdir(parents=True, exist_ok=True)
    journal_file().write_text("no database\n" * 100)
    for words in ((), ("verify",), ("export",), ("open",)):
        found = await stampdeck("audit", *words)
        assert (found.code, found.out) == (1, "")
        assert "not a journal of stampdeck" in found.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stampdeck au", ["audit"]),
        ("stampdeck audit ver", ["verify"]),
        ("stampdeck audit --stamp sea", ["seattle"]),
        ("stampdeck audit -o jsonl", ["jsonl"]),
    ],
)
async def test_completion(words: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_STAMPDECK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setenv("STAMPDECK_CONFIG", str(write_fleet(tmp_path)))
    found = await stampdeck()
    assert [line.partition(",")[2] for line in found.out.splitlines()] == expected
