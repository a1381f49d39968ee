"""Where the console keeps its files (XDG base directories), and which fleet.yaml is meant."""

from __future__ import annotations

import os
from pathlib import Path

FLEET_VARIABLE = "STAMPDECK_CONFIG"
JOURNAL_VARIABLE = "STAMPDECK_JOURNAL"
JOB_LOGS_VARIABLE = "STAMPDECK_JOB_LOGS"


def default_fleet_file() -> Path:
    """Return `$XDG_CONFIG_HOME/stampdeck/fleet.yaml`, by default under ~/.config."""
    return _base("XDG_CONFIG_HOME", ".config") / "fleet.yaml"


def state_folder() -> Path:
    """Return `$XDG_STATE_HOME/stampdeck`, by default under ~/.local/state: logs and crash reports, not made here."""
    return _base("XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME/stampdeck`, by default under ~/.cache: whatever can be thrown away, not made here."""
    return _base("XDG_CACHE_HOME", ".cache")


def journal_file() -> Path:
    """Return where changes are recorded: what STAMPDECK_JOURNAL names, by default journal.db in the state folder."""
    named = os.environ.get(JOURNAL_VARIABLE)
    return Path(named).expanduser().absolute() if named else state_folder() / "journal.db"


def recordings_folder() -> Path:
    """Return where shells are recorded: `recordings` in the state folder, not made here."""
    return state_folder() / "recordings"


def known_hosts_file() -> Path:
    """Return where the host keys of helper VMs are remembered: `known_hosts` in the state folder, not ~/.ssh's."""
    return state_folder() / "known_hosts"


def job_logs_folder() -> Path:
    """Return where the logs of jobs on helper VMs are mirrored, not made here.

    It is what STAMPDECK_JOB_LOGS names, by default `jobs` in the state folder.
    """
    named = os.environ.get(JOB_LOGS_VARIABLE)
    return Path(named).expanduser().absolute() if named else state_folder() / "jobs"


def make_private(folder: Path) -> Path:
    """Make a folder only its owner can enter (0700) and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def locate_fleet_file(given: str | None) -> tuple[Path, str]:
    """Return the file meant and what names it: --config, STAMPDECK_CONFIG, or the default place."""
    if given:
        return Path(given).expanduser().absolute(), "--config"
    named = os.environ.get(FLEET_VARIABLE)
    if named:
        return Path(named).expanduser().absolute(), FLEET_VARIABLE
    return default_fleet_file(), "the default place"


def _base(variable: str, fallback: str) -> Path:
    # The XDG specification: a relative path in these variables is to be ignored.
    named = Path(os.environ.get(variable, ""))
    return (named if named.is_absolute() else Path.home() / fallback) / "stampdeck"
