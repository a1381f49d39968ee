"""What every test needs: no setting, file or display of the person who runs it reaches a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_PERSONAL = (
    "STAMPDECK_CONFIG",
    "STAMPDECK_JOURNAL",
    "KUBECONFIG",
    "NO_COLOR",
    "SSH_CONNECTION",
    "SSH_TTY",
    "SSH_CLIENT",
    "TMUX",
    "COLUMNS",
    "LINES",
)
FAILED = os.environ.get("STAMPDECK_FAILED", "")
"""A file that takes the names of tests that failed, for whoever ran them."""
_XDG = {"CONFIG": ".config", "STATE": ".local/state", "CACHE": ".cache", "DATA": ".local/share"}


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Give each test its own home and XDG directories, and none of the variables we or kubectl read."""
    for name in _PERSONAL:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("CONFIG", ".config"),
        ("STATE", ".local/state"),
        ("CACHE", ".cache"),
        ("DATA", ".local/share"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    yield


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down what failed; with several at a time each name comes twice."""
    if FAILED and report.failed:
        with Path(FAILED).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
