"""Protobuf bodies against what a real server sent, and bodies that are none."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from backends.lab.kubernetes.protobuf import MalformedMessage, decode
from backends.lab.kubernetes.protobuf.wire import field, read_fields, signed
from tests.lab.kubectl.recorded import json_lines

RECORDED = json_lines("protobuf-1.20.2.jsonl")


def without_nulls(value: Any) -> Any:
    """JSON of the real server writes unset times as null; a decoded body leaves them out."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("sample", [pytest.param(each, id=each["path"]) for each in RECORDED])
def test_a_real_body_decodes_to_the_json_of_the_same_object(sample: dict[str, Any]) -> None:
    assert decode(base64.b64decode(sample["protobuf"])) == without_nulls(sample["json"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "does not begin as Kubernetes' protobuf does"),
        (b"k8s\x00", "no protobuf form of , Kind="),
        (b"k8s\x00\x0a\x7f", "field 1 is cut off"),
        (b"k8s\x00\x0b", "unknown wire type 3"),
        (b"k8s\x00\xff", "a number is cut off"),
    ],
)
def test_nonsense_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        decode(body)


def test_fields_of_newer_clients_are_dropped() -> None:
    kind = field(1, "v1") + field(2, "ConfigMap")
    raw = field(1, field(1, "settings")) + field(2, field(1, "a") + field(2, "b")) + field(900, "from the future")
    body = b"k8s\x00" + field(1, kind) + field(2, raw)
    expected = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
    assert decode(body) == expected


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31 - 1, -1, -(2**31), 2**63 - 1])
def test_integers_survive_the_wire(number: int) -> None:
    ((found, value),) = read_fields(field(5, number))
    assert found == 5
    assert isinstance(value, int)
    assert signed(value) == number
