"""The JSON Schema of fleet.yaml, for editors."""

from __future__ import annotations

from typing import Any

from console.configuration.models import FleetFile


def fleet_schema() -> dict[str, Any]:
    """Return the schema (2020-12) with the reference text of every key as its description."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stampdeck fleet.yaml",
        **{key: value for key, value in FleetFile.model_json_schema().items() if key != "title"},
    }
