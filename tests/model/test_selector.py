"""Label selectors as the server understands them."""

from __future__ import annotations

from typing import Any

import pytest

from backends.model.selector import SelectorError, parse_selector, selector_text


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        ("app", {"app": ""}, True),
        ("app", {}, False),
        ("!app", {}, True),
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "web"}, True),
        ("app = web , tier != db", {"app": "web"}, True),
        ("app!=web", {"app": "web"}, False),
        ("app notin (web)", {}, True),
        ("app in (web,)", {"app": ""}, True),
        ("version>3", {"version": "10"}, True),
        ("version<3", {"version": "10"}, False),
        ("version>3", {"version": "x"}, False),
        ("app.kubernetes.io/name=web", {"app.kubernetes.io/name": "web"}, True),
        ("app=", {"app": ""}, True),
        ("in=x", {"in": "x"}, True),
    ],
)
def test_selection(text: str, labels: dict[str, str], expected: bool) -> None:
    assert parse_selector(text).matches(labels) is expected


@pytest.mark.parametrize(("text", "position"), [("=x", 0), ("a=b,", 4), ("a in b", 1), ("a>x", 3), ("a=b c", 3)])
def test_mistakes(text: str, position: int) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_selector(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ({"app": "web", "a": "b"}, "a=b,app=web"),
        ({"matchLabels": {"app": "web"}}, "app=web"),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "x", "operator": "NotIn", "values": ["y"]},
                    {"key": "old", "operator": "DoesNotExist"},
                    {"key": "new", "operator": "Exists"},
                ],
            },
            "app=web,tier in (a,b),x notin (y),!old,new",
        ),
    ],
)
def test_an_objects_selector_as_the_api_is_asked(selector: dict[str, Any] | None, text: str) -> None:
    assert selector_text(selector) == text
    parse_selector(selector_text(selector))
