"""fleet.yaml: which file is meant, what it may say, and what is wrong with it."""

from __future__ import annotations

from console.configuration.folders import locate_fleet_file
from console.configuration.reading import read_text
from console.settings import Settings


def load_settings(given: str | None = None) -> Settings:
    """Return the effective configuration of the file named by --config, STAMPDECK_CONFIG or the default place.

    Raises ConfigurationError; when the file's content is wrong, every problem in it is named with its line.
    """
    from console.configuration.remembered import recall, remember

    file, named_by = locate_fleet_file(given)
    text = read_text(file, named_by)
    settings = recall(file, text)
    if settings is None:
        # Pydantic and the YAML composer cost 0.13 s, which an unchanged file does not pay again.
        from console.configuration.load import parse, settings_of

        settings = settings_of(parse(text, file)[0], file)
        remember(file, text, settings)
    return settings
