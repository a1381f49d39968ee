from __future__ import annotations

import asyncio
import random

import pytest

from backends.lab.clock import LabClock
from backends.lab.objects import NoSuchObject, Object, ObjectExists, ObjectStore, TooOld, VersionConflict


@pytest.fixture
def store() -> ObjectStore:
    return ObjectStore(LabClock(), random.Random(1), history=5)


def pod(name: str, namespace: str = "default", **spec: object) -> Object:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def test_a_created_object_gets_its_identity_and_the_next_revision(store: ObjectStore) -> None:
    made = store.create("pods", pod("a"))
    meta = made["metadata"]
    assert meta["resourceVersion"] == str(store.revision)
    assert meta["uid"] and meta["creationTimestamp"].endswith("Z")
    with pytest.raises(ObjectExists):
        store.create("pods", pod("a"))


def test_a_generated_name_keeps_its_prefix(store: ObjectStore) -> None:
    made = store.create("pods", {"metadata": {"generateName": "web-", "namespace": "default"}})
    assert made["metadata"]["name"].startswith("web-")
    assert len(made["metadata"]["name"]) == len("web-") + 5


def test_what_the_caller_holds_is_not_what_the_store_holds(store: ObjectStore) -> None:
    mine = pod("a", size=1)
    store.create("pods", mine)
    mine["spec"]["size"] = 2
    assert store.get("pods", "default", "a")["spec"] == {"size": 1}


def test_generation_grows_with_the_spec_only(store: ObjectStore) -> None:
    store.create("deployments.apps", pod("a", size=1))
    store.change("deployments.apps", "default", "a", lambda obj: obj.update(status={"phase": "Running"}))
    assert store.get("deployments.apps", "default", "a")["metadata"]["generation"] == 1
    store.change("deployments.apps", "default", "a", lambda obj: obj["spec"].update(size=2))
    assert store.get("deployments.apps", "default", "a")["metadata"]["generation"] == 2


def test_some_kinds_have_no_generation(store: ObjectStore) -> None:
    assert "generation" not in store.create("pods", pod("a", size=1))["metadata"]
    changed = store.change("pods", "default", "a", lambda obj: obj["spec"].update(size=2))
    assert "generation" not in changed["metadata"]


def test_the_same_content_again_writes_nothing(store: ObjectStore) -> None:
    store.create("pods", pod("a", size=1))
    before = store.revision
    store.change("pods", "default", "a", lambda obj: obj["spec"].update(size=1))
    assert store.revision == before


def test_a_writer_that_read_an_older_object_is_refused(store: ObjectStore) -> None:
    first = store.create("pods", pod("a", size=1))
    store.change("pods", "default", "a", lambda obj: obj["spec"].update(size=2))
    with pytest.raises(VersionConflict):
        store.replace("pods", pod("a", size=3), expect_revision=first["metadata"]["resourceVersion"])


def test_identity_cannot_be_rewritten(store: ObjectStore) -> None:
    uid = store.create("pods", pod("a"))["metadata"]["uid"]
    forged = pod("a", size=9)
    forged["metadata"]["uid"] = "mine"
    assert store.replace("pods", forged)["metadata"]["uid"] == uid


def test_listing_is_by_namespace_and_name(store: ObjectStore) -> None:
    for namespace, name in (("b", "1"), ("a", "2"), ("a", "1")):
        store.create("pods", pod(name, namespace))
    listed = [(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in store.listing("pods")]
    assert listed == [("a", "1"), ("a", "2"), ("b", "1")]
    assert [obj["metadata"]["name"] for obj in store.listing("pods", "a")] == ["1", "2"]


def test_history_tells_each_change_in_order(store: ObjectStore) -> None:
    start = store.revision
    store.create("pods", pod("a"))
    store.change("pods", "default", "a", lambda obj: obj.update(status={}))
    store.remove("pods", "default", "a")
    assert [(change.type, change.revision - start) for change in store.since(start)] == [
        ("ADDED", 1),
        ("MODIFIED", 2),
        ("DELETED", 3),
    ]
    last = store.since(start)[-1]
    assert last.namespace == "default" and last.object["metadata"]["resourceVersion"] == str(start + 3)
    assert store.since(store.revision) == []
    with pytest.raises(NoSuchObject):
        store.get("pods", "default", "a")


def test_forgotten_history_is_too_old(store: ObjectStore) -> None:
    start = store.revision
    for number in range(6):
        store.create("pods", pod(str(number)))
    with pytest.raises(TooOld):
        store.since(start)
    assert len(store.since(start + 1)) == 5
    store.compact()
    with pytest.raises(TooOld):
        store.since(start + 1)
    assert store.since(store.revision) == []


async def test_a_waiter_is_woken_by_the_next_change(store: ObjectStore) -> None:
    waiting = asyncio.ensure_future(store.wait(store.revision))
    await asyncio.sleep(0)
    assert not waiting.done()
    store.create("pods", pod("a"))
    await asyncio.wait_for(waiting, 1)


def test_names_follow_from_the_seed() -> None:
    def names() -> list[str]:
        store = ObjectStore(LabClock(), random.Random(7))
        return [store.create("pods", {"metadata": {"generateName": "x-"}})["metadata"]["name"] for _ in range(3)]

    assert names() == names()
