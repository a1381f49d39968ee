"""Diffs of objects: what people would write, nothing of the server's own, and no secret."""

from __future__ import annotations

import base64
from typing import Any

from backends.model.difference import difference


def _deployment(replicas: int, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **metadata},
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas + 7},
    }


def test_only_what_differs_is_shown() -> None:
    assert difference(_deployment(2), _deployment(5)).splitlines() == [
        "--- as it is",
        "+++ as it would be",
        "@@ -3,4 +3,4 @@",
        " metadata:",
        "   name: web",
        " spec:",
        "-  replicas: 2",
        "+  replicas: 5",
    ]


def test_what_the_server_writes_by_itself_is_no_difference() -> None:
    noise = {"resourceVersion": "9", "generation": 4, "managedFields": [{"manager": "x"}], "uid": "u"}
    assert difference(_deployment(2, resourceVersion="8"), _deployment(2, **noise)) == ""


def test_what_is_made_or_deleted_is_shown_whole() -> None:
    made, deleted = difference(None, _deployment(1)), difference(_deployment(1), None)
    assert [line for line in made.splitlines()[3:] if not line.startswith("+")] == []
    assert [line for line in deleted.splitlines()[3:] if not line.startswith("-")] == []


def _secret(password: str) -> dict[str, Any]:
    return {
        "kind": "Secret",
        "metadata": {"name": "db"},
        "data": {"password": base64.b64encode(password.encode()).decode(), "user": "YWRh"},
    }


def test_a_secret_that_changed_says_so_and_shows_nothing() -> None:
    shown = difference(_secret("hunter22"), _secret("hunter23"))
    assert "aHVu" not in shown and "hunter" not in shown
    changed = [line for line in shown.splitlines()[3:] if line[0] in "+-"]
    assert changed == ["-  password: «redacted» (8 bytes)", "+  password: «redacted» (8 bytes) (changed)"]


def test_a_masked_variable_that_changed_says_so() -> None:
    def pod(value: str) -> dict[str, Any]:
        return {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": value}]}]}}

    shown = difference(pod("hunter22"), pod("hunter23"))
    assert "hunter" not in shown
    assert "(changed)" in shown
