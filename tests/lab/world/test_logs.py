"""Container logs: they grow, they end with the container, and the run before is kept."""

from __future__ import annotations

import asyncio

import pytest

from backends.lab.kubernetes.node_services import ContainerUnavailable, LogEntry
from backends.lab.world.logs import LINES_PER_SECOND
from tests.lab.world.conftest import Living, workload


def texts(entries: object) -> list[str]:
    assert isinstance(entries, list)
    return [each.text for each in entries]


async def test_log_grows_and_never_changes_what_was_read(lab: Living) -> None:
    name = lab.pods("ratings-web")[0]["metadata"]["name"]
    first = lab.world.log("default", name, "ratings-web")
    assert len(first) > 100  # the last quarter of an hour
    assert [each.at for each in first] == sorted(each.at for each in first)
    async with asyncio.timeout(10):
        while len(second := lab.world.log("default", name, "ratings-web")) < len(first) + 5:
            await lab.store.wait(lab.store.revision)
    assert list(second)[: len(first)] == list(first)


async def test_following_gives_each_line_once_and_ends_with_the_container(lab: Living) -> None:
    pod = lab.pods("ratings-api")[0]
    name = pod["metadata"]["name"]
    seen: list[LogEntry] = list(lab.world.log("default", name, "ratings-api"))
    stream = lab.world.follow_log("default", name, "ratings-api", len(seen))
    async with asyncio.timeout(15):
        count = 0
        async for batch in stream:
            seen.extend(batch)
            count += 1
            if count == 2:
                expected = list(lab.world.log("default", name, "ratings-api"))
                assert seen == expected[: len(seen)]
                lab.world.kubelet.crash(pod)
    assert count >= 2


async def test_previous_run_is_kept_with_its_last_words(lab: Living) -> None:
    pod = lab.pods("ratings-api")[0]
    name = pod["metadata"]["name"]
    with pytest.raises(ContainerUnavailable, match="previous terminated container"):
        lab.world.log("default", name, "ratings-api", previous=True)
    lab.world.kubelet.crash(pod)
    await lab.until(
        lambda: lab.store.get("pods", "default", name)["status"]["containerStatuses"][0]["restartCount"] == 1,
        "restarted",
    )
    before = texts(lab.world.log("default", name, "ratings-api", previous=True))
    assert before[-1] == "npm ERR! errno 1"
    assert texts(lab.world.log("default", name, "ratings-api", previous=True)) == before
    assert texts(lab.world.log("default", name, "ratings-api"))[0].startswith("> ratings-api@")


async def test_asked_rate_is_kept(lab: Living) -> None:
    loud = workload("loud")
    loud["spec"]["template"]["metadata"]["annotations"] = {LINES_PER_SECOND: "100"}
    lab.store.create("deployments.apps", loud)
    await lab.until(lambda: len(lab.ready("loud")) == 1, "ready")
    name = lab.ready("loud")[0]["metadata"]["name"]
    async with asyncio.timeout(10):
        while len(found := lab.world.log("default", name, "loud")) < 3000:
            await asyncio.sleep(0)
    rate = len(found) / (found[-1].at - found[0].at)
    assert 80 < rate < 120


async def test_what_cannot_be_read_says_why(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", image="app:broken"))

    def pulls() -> bool:
        pods = [pod for pod in lab.pods("demo") if pod["status"].get("containerStatuses")]
        return bool(pods) and "BackOff" in str(pods[0]["status"]["containerStatuses"][0]["state"])

    await lab.until(pulls, "image missing")
    with pytest.raises(ContainerUnavailable, match="trying and failing to pull image") as caught:
        lab.world.log("default", lab.pods("demo")[0]["metadata"]["name"], "demo")
    assert caught.value.code == 400
    pod = lab.pods("ratings-mongodb")[0]
    lab.board.set("node-notready", pod["spec"]["nodeName"])
    with pytest.raises(ContainerUnavailable, match=r"10250/containerLogs/default/ratings-mongodb-0/mongodb.*no route"):
        lab.world.log("default", "ratings-mongodb-0", "mongodb")
