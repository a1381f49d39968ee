from __future__ import annotations

from backends.model.table import Column, Row, RowStore


def row(uid: str, *cells: str) -> Row:
    return Row(uid=uid, stamp="orlando", namespace="default", name=uid, cells=cells)


def test_the_first_drain_holds_everything_there_is() -> None:
    store = RowStore()
    store.set_columns((Column("Name"),))
    store.put(row("a", "1"))
    reader = store.follow()
    batch = reader.drain()
    assert list(batch.rows) == ["a"]
    assert batch.columns_changed
    assert not reader.drain()


def test_many_changes_of_one_row_are_read_once_with_the_newest_value() -> None:
    store = RowStore()
    reader = store.follow()
    reader.drain()
    for number in range(10):
        newest = row("a", str(number))
        store.put(newest)
    assert reader.drain().rows == {"a": newest}


def test_rows_that_come_together_are_as_rows_that_come_alone() -> None:
    alone, together = RowStore(), RowStore()
    readers = [store.follow() for store in (alone, together)]
    for store in (alone, together):
        store.put(row("a", "old"))
        store.put(row("b"))
        store.remove("b")
    rows = [row("a", "new"), row("b"), row("c")]
    for each in rows:
        alone.put(each)
    together.put_all(rows)
    assert together.rows == alone.rows
    assert together.changes_seen == alone.changes_seen
    assert readers[0].drain() == readers[1].drain()


def test_a_removed_row_is_told_as_none() -> None:
    store = RowStore()
    store.put(row("a"))
    reader = store.follow()
    reader.drain()
    store.remove("a")
    store.remove("never there")
    assert reader.drain().rows == {"a": None}
    assert store.rows == {}


def test_a_relist_removes_only_what_is_gone() -> None:
    store = RowStore()
    for uid in "abc":
        store.put(row(uid))
    reader = store.follow()
    reader.drain()
    store.keep_only(["b"])
    assert reader.drain().rows == {"a": None, "c": None}
    assert list(store.rows) == ["b"]


def test_readers_are_independent_and_a_closed_one_hears_nothing() -> None:
    store = RowStore()
    fast, slow = store.follow(), store.follow()
    fast.drain()
    store.put(row("a"))
    assert "a" in fast.drain().rows
    assert "a" in slow.drain().rows
    slow.close()
    slow.close()
    store.put(row("b"))
    assert not slow.drain()


def test_the_same_columns_again_change_nothing() -> None:
    store = RowStore()
    store.set_columns((Column("Name"),))
    reader = store.follow()
    reader.drain()
    store.set_columns((Column("Name"),))
    assert not reader.drain()
    store.set_columns((Column("Name"), Column("Age")))
    assert reader.drain().columns_changed
