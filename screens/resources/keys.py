"""What can be done on a table, with the keys that fingers know from k9s."""

from __future__ import annotations

from screens.actions import Action

_SORTS = (
    ("name", "N", "name"),
    ("age", "A", "age"),
    ("status", "S", "status"),
    ("namespace", "P", "namespace"),
    ("stamp", "I", "stamp"),
    ("cpu", "C", "CPU"),
    ("memory", "M", "memory"),
    ("restarts", "R", "restarts"),
)

LARGEST_FIRST = frozenset({"cpu", "memory", "restarts"})
"""What is sorted by to find the largest: the first press of the key sorts descending."""

ACTIONS = (
    Action(
        "resources.filter",
        "slash",
        "Filter",
        "narrow the rows while typing: regex, !, -l, column:, compares",
        "Table",
        footer="filter",
    ),
    Action(
        "resources.describe",
        "d",
        "Describe",
        "what it is, what it says, what is wrong with it",
        "Row",
        footer="describe",
    ),
    Action("resources.yaml", "y", "YAML", "the object as YAML", "Row", footer="yaml"),
    Action("resources.logs", "l", "Logs", "follow the logs behind the row", "Row", footer="logs"),
    Action(
        "resources.previous-logs",
        "p",
        "Previous logs",
        "logs of the containers before their last restart",
        "Row",
        call="logs(True)",
    ),
    Action(
        "resources.toggle-stamps",
        "a",
        "All stamps",
        "all stamps in one table, or only this row's",
        "Table",
        footer="all stamps",
    ),
    Action("resources.owner", "J", "Owner", "the object that owns the row", "Row"),
    Action("resources.node", "o", "Node", "the node of the pod", "Row"),
    Action(
        "resources.copy",
        "c,ctrl+y",
        "Copy name",
        "copy the name, or the names of the marked rows",
        "Row",
        footer="copy",
    ),
    Action("resources.save", "ctrl+s", "Save", "save the rows shown as CSV, to a file that only you can read", "Table"),
    Action("resources.wide", "w,ctrl+w", "Wide", "show or hide the wide columns", "Table", footer="wide"),
    Action("resources.refresh", "r,ctrl+r", "Try now", "ask again now where the next try is being waited for", "Table"),
    *(
        Action(
            f"resources.sort-{key}",
            keys,
            f"Sort by {title}",
            f"sort by {title}, largest first; again: the other way"
            if key in LARGEST_FIRST
            else f"sort by {title}; again: the other way",
            "Sort",
            call=f"sort('{key}')",
        )
        for key, keys, title in _SORTS
    ),
    *(
        Action(
            f"resources.namespace-{number}",
            str(number),
            "All namespaces" if number == 0 else f"Namespace {number}",
            "all namespaces" if number == 0 else "the namespace shown beside this number",
            "Namespace",
            call=f"namespace({number})",
        )
        for number in range(10)
    ),
)
