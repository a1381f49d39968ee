from __future__ import annotations

import asyncio

from backends.streams import Cell, Feed


async def test_a_follower_gets_the_current_value_first_and_then_only_the_newest() -> None:
    cell = Cell(1)
    follower = cell.follow()
    assert await anext(follower) == 1
    cell.set(2)
    cell.set(3)
    assert await anext(follower) == 3


async def test_an_equal_value_wakes_nobody() -> None:
    cell = Cell("a")
    waiting = asyncio.ensure_future(cell.changed(cell.version))
    await asyncio.sleep(0)
    cell.set("a")
    await asyncio.sleep(0)
    assert not waiting.done()
    cell.set("b")
    assert await waiting == cell.version == 1


async def test_a_value_set_while_the_reader_works_is_not_missed() -> None:
    cell = Cell(0)
    seen = []

    async def read() -> None:
        async for value in cell.follow():
            seen.append(value)
            if value == 0:
                cell.set(1)
            else:
                return

    await asyncio.wait_for(read(), 1)
    assert seen == [0, 1]


async def test_every_follower_is_woken() -> None:
    cell = Cell(0)
    waiting = [asyncio.ensure_future(cell.changed(0)) for _ in range(3)]
    await asyncio.sleep(0)
    cell.set(1)
    assert await asyncio.gather(*waiting) == [1, 1, 1]


async def test_a_feed_replays_what_it_keeps_and_says_what_was_lost() -> None:
    feed: Feed[int] = Feed(capacity=3)
    feed.extend(range(5))
    batch = feed.read()
    assert batch.items == (2, 3, 4)
    assert (batch.first, batch.lost, batch.next) == (2, 2, 5)


async def test_a_feed_read_from_its_end_is_empty() -> None:
    feed: Feed[int] = Feed(capacity=3)
    feed.append(1, 2)
    batch = feed.read(2)
    assert batch.items == () and batch.lost == 0 and batch.next == 2


async def test_a_feed_read_in_the_middle_starts_there() -> None:
    feed: Feed[int] = Feed(capacity=10)
    feed.extend(range(6))
    assert feed.read(4).items == (4, 5)


async def test_a_follower_reads_batches_and_waits_for_more() -> None:
    feed: Feed[str] = Feed(capacity=10)
    follower = feed.follow()
    first = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0)
    assert not first.done()
    feed.append("a", "b")
    assert (await first).items == ("a", "b")
    feed.append("c")
    assert (await anext(follower)).items == ("c",)


async def test_an_empty_extension_wakes_nobody() -> None:
    feed: Feed[str] = Feed(capacity=10)
    waiting = asyncio.ensure_future(anext(feed.follow()))
    await asyncio.sleep(0)
    feed.extend([])
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
