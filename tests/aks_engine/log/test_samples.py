"""Everything that the real engine was seen to write is understood."""

from __future__ import annotations

import json
import re

import pytest

from backends.aks_engine.log import EngineLog, catalogue, explain_exit
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import Phase
from tests.aks_engine.log.samples import DATA, NAMES, Sample, described, expected, read, sample

_SAID_PLAINLY = re.compile(
    r"(?:0[1-9]|1[0-4])-"  # versions and help: their text is their own
    r"|97-"  # notes of who captured it
)
_LOGGERS = (LineForm.COLOUR, LineForm.LOGFMT)


def _catalogue() -> list[tuple[str, re.Pattern[str]]]:
    """The messages as they were written down when the outputs were captured: an opinion beside our own tables."""
    written = json.loads((DATA / "message-catalogue.json").read_text())
    return [(each["id"], re.compile(each["regex"])) for each in written["messages"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_and_what_the_run_came_to(name: str) -> None:
    assert described(*read(sample(name))) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_lost_and_none_is_unknown(name: str) -> None:
    taken = sample(name)
    lines, _ = read(taken)
    assert [each.number for each in lines] == list(range(1, len(taken.lines) + 1))
    if _SAID_PLAINLY.match(name):
        return
    unknown = [each for each in lines if each.form is LineForm.PLAIN and not each.message]
    unknown += [each for each in lines if each.form in _LOGGERS and not each.message]
    assert unknown == []


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_those_of_the_written_catalogue(name: str) -> None:
    messages = _catalogue()
    for line in read(sample(name))[0]:
        if line.form in _LOGGERS and not line.message.startswith("debug_"):
            meant = next((id for id, pattern in messages if pattern.match(line.text)), "")
            assert line.message == meant, line.text


def test_every_message_of_the_written_catalogue_is_in_our_tables() -> None:
    ours = {each.id for each in catalogue.MESSAGES}
    assert {id for id, _ in _catalogue()} <= ours


@pytest.mark.parametrize("name", NAMES)
def test_exit_status_and_log_agree(name: str) -> None:
    """A run that ended with an error has one reason, a run that went well has none."""
    taken = sample(name)
    if taken.status is None:
        return
    progress = read(taken)[1]
    assert (progress.phase is Phase.FAILED) == (taken.status != 0)
    assert len(progress.failures) == (taken.status != 0)
    assert all(each.id != "unknown" and each.cause and each.todo for each in progress.failures)
    assert (explain_exit(taken.status) is None) == (taken.status == 0)
    if taken.status == 0 and taken.word in ("upgrade", "scale", "deploy", "addpool", "rotate-certs", "get-logs"):
        assert progress.is_succeeded or "Usage:" in taken.lines


@pytest.mark.parametrize("name", ["61-upgrade-3m-3a-notty", "70-upgrade-agent-arm-failure", "75-scale-down"])
def test_a_terminal_shows_both_loggers_in_colour(name: str) -> None:
    """On a terminal the second logger writes the first one's form, and lines end with CR LF."""
    taken = sample(name)
    coloured = "\n".join(map(_as_on_terminal, taken.lines)).replace("\n", "\r\n")
    log = EngineLog(taken.word, started_at=1_795_421_269.0)
    lines = [*log.feed(coloured.encode()), *log.close()]
    plain, progress = read(taken)
    assert _told(lines) == _told(plain)
    assert all(each.at is not None for each in lines if each.form is LineForm.COLOUR)
    assert [node.step for node in log.progress.nodes] == [node.step for node in progress.nodes]
    assert [each.id for each in log.progress.failures] == [each.id for each in progress.failures]


def _told(lines: list[EngineLine]) -> list[tuple[str, str]]:
    return [(each.message, each.fields.get("node", "")) for each in lines if not each.is_folded]


def _as_on_terminal(line: str) -> str:
    """A message of several lines is written as it is there."""
    found = re.fullmatch(r'time="[^"]*" level=(\w+) msg=("(?:[^"\\]|\\.)*")((?: \w+=\S+)*)', line)
    if found is None:
        return line
    message = json.loads(found[2]).removesuffix("\n")
    fields = re.sub(r" (\w+)=(\S+)", "\x1b[36m\\1\x1b[0m=\\2 ", found[3])
    return f"\x1b[36m{found[1][:4].upper()}\x1b[0m[0007] {message:<44} {fields}"


def test_a_sample_is_what_was_captured() -> None:
    taken: Sample = sample("70-upgrade-agent-arm-failure")
    assert taken.word == "upgrade"
    assert taken.status == 1
    assert taken.lines[0].startswith("\x1b[36mINFO\x1b[0m[0000] The in-tree")
    assert len(taken.lines) == 158
