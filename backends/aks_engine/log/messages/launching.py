"""What our own script says before the engine takes its place (`before_run.sh`)."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.fleet import Severity

MESSAGES = (
    *table((("launch_copied", "stampdeck: copied the api model to <path…>"),)),
    *table(
        (
            ("launch_modes", "stampdeck: the permissions of <path…> could not be set to 0700"),
            ("launch_modes", "stampdeck: the permissions of <path…> could not be set to 0600"),
        ),
        severity=Severity.WARNING,
    ),
    *table(
        (
            ("launch_not_copied", "stampdeck: the api model could not be copied aside: nothing was started"),
            (
                "launch_secret_missing",
                "stampdeck: the client secret's file <path…> is missing or not to be read by this account",
            ),
            (
                "launch_secret_open",
                "stampdeck: the client secret's file <path…> can be read by others: <advice…>",
            ),
            ("launch_secret_empty", "stampdeck: the client secret's file <path…> is empty"),
            ("launch_no_engine", "stampdeck: there is no <engine…> on this machine's PATH"),
        ),
        severity=Severity.BAD,
    ),
)
