"""How a command ends: exit codes, one line for an expected failure, a file for an unexpected one."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What cron and pipelines can rely on."""

    WELL = 0
    ERROR = 1
    USAGE = 2
    DEGRADED = 3
