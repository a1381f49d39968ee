"""Keys of fleet.yaml that no keyboard has: an action given one could never be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.key_names import mistake_in

if TYPE_CHECKING:
    from console.configuration.located import Located
    from console.configuration.models import FleetFile
    from console.configuration.problems import Problem
    from console.settings import Settings


def key_problems(fleet: FleetFile, located: Located) -> list[Problem]:
    """Return a problem for each name that is no key's, at its place."""
    from console.configuration.problems import Problem

    found = []
    for action, keys in fleet.keys.items():
        place = located.place(("keys", action))
        wrong = (mistake for key in keys.split(",") if (mistake := mistake_in(key)) is not None)
        found += [Problem(*place, f"keys.{action}", *_told(mistake)) for mistake in wrong]
    return found


def refuse_unknown_keys(settings: Settings) -> None:
    """Raise InvalidConfiguration, with file and line, when the console would pass over a key in silence."""
    if not any(mistake_in(key) for keys in settings.keys.values() for key in keys.split(",")):
        return
    # 0.13 s, which only a configuration that is wrong is to cost.
    from console.configuration.load import parse
    from console.configuration.problems import InvalidConfiguration
    from console.configuration.reading import read_text

    fleet, located = parse(read_text(settings.file), settings.file)
    raise InvalidConfiguration(settings.file, key_problems(fleet, located))


def _told(mistake: str) -> tuple[str, str]:
    what, _, todo = mistake.partition(": ")
    return what, todo
