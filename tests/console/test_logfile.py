"""The log: private, redacted, rotating, never in the way."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.errors import UsageError
from console import logfile


@pytest.fixture(autouse=True)
def root_logger_restored() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)


def test_the_default_file_appears_with_the_first_line_and_is_private() -> None:
    path = logfile.log_to_file(None, "warning")
    assert path == Path(os.environ["XDG_STATE_HOME"]) / "stampdeck/stampdeck.log"
    assert not path.exists()
    logging.getLogger("some.system").warning("token=%s seen", "abcdefghijklmnop")
    logging.getLogger("some.system").info("not at this level")
    line = path.read_text()
    assert "WARNING some.system: token=«redacted» seen" in line
    assert line.count("\n") == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_tracebacks_are_redacted_too(tmp_path: Path) -> None:
    path = logfile.log_to_file(str(tmp_path / "log"), "debug")
    try:
        raise ValueError("Authorization: Bearer abcdefghijklmnopqrstuvwxyz")
    except ValueError:
        logging.getLogger().exception("failed")
    assert "ValueError" in path.read_text()
    assert "abcdefghijklmnop" not in path.read_text()


def test_commands_sent_over_ssh_are_never_logged(tmp_path: Path) -> None:
    path = logfile.log_to_file(str(tmp_path / "log"), "debug")
    logging.getLogger("asyncssh").info("Command: sh -c something")
    logging.getLogger("asyncssh").warning("a thing to know")
    assert "something" not in path.read_text()
    assert "a thing to know" in path.read_text()


def test_it_rotates_and_stays_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "LIMIT_BYTES", 500)
    path = logfile.log_to_file(str(tmp_path / "log"), "info")
    for number in range(50):
        logging.getLogger().info("line %d", number)
    files = sorted(tmp_path.glob("log*"))
    assert [file.name for file in files] == ["log", "log.1", "log.2", "log.3"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert "line 49" in path.read_text()


def test_a_named_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot log to"):
        logfile.log_to_file(str(tmp_path / "nowhere/log"), "info")


def test_a_state_folder_that_cannot_be_made_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    logfile.log_to_file(None, "info")
    logging.getLogger().warning("nowhere to go")
