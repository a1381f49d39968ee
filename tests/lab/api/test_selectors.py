"""Label and field selectors against the server's grammar and words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.kubernetes.selectors import from_label_selector, parse_fields, parse_labels
from backends.lab.kubernetes.statuses import ApiError

LABELS = {"app": "web", "tier": "front", "n": "5"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app=api", False),
        ("app!=api", True),
        ("app!=web", False),
        ("missing!=x", True),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("!app", False),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("missing notin (x)", True),
        ("n>4", True),
        ("n<5", False),
        ("app=web,tier=front", True),
        ("app=web,tier=back", False),
        ("app in (web),!missing,tier", True),
        ("app=", False),
    ],
)
def test_labels(text: str, matches: bool) -> None:
    assert parse_labels(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=x y", "found 'y', expected: ',' or 'end of string'"),
        ("a===", "unable to parse requirement: found '=', expected: identifier"),
        ("a in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("!!", "unable to parse requirement: found '!', expected: identifier"),
        ("a,", "found '', expected: identifier after ','"),
    ],
)
def test_what_is_wrong_with_a_label_selector(text: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_labels(text)
    assert caught.value.code == 400
    assert str(caught.value) == message


_NAMES = st.from_regex(r"[a-z]([a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)


@given(st.dictionaries(_NAMES, _NAMES, max_size=4), st.dictionaries(_NAMES, _NAMES, max_size=4))
def test_equality_selects_supersets(wanted: dict[str, str], labels: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in wanted.items())
    expected = wanted.items() <= labels.items()
    assert parse_labels(text).matches(labels) is expected
    selector = from_label_selector({"matchLabels": wanted})
    assert selector is not None
    assert selector.matches(labels) is expected


POD: dict[str, Any] = {
    "metadata": {"name": "web-0", "namespace": "default"},
    "spec": {"nodeName": "node-1"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.name=web-0", True),
        ("metadata.name!=web-0", False),
        ("spec.nodeName=node-1,status.phase=Running", True),
        ("spec.nodeName=node-1,status.phase!=Running", False),
        ("metadata.namespace==default", True),
        ("status.podIP=", True),
    ],
)
def test_fields(text: str, matches: bool) -> None:
    assert parse_fields(text, "pods").matches(POD) is matches


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("pods", "field label not supported: spec.foo"),
        ("nodes", "field label not supported: spec.foo"),
        ("configmaps", '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("deployments.apps", '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"'),
    ],
)
def test_fields_that_cannot_be_selected(resource: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_fields("spec.foo=a", resource)
    assert (caught.value.code, str(caught.value)) == (400, message)


def test_nodes_without_the_field_count_as_schedulable() -> None:
    selector = parse_fields("spec.unschedulable=false", "nodes")
    assert selector.matches({"metadata": {"name": "a"}, "spec": {}})
    assert not selector.matches({"metadata": {"name": "a"}, "spec": {"unschedulable": True}})
