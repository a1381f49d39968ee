"""fleet.yaml: which file is meant, what it may say, and what is wrong with it.

Pydantic and the YAML composer cost about 0.1 s together, so they are imported only when a file is really checked.
"""

from __future__ import annotations

from console.configuration.folders import locate_fleet_file
from console.settings import Settings


def load_settings(given: str | None = None) -> Settings:
    """Return the effective configuration of the file named by --config, STAMPDECK_CONFIG or the default place.

    Raises ConfigurationError; when the file's content is wrong, every problem in it is named with its line.
    """
    from console.configuration.load import parse, read_text, settings_of

    file, named_by = locate_fleet_file(given)
    fleet, _ = parse(read_text(file, named_by), file)
    return settings_of(fleet, file)
