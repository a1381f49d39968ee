from __future__ import annotations

import pytest

from backends.model.drain import DrainOptions
from backends.operations.workload_works.autoscale import Limits
from screens.resources.change_words import (
    read_deletion,
    read_drain,
    read_images,
    read_limits,
    read_replicas,
    read_revision,
)


@pytest.mark.parametrize(("text", "found"), [("3", 3), (" 0 ", 0), ("10000", 10000)])
def test_replicas(text: str, found: int) -> None:
    assert read_replicas(text) == found


@pytest.mark.parametrize("text", ["", "-1", "3.5", "three", "10001", "٣"])
def test_what_is_no_number_of_replicas(text: str) -> None:
    with pytest.raises(ValueError, match="write a number"):
        read_replicas(text)


@pytest.mark.parametrize(("text", "found"), [("", 0), ("12", 12)])
def test_revisions(text: str, found: int) -> None:
    assert read_revision(text) == found
    with pytest.raises(ValueError, match="revision"):
        read_revision("last")


def test_images() -> None:
    assert read_images("web=r.io/web:v2 log=r.io/log@sha256:ab") == {"web": "r.io/web:v2", "log": "r.io/log@sha256:ab"}
    for text in ("", "web", "web=", "=image", "web=a log"):
        with pytest.raises(ValueError, match="container=image"):
            read_images(text)


def test_limits() -> None:
    assert read_limits("min=1 max=10 cpu=80") == read_limits("cpu=80%, max=10,min=1") == Limits(1, 10, 80)
    for text in ("", "min=1 max=10", "min=1 max=10 cpu=80 min=2", "min=1 max=ten cpu=80"):
        with pytest.raises(ValueError, match="write min=1"):
            read_limits(text)
    with pytest.raises(ValueError, match="less than"):
        read_limits("min=5 max=4 cpu=80")


def test_options_of_a_drain_in_our_words_and_in_kubectls() -> None:
    wanted = DrainOptions(force=True, delete_local_data=True, grace_s=30, timeout_s=1200.0)
    assert read_drain("force emptydir grace=30 timeout=20m") == wanted
    assert read_drain("--force --delete-emptydir-data --grace-period=30s --timeout=20m") == wanted
    assert read_drain("") == DrainOptions()
    assert read_drain("timeout=0").timeout_s == 0.0
    for text in ("all", "grace=soon", "grace", "timeout=20x", "--disable-eviction"):
        with pytest.raises(ValueError, match=r"not "):
            read_drain(text)


def test_ways_to_delete() -> None:
    assert read_deletion("") == ("Background", None)
    assert read_deletion("orphan grace=0") == ("Orphan", 0)
    for text in ("sideways", "grace=x"):
        with pytest.raises(ValueError, match=r"not "):
            read_deletion(text)
