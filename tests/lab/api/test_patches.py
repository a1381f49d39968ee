"""The patch forms on plain values: JSON, merge and strategic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.kubernetes.patches.json_patch import apply_json_patch
from backends.lab.kubernetes.patches.merge import merge
from backends.lab.kubernetes.patches.shapes import shape_of
from backends.lab.kubernetes.patches.strategic import strategic_merge
from backends.lab.kubernetes.statuses import ApiError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [  # the examples of RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge(target: Any, patch: Any, expected: Any) -> None:
    assert merge(target, patch) == expected


@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=4))
def test_merging_an_object_into_itself_only_drops_nulls(value: dict[str, Any]) -> None:
    once = merge(value, value)
    assert merge(once, once) == once


@pytest.mark.parametrize(
    ("target", "operations", "expected"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": 2}], {"a": 2}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        ({"a": {"x": 1}}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": {"x": 1}, "b": {"x": 1}}),
        ({"a/b": {"m~n": 1}}, [{"op": "test", "path": "/a~1b/m~0n", "value": 1}], {"a/b": {"m~n": 1}}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"z": 0}}], {"z": 0}),
    ],
)
def test_json_patch(target: Any, operations: Any, expected: Any) -> None:
    assert apply_json_patch(target, operations) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/y/z", "value": 1},
        {"op": "remove", "path": "/nope"},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "sing", "path": "/a"},
    ],
)
def test_json_patch_that_cannot_be_applied(operation: dict[str, Any]) -> None:
    target = {"a": 1, "list": []}
    with pytest.raises(ApiError) as caught:
        apply_json_patch(target, [operation])
    assert caught.value.code == 422
    assert target == {"a": 1, "list": []}


def _containers(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        pytest.param(
            _containers({"name": "a", "image": "x"}, {"name": "b", "image": "y"}),
            _containers({"name": "b", "image": "z"}),
            _containers({"name": "a", "image": "x"}, {"name": "b", "image": "z"}),
            id="containers merge by name",
        ),
        pytest.param(
            _containers({"name": "a"}, {"name": "b"}),
            _containers({"$patch": "delete", "name": "a"}),
            _containers({"name": "b"}),
            id="an element is deleted by its key",
        ),
        pytest.param(
            _containers({"name": "a"}, {"name": "b"}),
            {"spec": {"containers": [{"$patch": "replace"}, {"name": "c"}]}},
            _containers({"name": "c"}),
            id="a list is replaced on demand",
        ),
        pytest.param(
            _containers({"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "m"}]}),
            _containers({"name": "a", "ports": [{"containerPort": 81, "name": "n"}]}),
            _containers({"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "n"}]}),
            id="ports merge by number",
        ),
        pytest.param(
            _containers({"name": "a", "env": [{"name": "X", "value": "1"}]}),
            _containers({"name": "a", "env": [{"name": "Y", "value": "2"}]}),
            _containers(
                {"name": "a", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]}
            ),  # as the server
            id="env merges by name",
        ),
        pytest.param(
            _containers({"name": "a", "command": ["x", "y"]}),
            _containers({"name": "a", "command": ["z"]}),
            _containers({"name": "a", "command": ["z"]}),
            id="commands are one piece",
        ),
        pytest.param(
            _containers({"name": "a"}, {"name": "b"}),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b"}]}},
            _containers({"name": "b"}, {"name": "a"}),
            id="the order can be set",
        ),
        pytest.param(
            {"metadata": {"finalizers": ["x", "y"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}},
            {"metadata": {"finalizers": ["y"]}},
            id="scalars are dropped from a list",
        ),
        pytest.param(
            {"metadata": {"finalizers": ["x"]}},
            {"metadata": {"finalizers": ["y"]}},
            {"metadata": {"finalizers": ["x", "y"]}},
            id="finalizers add up",
        ),
        pytest.param(
            {"spec": {"tolerations": [{"key": "a"}]}},
            {"spec": {"tolerations": [{"key": "b"}]}},
            {"spec": {"tolerations": [{"key": "b"}]}},
            id="tolerations are one piece",
        ),
        pytest.param(
            {"status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Other", "status": "True"}]}},
            {"status": {"conditions": [{"type": "Ready", "status": "True"}]}},
            {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "True"}]}},
            id="conditions merge by type",
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
            {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]}},
            {"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}},
            id="a volume changes its source",
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"$patch": "replace", "c": "3"}}},
            {"metadata": {"labels": {"c": "3"}}},
            id="a map is replaced on demand",
        ),
        pytest.param(
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"a": None}}},
            {"metadata": {"labels": {"b": "2"}}},
            id="null removes",
        ),
    ],
)
def test_strategic(target: Any, patch: Any, expected: Any) -> None:
    assert strategic_merge(target, patch, shape_of("", "v1", "Pod")) == expected


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        strategic_merge(_containers({"name": "a"}), _containers({"image": "x"}), shape_of("", "v1", "Pod"))
    assert "does not contain declared merge key: name" in str(caught.value)


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(ApiError):
        strategic_merge({}, {"$patch": "sing"}, shape_of("", "v1", "Pod"))
