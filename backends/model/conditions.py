"""The conditions of an object, also where an old API version has no field for them."""

from __future__ import annotations

import json

from backends.model.diagnosis import Object
from backends.model.fields import items, mapping

AUTOSCALER_V1 = "autoscaling.alpha.kubernetes.io/"
"""Begins the annotations in which autoscaling/v1 keeps what it has no field for, as JSON (API reference)."""


def conditions_of(obj: Object) -> list[Object]:
    """Return the conditions of the status, or those that autoscaling/v1 keeps in an annotation."""
    found = items(obj, "status", "conditions")
    if found:
        return found
    try:
        told = json.loads(mapping(obj, "metadata", "annotations").get(f"{AUTOSCALER_V1}conditions", "[]"))
    except (TypeError, ValueError):
        return []
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
