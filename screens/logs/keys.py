"""What can be done on logs, with the keys that fingers know from k9s."""

from __future__ import annotations

from screens.actions import Action
from screens.logs.rows import SINCE

ACTIONS = (
    Action(
        "logs.filter", "slash", "Filter", "show only matching lines: text, regex, ! inverts", "Logs", footer="filter"
    ),
    Action(
        "logs.search", "backslash", "Search", "light matches, keeping the lines around them", "Logs", footer="search"
    ),
    Action(
        "logs.autoscroll", "s", "Autoscroll", "stay at the end, or stay where you read", "Logs", footer="autoscroll"
    ),
    Action("logs.wrap", "w", "Wrap", "wrap long lines", "Logs", footer="wrap"),
    Action("logs.timestamps", "t", "Timestamps", "show the server's timestamps", "Logs", footer="timestamps"),
    Action(
        "logs.previous", "p", "Previous", "logs of the containers before their last restart", "Logs", footer="previous"
    ),
    Action(
        "logs.all-stamps",
        "A",
        "All stamps",
        "the same workload on all stamps, merged by time",
        "Logs",
        footer="all stamps",
    ),
    Action("logs.mark", "m", "Mark", "draw a line here, so that what comes next stands out", "Logs"),
    Action("logs.clear", "C", "Clear", "forget the lines shown", "Logs"),
    Action("logs.copy", "c", "Copy", "copy the lines on the screen", "Logs", footer="copy"),
    Action(
        "logs.save", "ctrl+s", "Save", "save every line shown to a file that only you can read", "Logs", footer="save"
    ),
    *(
        Action(
            f"logs.since-{number}",
            str(number),
            f"Since: {name}",
            f"read again: {name}",
            "Since",
            call=f"since({number})",
        )
        for number, (name, _, _) in enumerate(SINCE)
    ),
)
