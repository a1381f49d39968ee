"""A journal in the test's own state folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.journal import SqliteJournal
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the journal is to be; neither it nor its folder is there yet."""
    return tmp_path / "state" / "stampdeck" / "journal.db"


@pytest.fixture
async def journal(file: Path, clock: ManualClock) -> AsyncIterator[SqliteJournal]:
    async with SqliteJournal(file, clock, busy_s=0.2) as opened:
        yield opened
