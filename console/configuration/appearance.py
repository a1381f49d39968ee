"""Themes and keys of fleet.yaml that the console does not know: it would pass over them in silence.

Imports every screen for its actions (0.3 s): for `stampdeck config check` alone.
"""

from __future__ import annotations

import difflib

from console.configuration.located import Located
from console.configuration.models import FleetFile
from console.configuration.problems import Problem
from screens import common_actions, themes
from screens.detail import containers as containers_screen
from screens.detail import screen as detail_screen
from screens.doctor import screen as doctor_screen
from screens.faults import screen as faults_screen
from screens.fleet import screen as fleet_screen
from screens.logs import keys as logs_keys
from screens.resources import change_keys
from screens.resources import keys as resources_keys

_SCREENS = (
    containers_screen, detail_screen, doctor_screen, faults_screen, fleet_screen, logs_keys, resources_keys,
    change_keys,
)  # fmt: skip


def action_ids() -> tuple[str, ...]:
    """Return the id of every action that can have other keys."""
    actions = (
        *common_actions.COMMON,
        common_actions.PALETTE,
        *(action for screen in _SCREENS for action in screen.ACTIONS),
    )
    return tuple(dict.fromkeys(action.id for action in actions))


def appearance_warnings(fleet: FleetFile, located: Located) -> list[Problem]:
    """Return a warning for an unknown theme and for each key of an unknown action."""
    found = []
    if fleet.theme and themes.theme_named(fleet.theme) is None:
        known = ", ".join(theme.name.removeprefix("stampdeck-") for theme in themes.THEMES)
        place = located.place(("theme",))
        found.append(Problem(*place, "theme", f"there is no theme {fleet.theme!r}", f"choose from {known}"))
    ids = action_ids()
    for name in fleet.keys:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, n=1)
            todo = f"did you mean {near[0]}?" if near else "press ? in the console for the ids of a screen's actions"
            place = located.place(("keys", name), of_key=True)
            found.append(Problem(*place, f"keys.{name}", "no action has this id", todo))
    return found
